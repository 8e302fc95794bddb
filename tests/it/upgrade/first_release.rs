//! A database as the first release left it: its schema, and rows that it wrote itself, with the
//! secrets that open them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use domain::shared_secret::SecretPurpose;
use foundation::clock::{Instant, ManualClock, Span};
use foundation::entropy::SystemEntropy;
use foundation::secret::SecretText;
use keys::master_key::MasterKey;
use keys::shared_secret::generate;
use serde_json::Value;
use store::{Store, StoreSettings};

use crate::database::{Beside, Database};
use crate::world::World;
use crate::world::browser::Browser;
use crate::world::person::Person;
use crate::world::program::{Program, Proof};

/// What was recorded.
static RECORDED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("first_release.json")).expect("it is JSON"));

const MIGRATION: &str = "2026-11-20-000000_front_door";
const VERSION: &str = "20261120000000";

/// When it was recorded; every world begins at that moment.
pub(super) fn recorded_at() -> Instant {
    Instant::from_millis(RECORDED["known"]["now"].as_i64().expect("a time"))
}

fn rows() -> impl Iterator<Item = (&'static str, &'static serde_json::Map<String, Value>)> {
    let rows = RECORDED["rows"].as_array().expect("rows");
    rows.iter().map(|row| {
        let table = row[0].as_str().expect("a table");
        (table, row[1].as_object().expect("columns"))
    })
}

/// How many rows each table has in the recording.
pub(super) fn recorded_rows() -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for (table, _) in rows() {
        *counted.entry(table.to_owned()).or_default() += 1;
    }
    counted
}

/// How many recorded rows of a table have a value in a column.
pub(super) fn count_where(table: &str, column: &str) -> usize {
    let of_table = rows().filter(|(name, _)| *name == table);
    of_table.filter(|(_, row)| !row[column].is_null()).count()
}

/// How many families there are, and how many programs got tokens in how many sessions.
pub(super) fn codes_and_participants() -> (usize, usize) {
    let families = rows().filter(|(table, _)| *table == "token_families");
    let (mut codes, mut participants) = (0, BTreeSet::new());
    for (_, family) in families {
        codes += 1;
        let authorized = family["authorized"].as_str().expect("a document");
        let authorized: Value = serde_json::from_str(authorized).expect("it is JSON");
        if !family["redeemed_at"].is_null() {
            participants.insert((
                authorized["session_id"].to_string(),
                family["client_id"].to_string(),
            ));
        }
    }
    (codes, participants.len())
}

/// A database of the first release, filled.
pub(super) struct FirstRelease {
    pub(super) database: Database,
}

impl FirstRelease {
    pub(super) fn on(database: Database) -> Self {
        let kind = if database.is_sqlite() {
            "sqlite"
        } else {
            "postgres"
        };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let schema = std::fs::read_to_string(format!("{folder}/{kind}/{MIGRATION}/up.sql"));
        // Opened once by a store, so that the file is as a store makes it.
        drop(database.open_as_it_is());
        let mut beside = database.beside();
        beside.run(&schema.expect("the first migration"));
        beside.run(
            "CREATE TABLE __diesel_schema_migrations (
                version VARCHAR(50) PRIMARY KEY NOT NULL,
                run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
            )",
        );
        beside.run(&format!(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('{VERSION}')"
        ));
        beside.run(&inserts(database.is_sqlite()));
        if !database.is_sqlite() {
            beside.run(
                "SELECT setval(pg_get_serial_sequence('events', 'position'), max(position))
                 FROM events",
            );
        }
        Self { database }
    }

    /// The store of this release on it, at a moment.
    pub(super) fn store_at(&self, now: Instant) -> Store {
        let clock = Arc::new(ManualClock::at(now));
        let settings = StoreSettings {
            database_clock: Some(clock.clone()),
            ..self.database.settings()
        };
        Store::open(settings, clock).expect("the database opens")
    }

    /// The node that served when it was recorded was killed some time ago.
    pub(super) fn its_node_has_ended(&self) {
        let mut beside = self.database.beside();
        beside.run("UPDATE nodes SET seen_at = 0");
    }

    /// How many rows each table has.
    pub(super) fn rows(&self) -> BTreeMap<String, usize> {
        rows_of(&self.database)
    }
}

/// How many rows each table of a database has.
pub(crate) fn rows_of(database: &Database) -> BTreeMap<String, usize> {
    let mut beside = database.beside();
    let tables = tables(&mut beside);
    let counted = tables.into_iter().map(|table| {
        let rows = count(&mut beside, &table);
        (table, rows)
    });
    counted.collect()
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

fn tables(beside: &mut Beside) -> Vec<String> {
    let names: Vec<Name> = match beside {
        Beside::Sqlite(conn) => diesel::sql_query(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )
        .load(conn),
        Beside::Postgres(conn) => diesel::sql_query(
            "SELECT table_name::text AS name FROM information_schema.tables
             WHERE table_schema = 'public'",
        )
        .load(conn),
    }
    .expect("the tables");
    let names = names.into_iter().map(|row| row.name);
    names.filter(|name| !name.starts_with("__")).collect()
}

fn count(beside: &mut Beside, table: &str) -> usize {
    let query = diesel::sql_query(format!("SELECT count(*) AS rows FROM {table}"));
    let count: Count = match beside {
        Beside::Sqlite(conn) => query.get_result(conn),
        Beside::Postgres(conn) => query.get_result(conn),
    }
    .expect("a number");
    usize::try_from(count.rows).expect("a small number")
}

fn inserts(sqlite: bool) -> String {
    let mut sql = String::new();
    for (table, row) in rows() {
        let columns = row.keys().cloned().collect::<Vec<_>>().join(", ");
        let values = row.values().map(|value| literal(value, sqlite));
        let values = values.collect::<Vec<_>>().join(", ");
        writeln!(sql, "INSERT INTO {table} ({columns}) VALUES ({values});").expect("a line");
    }
    sql
}

fn literal(value: &Value, sqlite: bool) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Object(bytes) => {
            let hex = bytes["hex"].as_str().expect("hex");
            if sqlite {
                format!("X'{hex}'")
            } else {
                format!("'\\x{hex}'")
            }
        }
        Value::Array(_) => panic!("not a column: {value}"),
    }
}

/// A world on a database of the first release, which this release upgrades as it starts.
pub(super) fn upgrade(database: Database) -> World {
    let first = FirstRelease::on(database);
    first.its_node_has_ended();
    let world = World::with(first.database, |config| {
        let known = &RECORDED["known"];
        let text = |name: &str| known[name].as_str().expect("a text");
        config.server.master_key = Some(SecretText::new(text("master_key")));
        config.server.issuer = text("issuer").to_owned();
    });
    assert_eq!(
        world.now(),
        recorded_at(),
        "what was given out has not run out"
    );
    world
}

/// The people and programs of the first release, at this one.
pub(super) struct Upgraded {
    pub(super) world: World,
}

/// What somebody had.
fn had(who: &str) -> &'static Value {
    &RECORDED["known"][who]
}

impl Upgraded {
    pub(super) fn at(world: &World) -> Self {
        let world = world.clone();
        Self { world }
    }

    /// What somebody had of a program.
    pub(super) fn of(&self, who: &str, what: &str) -> Value {
        had(who)[what].clone()
    }

    /// One text of that.
    pub(super) fn text(&self, who: &str, what: &str, member: &str) -> String {
        let text = had(who)[what][member].as_str();
        text.unwrap_or_else(|| panic!("no {who}.{what}.{member}"))
            .to_owned()
    }

    /// One thing that somebody had.
    pub(super) fn known(&self, who: &str, what: &str) -> String {
        had(who)[what].as_str().expect("a text").to_owned()
    }

    /// By which `sid` each program knows the session that somebody had.
    pub(super) fn sids(&self, username: &str) -> BTreeMap<String, String> {
        let user = rows().find(|(table, row)| *table == "users" && row["username"] == username);
        let user = &user.expect("a user").1["id"];
        let session = rows().find(|(table, row)| *table == "sessions" && row["user_id"] == *user);
        let hex = session.expect("a session").1["id"]["hex"]
            .as_str()
            .expect("an id");
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        let id = parts.join("-");
        let (_, programs) = self
            .world
            .operator(self.world.administration().show_session(&id));
        let sids = programs
            .into_iter()
            .map(|p| (p.client_id.to_string(), p.sid));
        sids.collect()
    }

    /// From now on another secret derives what is new.
    pub(super) fn gets_a_new_pairwise_secret(&self) {
        let master = RECORDED["known"]["master_key"].as_str().expect("a key");
        let master = MasterKey::parse(master).expect("a key");
        let now = self.world.now() + Span::seconds(1);
        let secret = generate(SecretPurpose::Pairwise, &master, now, &SystemEntropy);
        let store = self.world.store();
        let sealed_with = master.fingerprint();
        let insert =
            store.write(move |tx| store::shared_secrets::insert(tx, &secret, &sealed_with));
        self.world.wait(insert).expect("it is written");
        self.world.restart();
    }

    /// Somebody with the cookies of then.
    pub(super) fn person(&self, username: &str) -> Person {
        let browser = Browser::new(&self.world);
        let cookies = had(username)["cookies"].as_object().expect("cookies");
        for (name, value) in cookies {
            let value = value.as_str().expect("a cookie");
            browser.jar().insert(name.clone(), value.to_owned());
        }
        Person {
            world: self.world.clone(),
            username: username.to_owned(),
            password: self.known(username, "password"),
            browser,
        }
    }

    /// A program with the secret of then.
    pub(super) fn program(&self, name: &str) -> Program {
        let known = &RECORDED["known"]["programs"][name];
        let text = |member: &str| known[member].as_str().expect("a text").to_owned();
        Program {
            world: self.world.clone(),
            id: text("id"),
            secret: text("secret"),
            proof: if text("secret").is_empty() {
                Proof::None
            } else {
                Proof::Basic
            },
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            key: None,
        }
    }
}
