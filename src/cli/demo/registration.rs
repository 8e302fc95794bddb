//! Registers the demonstration's people, publishers and programs, by the same flows that an
//! operator's commands use. A later start finds them in `demo.json`; at other addresses it moves the
//! programs there, so that nobody is asked again.

use std::collections::HashMap;

use demo::{
    DemoAddresses, DemoClient, DemoClients, DemoManifest, host_metadata, manifests, people,
};
use flow::administer::Refusal;
use flow::administer::clients::Allowed;
use flow::administer::clients::Registered;
use flow::administer::users::NewUser;
use foundation::secret::SecretText;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::folder::Folder;
use crate::cli::context::Context;
use crate::cli::output::Problem;

/// What `demo.json` holds.
#[derive(Clone, Serialize)]
pub(super) struct KnownClients {
    issuer: String,
    addresses: DemoAddresses,
    people: Vec<DemoPerson>,
    pub(super) clients: DemoClients,
    /// The programs that `demo.json` named and the database did not have as they should be.
    #[serde(skip)]
    pub(super) anew: Vec<&'static str>,
}

/// What an earlier start wrote, also one of another release.
#[derive(Deserialize)]
struct Before {
    clients: HashMap<String, DemoClient>,
}

#[derive(Clone, Serialize)]
struct DemoPerson {
    username: String,
    password: String,
}

/// A registration that the demonstration needs.
struct Wanted {
    /// Its member of `demo.json`'s `clients`.
    slug: &'static str,
    /// The publisher's name; Nova has none.
    publisher: Option<&'static str>,
    registration: Value,
}

/// What is registered already, moved to these addresses if it was at others, or is now.
pub(super) fn register(
    context: &Context,
    folder: &Folder,
    at: &DemoAddresses,
    port: u16,
    one_site: bool,
) -> Result<KnownClients, Problem> {
    let described = folder.description();
    let before: Option<Before> = described
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    add_people(context)?;
    let (mut clients, mut anew) = (Vec::new(), Vec::new());
    for wanted in all_wanted(port, one_site) {
        let known = before.as_ref().map(|b| b.clients.get(wanted.slug));
        let client = match known {
            Some(Some(client)) if is_moved_here(context, client, &wanted)? => client.clone(),
            // An older release had no such program, and before the first start nobody could know any.
            Some(None) => add_client(context, &wanted)?,
            None if described.is_none() => add_client(context, &wanted)?,
            Some(Some(_)) | None => {
                anew.push(wanted.slug);
                add_client(context, &wanted)?
            }
        };
        clients.push((wanted.slug, client));
    }
    let known = KnownClients {
        issuer: at.portico.clone(),
        addresses: at.clone(),
        people: people()
            .into_iter()
            .map(|p| DemoPerson {
                username: p.username.to_owned(),
                password: p.password.to_owned(),
            })
            .collect(),
        clients: together(&clients)?,
        anew,
    };
    let text = serde_json::to_string_pretty(&known)
        .map_err(|e| Problem::said(format!("demo.json: {e}")))?;
    folder.describe(&text)?;
    Ok(known)
}

fn all_wanted(port: u16, one_site: bool) -> Vec<Wanted> {
    let nova = Wanted {
        slug: "nova",
        publisher: None,
        registration: host_metadata(port),
    };
    let program = |program: DemoManifest| Wanted {
        slug: program.slug,
        publisher: Some(program.publisher),
        registration: program.manifest,
    };
    let programs = manifests(port, one_site).into_iter().map(program);
    std::iter::once(nova).chain(programs).collect()
}

fn together(clients: &[(&str, DemoClient)]) -> Result<DemoClients, Problem> {
    let of = |slug: &str| {
        let found = clients.iter().find(|(known, _)| *known == slug);
        found
            .map(|(_, client)| client.clone())
            .ok_or_else(|| Problem::said(format!("the demonstration has no program {slug:?}")))
    };
    Ok(DemoClients {
        nova: of("nova")?,
        market: of("market")?,
        taxi: of("taxi")?,
        bank: of("bank")?,
        lido: of("lido")?,
    })
}

/// Whether a client that `demo.json` names is there and, from now on, at the wanted addresses. One
/// that another release registered otherwise is forgotten.
fn is_moved_here(context: &Context, known: &DemoClient, wanted: &Wanted) -> Result<bool, Problem> {
    let id = known.client_id.as_str();
    let registered = match context.act(context.administration().show_client(id)) {
        Ok(client) => client,
        Err(Problem::Refused(_)) => return Ok(false),
        Err(problem) => return Err(problem),
    };
    let publisher = registered.publisher.map(|p| p.id.to_string());
    let there = of_publisher(&wanted.registration, publisher);
    match context.act(context.administration().move_client(id, &there)) {
        Ok(_) => Ok(true),
        Err(Problem::Refused(_)) => context
            .act(context.administration().delete_client(id))
            .map(|_| false),
        Err(problem) => Err(problem),
    }
}

fn of_publisher(registration: &Value, publisher: Option<String>) -> Value {
    let mut registration = registration.clone();
    if let (Some(members), Some(id)) = (registration.as_object_mut(), publisher) {
        members.insert("publisher".into(), json!(id));
    }
    registration
}

/// Adds the people who are not there yet.
fn add_people(context: &Context) -> Result<(), Problem> {
    for person in people() {
        let new = NewUser {
            username: person.username.to_owned(),
            password: SecretText::new(person.password),
            email: None,
            phone: None,
            name: None,
            verified: false,
            profile: Some(person.profile),
        };
        match context.act(context.administration().add_user(new)) {
            Ok(_) | Err(Problem::Refused(Refusal::Taken { .. })) => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

/// The demonstration's own names are right, also when it registers one anew.
const ON_PURPOSE: Allowed = Allowed {
    again: true,
    lookalike: true,
};

fn add_client(context: &Context, wanted: &Wanted) -> Result<DemoClient, Problem> {
    let Some(name) = wanted.publisher else {
        let added = context.act(context.administration().add_client(&wanted.registration))?;
        return Ok(credentials(added));
    };
    let publisher = context
        .act(context.administration().add_publisher(name, true))?
        .id
        .to_string();
    context.act(context.administration().verify_publisher(&publisher, true))?;
    let manifest = of_publisher(&wanted.registration, Some(publisher));
    let acts = context.administration();
    let added = context.act(acts.add_mini_program(&manifest, ON_PURPOSE))?;
    Ok(credentials(added))
}

fn credentials(registered: Registered) -> DemoClient {
    let client_id = registered.client.id.to_string();
    DemoClient {
        client_id,
        client_secret: registered.secret,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use demo::addresses;

    use super::*;
    use crate::config::Config;

    /// A demonstration's folder and database, started as often as a test likes.
    struct Started {
        parent: tempfile::TempDir,
    }

    impl Started {
        fn context(&self) -> Context {
            let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
            let config = Config::for_testing(&self.parent.path().join("data"), listen);
            let operator = crate::cli::operator::operator(Some("test"), "demo".into());
            Context::with(&config.expect("settings"), operator.expect("a name")).expect("it opens")
        }

        fn at(&self, port: u16, one_site: bool) -> KnownClients {
            let folder = Folder::below(self.parent.path()).expect("ours");
            let at = addresses(port, one_site);
            register(&self.context(), &folder, &at, port, one_site).expect("registered")
        }

        fn redirect_uri(&self, client: &DemoClient) -> String {
            let context = self.context();
            let found = context.act(context.administration().show_client(&client.client_id));
            found.expect("there").metadata.redirect_uris[0].to_string()
        }
    }

    fn ids(known: &KnownClients) -> [&str; 5] {
        let clients = &known.clients;
        [
            &clients.nova,
            &clients.market,
            &clients.taxi,
            &clients.bank,
            &clients.lido,
        ]
        .map(|client| client.client_id.as_str())
    }

    fn started() -> Started {
        Started {
            parent: tempfile::tempdir().expect("a folder"),
        }
    }

    #[test]
    fn at_other_addresses_they_are_the_same_programs() {
        let demonstration = started();
        let first = demonstration.at(8080, false);
        for (port, one_site, nova, market) in [
            (
                8080,
                false,
                "app.superapp.localhost:8080",
                "market.localhost:8080",
            ),
            (
                8081,
                false,
                "app.superapp.localhost:8081",
                "market.localhost:8081",
            ),
            (
                8081,
                true,
                "app.superapp.localhost:8081",
                "market.superapp.localhost:8081",
            ),
        ] {
            let again = demonstration.at(port, one_site);
            assert_eq!(
                (ids(&again), &again.anew),
                (ids(&first), &vec![]),
                "{port} {one_site}"
            );
            for (client, host) in [(&again.clients.nova, nova), (&again.clients.market, market)] {
                let expected = format!("http://{host}/callback");
                assert_eq!(demonstration.redirect_uri(client), expected);
            }
        }
    }

    #[test]
    fn a_program_that_an_older_release_had_not_is_added_beside_the_others() {
        let demonstration = started();
        let first = demonstration.at(8080, false);
        let folder = Folder::below(demonstration.parent.path()).expect("ours");
        let text = folder.description().expect("written");
        let mut older: Value = serde_json::from_str(&text).expect("JSON");
        for part in ["clients", "addresses"] {
            older[part]
                .as_object_mut()
                .expect("an object")
                .remove("lido");
        }
        let context = demonstration.context();
        let lido = &first.clients.lido.client_id;
        context
            .act(context.administration().delete_client(lido))
            .expect("there");
        folder.describe(&older.to_string()).expect("written");
        drop(folder);
        let again = demonstration.at(8080, false);
        assert!(again.anew.is_empty(), "nobody could have known it");
        assert_eq!(ids(&again)[..4], ids(&first)[..4]);
    }

    #[test]
    fn a_program_that_is_gone_is_registered_anew_and_that_is_known() {
        let demonstration = started();
        let first = demonstration.at(8080, false);
        assert!(first.anew.is_empty(), "nobody could have known it");
        let context = demonstration.context();
        let market = &first.clients.market.client_id;
        context
            .act(context.administration().delete_client(market))
            .expect("there");
        let again = demonstration.at(8081, false);
        assert_eq!(again.anew, ["market"]);
        assert_ne!(again.clients.market.client_id, *market);
        assert_eq!(again.clients.taxi.client_id, first.clients.taxi.client_id);
    }

    #[test]
    fn a_program_of_another_release_is_registered_anew_in_its_place() {
        let demonstration = started();
        let first = demonstration.at(8080, false);
        let context = demonstration.context();
        let mut wanted = all_wanted(8081, false).swap_remove(1);
        wanted.registration["client_name"] = json!("Marketplace");
        let client = &first.clients.market;
        assert!(!is_moved_here(&context, client, &wanted).expect("possible"));
        let gone = context.act(context.administration().show_client(&client.client_id));
        assert!(matches!(
            gone,
            Err(Problem::Refused(Refusal::NotFound { .. }))
        ));
    }
}
