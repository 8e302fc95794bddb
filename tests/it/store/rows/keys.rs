//! Signing keys, shared secrets, the installation, nodes.

use domain::log_history::LogCursor;
use std::slice;

use domain::shared_secret::{SecretPurpose, SharedSecret};
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use foundation::clock::Span;
use foundation::id::{HistoryId, KeyId, Mark, NodeId, Position, SecretId};
use serde_json::json;
use store::nodes::Node;

use super::super::database::Database;
use super::super::fixture::{NOW, entropy, read, write};

/// What everything here is sealed with.
const SEALED: &[u8] = &[7; 32];

fn sealed(database: &Database) -> store::Store {
    let store = database.open();
    let set = |tx: &mut store::Transaction<'_>| {
        store::installation::set_master_key_fingerprint(tx, SEALED)
    };
    assert!(write(&store, set));
    store
}

on_both_databases! {
    fn signing_keys(database: &Database) {
        let store = sealed(database);
        let key = SigningKey {
            id: KeyId::random(&entropy()),
            kind: KeyKind::P256,
            state: KeyState::Next,
            since: NOW,
            created_at: NOW,
            confirmed_at: None,
            public_jwk: json!({ "kty": "EC", "crv": "P-256" }),
            sealed_private: vec![0, 1, 2, 255],
        };
        let row = key.clone();
        write(&store, move |tx| store::signing_keys::insert(tx, &row, SEALED));
        assert_eq!(
            read(&store, store::signing_keys::all),
            slice::from_ref(&key)
        );
        let later = NOW + Span::days(1);
        let confirm = |at| {
            let id = key.id.clone();
            write(&store, move |tx| store::signing_keys::confirm(tx, &id, at));
        };
        confirm(NOW + Span::hours(1));
        confirm(later);
        let key = SigningKey {
            confirmed_at: Some(NOW + Span::hours(1)),
            ..key.clone()
        };
        assert_eq!(
            read(&store, store::signing_keys::all),
            slice::from_ref(&key),
            "the first time counts"
        );
        let step = |from, to| {
            let id = key.id.clone();
            write(&store, move |tx| {
                store::signing_keys::set_state(tx, &id, from, to, later)
            })
        };
        assert!(step(KeyState::Next, KeyState::Active));
        assert!(
            !step(KeyState::Next, KeyState::Active),
            "it is not there any more"
        );
        assert!(step(KeyState::Active, KeyState::Retired));
        assert_eq!(read(&store, store::signing_keys::all), []);
        let verifying = |since| read(&store, move |db| store::signing_keys::verifying(db, since));
        let since_later = |state| SigningKey {
            state,
            since: later,
            ..key.clone()
        };
        let retired = since_later(KeyState::Retired);
        assert_eq!(verifying(later), slice::from_ref(&retired));
        assert_eq!(verifying(later + Span::millis(1)), []);
        assert!(step(KeyState::Retired, KeyState::Revoked));
        assert_eq!(verifying(NOW), []);
        assert_eq!(read(&store, store::signing_keys::all), []);
        let purge = |before| write(&store, move |tx| store::signing_keys::purge(tx, before));
        assert_eq!((purge(later), purge(later + Span::millis(1))), (0, 1), "it goes in the end");
    }

    fn published_keys_verify_however_old_they_are(database: &Database) {
        let store = sealed(database);
        for state in [KeyState::Next, KeyState::Active, KeyState::Retiring] {
            let key = SigningKey {
                id: KeyId::random(&entropy()),
                kind: KeyKind::P256,
                state,
                since: NOW,
                created_at: NOW,
                confirmed_at: None,
                public_jwk: json!({}),
                sealed_private: vec![0],
            };
            write(&store, move |tx| store::signing_keys::insert(tx, &key, SEALED));
        }
        let since = NOW + Span::days(1000);
        let verifying = read(&store, move |db| store::signing_keys::verifying(db, since));
        assert_eq!(verifying.len(), 3);
        assert_eq!(verifying, read(&store, store::signing_keys::all));
    }

    /// The database may be another one than at the start.
    fn what_another_key_has_sealed_is_not_written(database: &Database) {
        let key = SigningKey {
            id: KeyId::random(&entropy()),
            kind: KeyKind::P256,
            state: KeyState::Active,
            since: NOW,
            created_at: NOW,
            confirmed_at: None,
            public_jwk: json!({}),
            sealed_private: vec![0],
        };
        let secret = SharedSecret {
            id: SecretId::new(NOW, &entropy()),
            purpose: SecretPurpose::Handle,
            sealed: vec![9; 60],
            created_at: NOW,
        };
        let refused = |store: &store::Store, sealed_with: [u8; 32]| {
            let (key, secret) = (key.clone(), secret.clone());
            let keys = store.write_blocking(move |tx| store::signing_keys::insert(tx, &key, &sealed_with));
            let secrets = store.write_blocking(move |tx| store::shared_secrets::insert(tx, &secret, &sealed_with));
            assert!(keys.is_err_and(|fault| fault.is_unavailable()));
            assert!(secrets.is_err_and(|fault| fault.is_unavailable()));
        };
        refused(&database.open(), [7; 32]);
        let store = sealed(database);
        refused(&store, [8; 32]);
        assert_eq!(read(&store, store::signing_keys::all), []);
        assert_eq!(read(&store, store::shared_secrets::all), []);
    }

    fn shared_secrets(database: &Database) {
        let store = sealed(database);
        let secret = |purpose, days| SharedSecret {
            id: SecretId::new(NOW, &entropy()),
            purpose,
            sealed: vec![9; 60],
            created_at: NOW + Span::days(days),
        };
        let secrets = [
            secret(SecretPurpose::Pairwise, 0),
            secret(SecretPurpose::Handle, 1),
            secret(SecretPurpose::Handle, 2),
        ];
        let rows = secrets.clone();
        write(&store, move |tx| {
            rows.iter()
                .try_for_each(|row| store::shared_secrets::insert(tx, row, SEALED))
        });
        assert_eq!(read(&store, store::shared_secrets::all), secrets);
        let before = NOW + Span::days(2);
        let removed = write(&store, move |tx| {
            store::shared_secrets::remove_older(tx, SecretPurpose::Handle, before)
        });
        assert_eq!(removed, 1);
        assert_eq!(
            read(&store, store::shared_secrets::all),
            [secrets[0].clone(), secrets[2].clone()]
        );
    }

    fn the_fingerprint_of_the_master_key_is_set_once(database: &Database) {
        let store = database.open();
        assert_eq!(
            read(&store, store::installation::master_key_fingerprint),
            None
        );
        let set = |byte: u8| {
            write(&store, move |tx| {
                store::installation::set_master_key_fingerprint(tx, &[byte; 32])
            })
        };
        assert!(set(1) && !set(2));
        assert_eq!(
            read(&store, store::installation::master_key_fingerprint),
            Some(vec![1; 32])
        );
    }

    fn nodes(database: &Database) {
        let store = database.open();
        let id = NodeId::new(NOW, &entropy());
        let read_to = |number| LogCursor {
            history: HistoryId(i64::MIN),
            number: Position(number),
            mark: Mark(-1),
        };
        for (second, position) in [(0, 5), (1, 9)] {
            let now = NOW + Span::seconds(second);
            write(&store, move |tx| {
                store::nodes::heartbeat(tx, id, now, read_to(position), Position(3))
            });
        }
        let seen_at = NOW + Span::seconds(1);
        let node = Node {
            id,
            seen_at,
            confirmed: read_to(9),
            keys_seen: Position(3),
        };
        let live = |since| read(&store, |db| store::nodes::live(db, since));
        assert_eq!(live(seen_at), [node]);
        assert_eq!(live(seen_at + Span::millis(1)), []);
        assert_eq!(
            write(&store, move |tx| store::nodes::remove(tx, seen_at)),
            0
        );
        let later = seen_at + Span::millis(1);
        assert_eq!(write(&store, move |tx| store::nodes::remove(tx, later)), 1);
    }
}
