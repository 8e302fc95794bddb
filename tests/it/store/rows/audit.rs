//! Audit entries.

use domain::audit::{ActedBy, Actor, AuditEntry, CameFrom, OperatorName};
use foundation::clock::Span;
use foundation::id::{AuditId, ClientId, UserId};
use serde_json::json;
use store::Store;
use store::audit::AuditFilter;

use super::super::database::Database;
use super::super::fixture::{NOW, entropy, read, write};

/// Notes that a client was suspended some minutes after the start.
fn note(store: &Store, minute: i64, user: Option<UserId>, client: &ClientId) {
    let name = if minute == 1 { "grace" } else { "ada" };
    let by = ActedBy {
        actor: Actor::Operator(OperatorName::parse(name).expect("a name")),
        from: CameFrom {
            machine: Some("desk".to_owned()),
            command: Some("mini-program suspend".to_owned()),
            ..CameFrom::INSIDE
        },
    };
    let entry = AuditEntry {
        user_id: user,
        ..AuditEntry::new(NOW + Span::minutes(minute), by, "client.suspended")
    };
    let entry = entry.of_client(client).with(json!({ "minute": minute }));
    let id = AuditId::new(NOW, &entropy());
    write(store, move |tx| store::audit::insert(tx, &entry, id));
}

fn everything() -> AuditFilter {
    AuditFilter {
        limit: 10,
        ..AuditFilter::default()
    }
}

on_both_databases! {
    fn audit_entries_are_read_by_whom_they_concern(database: &Database) {
        let store = database.open();
        let (user, client) = (UserId::new(NOW, &entropy()), ClientId::random(&entropy()));
        note(&store, 0, Some(user), &client);
        note(&store, 1, None, &client);
        note(&store, 2, Some(user), &client);
        let minutes = |filter: AuditFilter| -> Vec<i64> {
            let records = read(&store, |db| store::audit::list(db, &filter));
            let minutes = records
                .iter()
                .filter_map(|record| record.detail["minute"].as_i64());
            minutes.collect()
        };
        let of_user = AuditFilter {
            user: Some(user),
            ..everything()
        };
        let of_client = |client| AuditFilter {
            client: Some(client),
            ..everything()
        };
        let since = AuditFilter {
            since: Some(NOW + Span::minutes(1)),
            ..everything()
        };
        assert_eq!(minutes(everything()), [2, 1, 0]);
        assert_eq!(
            minutes(AuditFilter {
                limit: 1,
                ..everything()
            }),
            [2]
        );
        assert_eq!(minutes(of_user), [2, 0]);
        assert_eq!(minutes(of_client(client)), [2, 1, 0]);
        assert_eq!(minutes(of_client(ClientId::random(&entropy()))), [0; 0]);
        assert_eq!(minutes(since), [2, 1]);
        let of_grace = AuditFilter {
            operator: Some("grace".to_owned()),
            ..everything()
        };
        assert_eq!(minutes(of_grace), [1]);
        let of_act = |action: &str| AuditFilter {
            action: Some(action.to_owned()),
            ..everything()
        };
        assert_eq!(minutes(of_act("client.suspended")), [2, 1, 0]);
        assert_eq!(minutes(of_act("client.released")), [0; 0]);
        let newest = read(&store, |db| store::audit::list(db, &everything())).remove(0);
        let before = AuditFilter {
            before: Some(newest.id),
            ..everything()
        };
        assert_eq!(minutes(before), [1, 0]);
    }

    fn an_audit_entry_reads_back(database: &Database) {
        let store = database.open();
        let (user, client) = (UserId::new(NOW, &entropy()), ClientId::random(&entropy()));
        note(&store, 5, Some(user), &client);
        let record = read(&store, |db| store::audit::list(db, &everything())).remove(0);
        let (actor, action) = (record.actor.as_str(), record.action.as_str());
        assert_eq!((actor, action), ("operator", "client.suspended"));
        assert_eq!(record.actor_identity.as_deref(), Some("ada"));
        assert_eq!(record.came_from.machine.as_deref(), Some("desk"));
        assert_eq!(record.came_from.command.as_deref(), Some("mini-program suspend"));
        assert_eq!(record.came_from.address, None);
        assert_eq!(
            (record.user_id, record.client_id),
            (Some(user), Some(client))
        );
        assert_eq!(
            (record.at, record.detail),
            (NOW + Span::minutes(5), json!({ "minute": 5 }))
        );
    }
}
