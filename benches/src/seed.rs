//! Fills a database with a population, through the store's own functions: rows are what Portico
//! would have written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::authentication::Authentication;
use domain::client::{Client, ClientSecret};
use domain::event::Event;
use domain::grant::{Grant, GrantedScopes};
use domain::mini_program::MiniProgramState;
use domain::participant::Participant;
use domain::publisher::Publisher;
use domain::session::{EndReason, Session};
use domain::subject::Sector;
use domain::user::User;
use foundation::clock::{Clock, Instant, Span, SystemClock};
use foundation::database_url::DatabaseUrl;
use foundation::fault::Fault;
use foundation::id::PublisherId;
use protocol::client_metadata::{ClientMetadata, parse_manifest, parse_metadata};
use protocol::scope::ScopeSet;
use serde_json::{Value, json};
use store::{Store, StoreSettings, Transaction};

use crate::Outcome;
use crate::host::Host;
use crate::population::{self, Population, SCOPES};

/// The one publisher of all programs.
const PUBLISHER: &str = "publisher";
/// Things written in one transaction.
const BATCH: u64 = 2_000;

/// Fills the database, whose schema is there and which is empty otherwise.
pub(crate) fn fill(url: &str, population: Population) -> Outcome<()> {
    let store = open(url, 1)?;
    let now = SystemClock.now();
    let publisher = publisher(now)?;
    let owner = publisher.clone();
    store.write_blocking(move |tx| store::publishers::insert(tx, &owner))?;
    in_batches(&store, population.people, move |tx, number| {
        add_person(tx, number, now)
    })?;
    let metadata = metadata_of_all(population.programs)?;
    in_batches(&store, population.programs, move |tx, number| {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let metadata = metadata.get(index).cloned();
        let metadata = metadata.ok_or_else(|| Fault::broken("the number of a program"))?;
        add_client(tx, number, metadata, Some(publisher.clone()), now)
    })?;
    let scopes = allowed(now)?;
    in_batches(&store, population.grants(), move |tx, number| {
        add_grant(tx, population, number, &scopes, now)
    })
}

/// Adds the super app itself, which asks nobody for consent.
pub(crate) fn add_host(url: &str, host: Host) -> Outcome<()> {
    let (store, now) = (open(url, 1)?, SystemClock.now());
    let metadata = parse_metadata(&json!({
        "client_name": "The super app",
        "portico:host": true,
        "redirect_uris": [population::program(host.0).redirect_uri],
        "grant_types": ["authorization_code", "refresh_token", Host::TOKEN_EXCHANGE],
        "token_endpoint_auth_method": "client_secret_basic",
        "id_token_signed_response_alg": "ES256",
        "scope": Host::SCOPES,
    }))?;
    store.write_blocking(move |tx| add_client(tx, host.0, metadata, None, now))?;
    Ok(())
}

/// Lets people have been to all programs that they allowed something.
pub(crate) fn take_part(url: &str, population: Population, people: u64) -> Outcome<()> {
    let (store, now) = (open(url, 1)?, SystemClock.now());
    let visits = people * population::PROGRAMS_OF_A_PERSON;
    in_batches(&store, visits, move |tx, number| {
        let participant = participant(population.parties(number), number, now);
        store::participants::note(tx, &participant, "").map(drop)
    })
}

/// Suspends a program as `portico mini-program suspend` does.
pub(crate) fn suspend(store: &Store, program: u64) -> Outcome<()> {
    let (client_id, now) = (population::program(program).client_id, SystemClock.now());
    store.write_blocking(move |tx| {
        store::clients::set_state(tx, &client_id, MiniProgramState::Suspended, now)?;
        tx.append(Event::ClientTokensRevoked {
            client_id: client_id.clone(),
            reason: EndReason::Suspended,
        });
        tx.append(Event::ClientChanged { client_id });
        Ok(())
    })?;
    Ok(())
}

/// Adds a program for each of these addresses, which is told there when a session is over; everybody has
/// been to each of them.
pub(crate) fn hear(url: &str, population: Population, uris: &[String]) -> Outcome<()> {
    let store = open(url, 1)?;
    let now = SystemClock.now();
    let first = population.programs;
    let publisher = publisher(now)?;
    for (number, uri) in (first..).zip(uris) {
        let mut manifest = manifest(number);
        manifest["backchannel_logout_uri"] = json!(uri);
        let (metadata, owner) = (parse_manifest(&manifest)?, Some(publisher.clone()));
        store.write_blocking(move |tx| add_client(tx, number, metadata, owner, now))?;
    }
    let programs = uris.len() as u64;
    in_batches(&store, population.people * programs, move |tx, number| {
        let parties = (number / programs, first + number % programs);
        let participant = participant(parties, number, now);
        store::participants::note(tx, &participant, "").map(drop)
    })
}

/// A person was at a program, by their numbers.
fn participant((person, program): (u64, u64), number: u64, now: Instant) -> Participant {
    Participant {
        session_id: population::person(person).session_id,
        client_id: population::program(program).client_id,
        // As long as a derived one.
        sid: format!("{number:043}"),
        first_at: now,
        last_at: now,
        over_at: None,
    }
}

fn publisher(now: Instant) -> Outcome<Publisher> {
    Ok(Publisher {
        id: PublisherId::parse(PUBLISHER)?,
        name: "The publisher".to_owned(),
        verified_at: Some(now),
        created_at: now,
    })
}

/// A store with Portico's own settings.
pub(crate) fn open(url: &str, readers: u32) -> Outcome<Store> {
    let settings = StoreSettings {
        readers,
        timeout: Duration::from_secs(1),
        ..StoreSettings::new(DatabaseUrl::parse(url)?)
    };
    Ok(Store::open(settings, Arc::new(SystemClock))?)
}

/// Calls `add` with every number below `count`, many in one transaction.
fn in_batches<F>(store: &Store, count: u64, add: F) -> Outcome<()>
where
    F: Fn(&mut Transaction<'_>, u64) -> Result<(), Fault> + Send + Sync + 'static,
{
    let add = Arc::new(add);
    let mut from = 0;
    while from < count {
        let (to, add) = ((from + BATCH).min(count), Arc::clone(&add));
        store.write_blocking(move |tx| (from..to).try_for_each(|number| add(tx, number)))?;
        from = to;
    }
    Ok(())
}

fn add_person(tx: &mut Transaction<'_>, number: u64, now: Instant) -> Result<(), Fault> {
    let person = population::person(number);
    let user = User {
        id: person.user_id,
        username: person.username,
        password_hash: None,
        language: None,
        disabled_at: None,
        created_at: now,
    };
    store::users::insert(tx, &user)?;
    let session = Session {
        id: person.session_id,
        user_id: person.user_id,
        authentication: Authentication::by_password(now),
        created_at: now,
        last_seen_at: now.floor_to_minute(),
        expires_at: now + Span::days(7),
        user_agent: "portico-bench".to_owned(),
        ended: None,
    };
    store::sessions::insert(tx, &session, person.cookie_digest).map(|_| ())
}

fn add_client(
    tx: &mut Transaction<'_>,
    number: u64,
    metadata: ClientMetadata,
    publisher: Option<Publisher>,
    now: Instant,
) -> Result<(), Fault> {
    let program = population::program(number);
    let secret = ClientSecret {
        id: program.credential_id,
        digest: program.secret_digest,
        created_at: now,
    };
    let client = Client {
        id: program.client_id,
        metadata,
        state: MiniProgramState::Released,
        publisher,
        secrets: vec![secret],
        created_at: now,
        updated_at: now,
    };
    store::clients::insert(tx, &client)
}

fn add_grant(
    tx: &mut Transaction<'_>,
    population: Population,
    number: u64,
    scopes: &GrantedScopes,
    now: Instant,
) -> Result<(), Fault> {
    let (person, program) = population.parties(number);
    let user_id = population::person(person).user_id;
    let client_id = population::program(program).client_id;
    let (id, subject) = population::grant(number);
    let sector = Sector::Client(client_id.clone()).key();
    store::subjects::put(tx, user_id, &sector, &subject)?;
    let grant = Grant {
        id,
        user_id,
        client_id,
        scopes: scopes.clone(),
        created_at: now,
        updated_at: now,
        last_used_at: now.floor_to_minute(),
        ended_at: None,
    };
    store::grants::insert(tx, &grant).map(drop)
}

fn metadata_of_all(programs: u64) -> Outcome<Vec<ClientMetadata>> {
    (0..programs).map(metadata).collect()
}

fn metadata(number: u64) -> Outcome<ClientMetadata> {
    Ok(parse_manifest(&manifest(number))?)
}

/// What a mini-program of a small shop would register.
fn manifest(number: u64) -> Value {
    let program = population::program(number);
    json!({
        "client_name": format!("Program {number}"),
        "publisher": PUBLISHER,
        "origins": [program.origin],
        "entry_uri": format!("{}/", program.origin),
        "redirect_uris": [program.redirect_uri],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
        "id_token_signed_response_alg": "ES256",
        "scope": SCOPES,
        "scope_purposes": {},
        "launch_types": ["code", "token"],
        "state": "released",
    })
}

fn allowed(now: Instant) -> Outcome<GrantedScopes> {
    let client = Client {
        id: population::program(0).client_id,
        metadata: metadata(0)?,
        state: MiniProgramState::Released,
        publisher: None,
        secrets: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let mut scopes = GrantedScopes(BTreeMap::new());
    for name in ScopeSet::parse(SCOPES)?.iter() {
        scopes.allow(name.clone(), client.purpose_version(name), now);
    }
    Ok(scopes)
}
