//! Publishers, clients and their secrets.

use domain::client::{Client, ClientSecret};
use domain::mini_program::MiniProgramState;
use domain::publisher::Publisher;
use foundation::clock::Span;
use foundation::id::{ClientId, CredentialId, PublisherId};
use protocol::client_metadata::parse_metadata;
use serde_json::json;
use store::Store;
use store::clients::{ClientFilter, NamedClient};
use store::publishers::PublisherFilter;

use super::super::database::Database;
use super::super::fixture::{self, Household, NOW, digest, entropy, read, write};

fn add(store: &Store, client: &Client) {
    let client = client.clone();
    write(store, move |tx| store::clients::insert(tx, &client));
}

fn publisher() -> Publisher {
    Publisher {
        id: PublisherId::random(&entropy()),
        name: "Shops & Sons".to_owned(),
        verified_at: None,
        created_at: NOW,
    }
}

fn everyone() -> ClientFilter {
    ClientFilter::default()
}

fn named(name: &str) -> Client {
    Client {
        metadata: fixture::metadata(name),
        ..fixture::client()
    }
}

on_both_databases! {
    fn a_client_is_read_whole(database: &Database) {
        let store = database.open();
        let publisher = publisher();
        let row = publisher.clone();
        write(&store, move |tx| store::publishers::insert(tx, &row));
        let client = Client {
            publisher: Some(publisher.clone()),
            ..fixture::client()
        };
        let other = fixture::client();
        add(&store, &client);
        add(&store, &other);
        let find = |id: &ClientId| read(&store, |db| store::clients::find(db, id));
        assert_eq!(find(&client.id), Some(client.clone()));
        assert_eq!(find(&other.id), Some(other.clone()));
        assert_eq!(find(&ClientId::random(&entropy())), None);

        let ids = [
            other.id.clone(),
            client.id.clone(),
            ClientId::random(&entropy()),
        ];
        let mut many = read(&store, |db| store::clients::find_many(db, &ids));
        let mut all = read(&store, |db| store::clients::list(db, &everyone(), 10));
        many.sort_by(|a, b| a.id.cmp(&b.id));
        all.sort_by(|a, b| a.id.cmp(&b.id));
        assert_eq!(many, all);
        assert_eq!(all.len(), 2);
        assert_eq!(read(&store, |db| store::clients::find_many(db, &[])), []);
        let of = read(&store, |db| store::clients::of_publisher(db, &publisher.id));
        assert_eq!(of, [client.id]);
    }

    fn a_list_goes_page_by_page(database: &Database) {
        let store = database.open();
        let names = ["taxi", "Bank", "Ärzte", "bank", "BANK", "Market"];
        for name in names {
            add(&store, &named(name));
        }
        let (mut seen, mut filter) = (Vec::new(), everyone());
        loop {
            let page = read(&store, |db| store::clients::list(db, &filter, 2));
            let Some(last) = page.last() else { break };
            filter.after = Some(last.id.clone());
            seen.extend(page.into_iter().map(|client| client.name().to_lowercase()));
        }
        assert_eq!(seen.len(), names.len(), "nobody twice, nobody left out: {seen:?}");
        let ascii: Vec<&str> = seen.iter().map(String::as_str).filter(|n| n.is_ascii()).collect();
        assert_eq!(ascii, ["bank", "bank", "bank", "market", "taxi"]);
        filter.after = Some(ClientId::random(&entropy()));
        assert_eq!(read(&store, |db| store::clients::list(db, &filter, 2)), []);
    }

    fn clients_are_found_by_a_part_of_their_name(database: &Database) {
        let store = database.open();
        let publisher = publisher();
        let row = publisher.clone();
        write(&store, move |tx| store::publishers::insert(tx, &row));
        add(&store, &named("100% Äpfel_"));
        add(&store, &named("100 Apples"));
        let program = Client { publisher: Some(publisher.clone()), ..named("Äpfel Market") };
        add(&store, &program);
        let found = |filter: ClientFilter| {
            let found = read(&store, |db| store::clients::list(db, &filter, 10));
            found.iter().map(|client| client.name().to_owned()).collect::<Vec<_>>()
        };
        let search = |text: &str| ClientFilter { search: Some(text.to_owned()), ..everyone() };
        assert_eq!(found(search("100%")), ["100% Äpfel_"]);
        assert_eq!(found(search("äPFEL")), ["100% Äpfel_", "Äpfel Market"]);
        assert_eq!(found(search("_")), ["100% Äpfel_"]);
        assert_eq!(found(ClientFilter { mini_programs: true, ..everyone() }), ["Äpfel Market"]);
        let of = ClientFilter { publisher: Some(publisher.id.clone()), ..everyone() };
        assert_eq!(found(of), ["Äpfel Market"]);

        let id = program.id.clone();
        let other = fixture::metadata("Birnen");
        write(&store, move |tx| store::clients::update_metadata(tx, &id, &other, NOW));
        assert_eq!(found(search("birnen")), ["Birnen"]);
        let mut names = read(&store, |db| store::clients::names(db, None, 10));
        names.retain(|named| named.publisher.is_some());
        assert_eq!(
            names,
            [NamedClient { id: program.id.clone(), publisher: Some(publisher.id.clone()), name: "Birnen".into() }]
        );
        let after = names.pop().map(|named| named.id);
        let left = read(&store, |db| store::clients::names(db, after.as_ref(), 10));
        assert!(left.iter().all(|named| named.id > program.id), "{left:?}");
    }

    fn publishers_are_listed_and_renamed(database: &Database) {
        let store = database.open();
        for name in ["Zoo", "Shops & Sons", "alpha"] {
            let row = Publisher { name: name.to_owned(), ..publisher() };
            write(&store, move |tx| store::publishers::insert(tx, &row));
        }
        let list = |filter: &PublisherFilter, limit| {
            read(&store, |db| store::publishers::list(db, filter, limit))
        };
        let all = list(&PublisherFilter::default(), 10);
        let names: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["alpha", "Shops & Sons", "Zoo"]);
        let after = PublisherFilter { after: Some(all[0].id.clone()), search: None };
        assert_eq!(list(&after, 1), [all[1].clone()]);
        let id = all[1].id.clone();
        assert!(write(&store, move |tx| store::publishers::set_name(tx, &id, "Corner Shop")));
        let search = PublisherFilter { search: Some("SHOP".into()), after: None };
        let found = list(&search, 10);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "Corner Shop");
    }

    fn publishers_are_verified_and_clients_tell(database: &Database) {
        let store = database.open();
        let publisher = publisher();
        let row = publisher.clone();
        write(&store, move |tx| store::publishers::insert(tx, &row));
        let client = Client {
            publisher: Some(publisher.clone()),
            ..fixture::client()
        };
        add(&store, &client);
        let id = publisher.id.clone();
        assert!(write(&store, move |tx| store::publishers::set_verified(
            tx,
            &id,
            Some(NOW)
        )));
        let verified = Publisher {
            verified_at: Some(NOW),
            ..publisher
        };
        let found = read(&store, |db| store::clients::find(db, &client.id)).expect("it is there");
        assert_eq!(found.publisher, Some(verified.clone()));
        assert_eq!(
            read(&store, |db| store::publishers::find(db, &verified.id)),
            Some(verified.clone())
        );
        let all = PublisherFilter::default();
        assert_eq!(
            read(&store, |db| store::publishers::list(db, &all, 10)),
            [verified]
        );
    }

    fn secrets_come_and_go(database: &Database) {
        let store = database.open();
        let client = fixture::client();
        add(&store, &client);
        let second = ClientSecret {
            id: CredentialId::new(NOW, &entropy()),
            digest: digest(),
            created_at: NOW + Span::days(1),
        };
        let (id, row) = (client.id.clone(), second.clone());
        write(&store, move |tx| {
            store::client_secrets::insert(tx, &id, &row)
        });
        let secrets = || {
            let found = read(&store, |db| store::clients::find(db, &client.id));
            found.expect("it is there").secrets
        };
        assert_eq!(secrets(), [client.secrets[0].clone(), second.clone()]);
        let retire = |client: &ClientId, secret| {
            let client = client.clone();
            write(&store, move |tx| {
                store::client_secrets::retire(tx, &client, secret, NOW)
            })
        };
        let old = client.secrets[0].id;
        assert!(
            !retire(&ClientId::random(&entropy()), old),
            "another client's"
        );
        assert!(retire(&client.id, old) && !retire(&client.id, old), "once");
        assert_eq!(secrets(), [second]);
    }

    fn a_registration_changes(database: &Database) {
        let store = database.open();
        let client = fixture::client();
        add(&store, &client);
        let (id, later) = (client.id.clone(), NOW + Span::days(1));
        let changed = write(&store, move |tx| {
            let updated =
                store::clients::update_metadata(tx, &id, &fixture::metadata("New"), later)?;
            let moved = store::clients::set_state(tx, &id, MiniProgramState::Suspended, later)?;
            Ok(updated && moved)
        });
        assert!(changed);
        let found = read(&store, |db| store::clients::find(db, &client.id)).expect("it is there");
        assert_eq!(
            (found.name(), found.is_suspended(), found.updated_at),
            ("New", true, later)
        );
        let nobody = ClientId::random(&entropy());
        let moved = write(&store, move |tx| {
            store::clients::set_state(tx, &nobody, MiniProgramState::Released, later)
        });
        assert!(!moved);
    }

    fn hosts_are_known_by_their_origins(database: &Database) {
        let store = database.open();
        let host = |uri: &str, state| Client {
            metadata: parse_metadata(&json!({
                "redirect_uris": [uri, "org.nova.app:/back"],
                "portico:host": true,
                "application_type": "native",
            }))
            .expect("metadata"),
            state,
            ..fixture::client()
        };
        let nova = host("https://app.nova.example/cb", MiniProgramState::Released);
        add(&store, &nova);
        add(
            &store,
            &host("https://old.nova.example/cb", MiniProgramState::Suspended),
        );
        add(&store, &fixture::client());
        let hosts = read(&store, store::clients::hosts);
        assert_eq!(hosts.len(), 2);
        assert!(hosts.contains(&nova));
        let origins = read(&store, store::clients::host_origins);
        assert_eq!(origins, ["https://app.nova.example"]);
    }

    fn a_client_goes_with_what_hangs_on_it_but_proofs_stay(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let receipt = fixture::receipt(&home);
        let (token, row) = (fixture::refresh_token(&home.family), receipt.clone());
        write(&store, {
            let token = token.clone();
            move |tx| {
                store::refresh_tokens::insert(tx, &token)?;
                store::receipts::insert(tx, &row)
            }
        });
        let id = home.client.id.clone();
        assert!(write(&store, move |tx| store::clients::delete(tx, &id)));
        read(&store, |db| {
            assert_eq!(store::clients::find(db, &home.client.id)?, None);
            assert_eq!(store::grants::find(db, home.grant.id)?, None);
            assert_eq!(store::token_families::find(db, home.family.id)?, None);
            assert_eq!(store::refresh_tokens::find(db, token.digest)?, None);
            assert_eq!(store::receipts::of_user(db, home.user.id, 10)?, [receipt]);
            assert!(store::sessions::find(db, home.session.id)?.is_some());
            Ok(())
        });
    }
}
