//! The schema: it comes, goes and comes again, and is the same on both databases.

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use diesel::prelude::*;
use diesel::sql_types::Text;
use domain::event::effect::{Effect, End, NotBefore, Reload};
use foundation::id::{ClientId, FamilyId, GrantId, Position, SessionId, UserId};
use store::SchemaState;

use super::database::{Beside, Database};
use super::fixture::{self, read, write};

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

type Schema = BTreeMap<String, Vec<String>>;

/// Our tables with their columns, in order.
fn schema(database: &Database) -> Schema {
    let columns: Vec<Column> = match database.beside() {
        Beside::Sqlite(mut conn) => diesel::sql_query(
            "SELECT m.name AS table_name, c.name AS column_name
             FROM sqlite_schema m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid",
        )
        .load(&mut conn),
        Beside::Postgres(mut conn) => diesel::sql_query(
            "SELECT table_name::text, column_name::text FROM information_schema.columns
             WHERE table_schema = 'public' ORDER BY table_name, ordinal_position",
        )
        .load(&mut conn),
    }
    .expect("the schema is read");
    let mut schema = Schema::new();
    for column in columns {
        schema
            .entry(column.table_name)
            .or_default()
            .push(column.column_name);
    }
    schema.remove("__diesel_schema_migrations");
    schema
}

/// What the newest migration first does to go down, and so on.
fn all_the_way_down(database: &Database) -> Vec<String> {
    down_to(database, "")
}

/// The same, down to a migration by name, that one included.
fn down_to(database: &Database, last: &str) -> Vec<String> {
    let kind = if database.is_sqlite() {
        "sqlite"
    } else {
        "postgres"
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let entries = fs::read_dir(format!("{folder}/{kind}")).expect("the folder is there");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.file_name().is_some_and(|name| *name >= *last))
        .collect();
    paths.sort();
    let down = paths.iter().rev().map(|path| path.join("down.sql"));
    down.map(|path| fs::read_to_string(path).expect("it can be read"))
        .collect()
}

on_both_databases! {
    fn migrations_go_up_down_and_up_again(database: &Database) {
        let store = database.open();
        let first = schema(database);
        assert!(first.len() > 20, "{first:?}");
        drop(store);
        let mut beside = database.beside();
        all_the_way_down(database)
            .iter()
            .for_each(|sql| beside.run(sql));
        assert_eq!(schema(database), Schema::new(), "nothing is left");
        beside.run("DELETE FROM __diesel_schema_migrations");
        let store = database.open();
        assert_eq!(schema(database), first);
        store.migrate().expect("a second time changes nothing");
        let user = fixture::user();
        assert!(write(&store, move |tx| store::users::insert(tx, &user)));
    }

    /// Each kind of the first release, as it wrote them.
    fn events_of_the_first_release_have_their_effects(database: &Database) {
        drop(database.open());
        let mut beside = database.beside();
        down_to(database, "2026-11-26-000300")
            .iter()
            .for_each(|sql| beside.run(sql));
        beside.run("DELETE FROM __diesel_schema_migrations WHERE version >= '20261126000300'");
        let entropy = fixture::entropy();
        let user_id = UserId::new(fixture::NOW, &entropy);
        let client_id = ClientId::random(&entropy);
        let session_id = SessionId::new(fixture::NOW, &entropy);
        let grant_id = GrantId::new(fixture::NOW, &entropy);
        let family_id = FamilyId::new(fixture::NOW, &entropy);
        let jti = fixture::digest();
        let scopes = fixture::scopes("openid email");
        let client = || client_id.clone();
        let not_before = Effect::NotBefore;
        let rows = [
            ("session_ended", "{}", Effect::End(End::Session(session_id))),
            ("family_ended", "{}", Effect::End(End::Family(family_id))),
            ("token_revoked", "{}", Effect::End(End::Token(jti))),
            ("session_left", "{}", not_before(NotBefore::ClientInSession {
                session_id,
                client_id: client(),
            })),
            ("grant_ended", "{}", not_before(NotBefore::Grant(grant_id))),
            ("user_disabled", "{}", not_before(NotBefore::User(user_id))),
            ("user_cut", "{}", not_before(NotBefore::User(user_id))),
            ("client_cut", "{}", not_before(NotBefore::Client(client()))),
            ("all_cut", "{}", not_before(NotBefore::All)),
            ("grant_changed", r#"{"scopes":"openid email"}"#, Effect::Narrow { grant_id, scopes }),
            ("client_changed", "{}", Effect::Reload(Reload::Client(client()))),
            ("keys_changed", r#"{"revoked":"k1"}"#, Effect::Reload(Reload::Keys)),
            ("profile_changed", "{}", Effect::Reload(Reload::Profile(user_id))),
        ];
        for (kind, detail, _) in &rows {
            let [session, grant, family, user] = [
                session_id.as_bytes(),
                grant_id.as_bytes(),
                family_id.as_bytes(),
                user_id.as_bytes(),
            ]
            .map(|id| database.literal(id));
            let jti = database.literal(jti.as_bytes());
            beside.run(&format!(
                "INSERT INTO events (at, kind, session_id, grant_id, family_id, user_id, client_id,
                     token_digest, detail)
                 VALUES (0, '{kind}', {session}, {grant}, {family}, {user}, '{client_id}', {jti},
                     '{detail}')"
            ));
        }
        let store = database.open();
        let logged = fixture::logged(&store, Position(0));
        assert_eq!(logged.len(), rows.len());
        for (logged, (kind, _, effect)) in logged.into_iter().zip(rows) {
            assert_eq!((logged.kind.as_str(), logged.effect), (kind, Ok(effect)));
        }
    }

    fn many_who_migrate_at_once_wait_for_each_other(database: &Database) {
        let stores: Vec<_> = (0..4).map(|_| database.open_as_it_is()).collect();
        thread::scope(|scope| {
            let all: Vec<_> = stores
                .iter()
                .map(|store| scope.spawn(|| store.migrate()))
                .collect();
            for migrated in all {
                migrated.join().expect("no panic").expect("it is migrated");
            }
        });
        assert_eq!(read(&stores[3], |db| store::users::list(db, &store::users::UserFilter::default(), 1)), []);
    }

    fn a_database_from_the_future_is_refused(database: &Database) {
        let store = database.open();
        let mut beside = database.beside();
        beside.run("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')");
        let fault = store.migrate().expect_err("it is newer");
        assert_eq!(
            fault.chain(),
            "the database cannot be used: the schema is newer than this program (it has migration \
             99991231000000)"
        );
    }

    fn how_far_a_database_is_can_be_asked_without_changing_it(database: &Database) {
        let store = database.open_as_it_is();
        let state = || store.schema().expect("it answers");
        assert_eq!(state(), SchemaState::Missing);
        assert_eq!(state(), SchemaState::Missing, "asking made nothing");
        store.migrate().expect("it is migrated");
        assert_eq!(state(), SchemaState::Current);
        let mut beside = database.beside();
        beside.run("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')");
        let migration = "99991231000000".to_owned();
        assert_eq!(state(), SchemaState::Newer { migration });
    }
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let sqlite = Database::sqlite();
    sqlite.open();
    let Some(postgres) = Database::postgres() else {
        return;
    };
    postgres.open();
    assert_eq!(schema(&sqlite), schema(&postgres));
}

#[cfg(unix)]
#[test]
fn a_new_file_belongs_to_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = Database::sqlite();
    let store = database.open();
    write(&store, |tx| store::users::insert(tx, &fixture::user()));
    let folder = database.folder().expect("a folder");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("it can be read") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        seen += 1;
    }
    assert_eq!(seen, 3, "the database, its log and the index of the log");
}
