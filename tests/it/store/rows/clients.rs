//! Publishers, clients and their secrets.

use domain::client::{Client, ClientSecret};
use domain::mini_program::MiniProgramState;
use domain::publisher::Publisher;
use foundation::clock::Span;
use foundation::id::{ClientId, CredentialId, PublisherId};
use protocol::client_metadata::parse_metadata;
use serde_json::json;
use store::Store;

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
        let mut all = read(&store, |db| store::clients::list(db, None, 10));
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
        for _ in 0..5 {
            add(&store, &fixture::client());
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = read(&store, |db| store::clients::list(db, after.as_ref(), 2));
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            seen.extend(page.into_iter().map(|client| client.id));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 5);
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
        assert_eq!(read(&store, store::publishers::list), [verified]);
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
