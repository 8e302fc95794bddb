//! PostgreSQL, 14 or newer: connections that give up within the store's timeout.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use diesel::sql_types::{Nullable, Text};
use foundation::clock::Instant;
use foundation::database_url::DatabaseUrl;
use foundation::fault::Fault;

use super::Role;
use crate::fault::{STORE, at};

mod refusal;

const OLDEST_VERSION: i32 = 14_00_00;

/// The channel on which appends are announced.
const CHANNEL: &str = "portico_events";

/// The keys of our advisory locks: "portico" in ASCII, and a number.
const LOG_LOCK: i64 = 0x0070_6f72_7469_636f;
const INSTALLATION_LOCK: i64 = LOG_LOCK + 1;
pub(super) const MIGRATION_LOCK: i64 = LOG_LOCK + 2;

/// Checks that the server answers and is new enough.
pub(super) fn prepare(url: &DatabaseUrl, timeout: Duration) -> Result<(), Fault> {
    let mut conn = connect(url, Role::Pooled, timeout)?;
    let version: i32 = diesel::select(sql::<Integer>("current_setting('server_version_num')::int"))
        .get_result(&mut conn)
        .map_err(at("events"))?;
    if version < OLDEST_VERSION {
        let (major, minor) = (version / 10_000, version % 10_000);
        return Err(Fault::unusable(
            "the database server",
            format!("it is PostgreSQL {major}.{minor}; 14 or newer is needed"),
        ));
    }
    Ok(())
}

pub(super) fn connect(
    url: &DatabaseUrl,
    role: Role,
    timeout: Duration,
) -> Result<PgConnection, Fault> {
    // libpq uses the process's OpenSSL, which by itself frees its tables while the process exits, under
    // the hands of a thread that still connects. Initialised first from here, it lets them be.
    openssl::init();
    let refused = |text: String| Fault::unavailable(STORE, refusal::in_our_words(url, &text));
    let exposed = url.expose_postgres().unwrap_or_default();
    let mut conn = PgConnection::establish(&with_timeouts(exposed, role, timeout))
        .map_err(|error| refused(error.to_string()))?;
    let mut settings = "SET default_transaction_isolation TO 'read committed';
         SET TIME ZONE 'UTC';
         DO $$ BEGIN
             IF pg_is_in_recovery() THEN
                 RAISE 'it is a replica, which may be behind; connect to the primary';
             END IF;
         END $$;"
        .to_owned();
    match role {
        Role::Tail => settings.push_str(&format!("LISTEN {CHANNEL};")),
        // Whatever the URL says: it takes as long as it takes.
        Role::Migrator => {
            for name in SERVER_TIMEOUTS {
                settings.push_str(&format!("SET {name} = 0;"));
            }
        }
        Role::Pooled | Role::Writer => {}
    }
    conn.batch_execute(&settings)
        .map_err(|error| refused(error.to_string()))?;
    Ok(conn)
}

/// What the server bounds by itself.
const SERVER_TIMEOUTS: [&str; 3] = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
];

/// What the kernel and libpq bound: a connection over which nothing comes must not hold a thread for
/// minutes. (libpq takes no less than 2 s to connect.)
const CLIENT_TIMEOUTS: [(&str, &str); 5] = [
    ("connect_timeout", "2"),
    ("tcp_user_timeout", "2000"),
    ("keepalives_idle", "1"),
    ("keepalives_interval", "1"),
    ("keepalives_count", "3"),
];

/// A server that is gone without a word must not be waited for, unless the operator's URL says how
/// long. What the server bounds is said with the first message, so that nothing is asked without it.
fn with_timeouts(url: &str, role: Role, timeout: Duration) -> String {
    let theirs: Vec<(&str, &str)> = query(url)
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let value_of = |name: &str| {
        let mut named = theirs.iter().rev().filter(|(theirs, _)| *theirs == name);
        named.next().map(|(_, value)| *value)
    };
    let mut pairs: Vec<(&str, String)> = CLIENT_TIMEOUTS
        .into_iter()
        .filter(|(name, _)| value_of(name).is_none())
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    if role != Role::Migrator {
        // Of two options libpq takes the latter, so theirs are said again in it.
        let mut options = value_of("options").unwrap_or_default().to_owned();
        for name in SERVER_TIMEOUTS {
            if !options.contains(name) {
                let separator = if options.is_empty() { "" } else { "%20" };
                options.push_str(&format!("{separator}-c%20{name}%3D{}", timeout.as_millis()));
            }
        }
        pairs.push(("options", options));
    }
    let mut whole = url.to_owned();
    let mut separator = if query(url).is_some() { '&' } else { '?' };
    for (name, value) in pairs {
        whole.push_str(&format!("{separator}{name}={value}"));
        separator = '&';
    }
    whole
}

/// The query of a URL, where libpq finds it: a `?` of the password is none. "@" ends user and
/// password unless a "/" comes before it (libpq, `conninfo_uri_parse_options`).
fn query(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let after_user = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => &rest[at + 1..],
        _ => rest,
    };
    after_user.split_once('?').map(|(_, query)| query)
}

#[derive(QueryableByName)]
struct ServerPlace {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
}

/// Where the database is, as the server says.
pub(super) fn place(conn: &mut PgConnection) -> QueryResult<String> {
    let asked = "SELECT current_database()::text AS database, host(inet_server_addr()) AS address";
    let place: ServerPlace = diesel::sql_query(asked).get_result(conn)?;
    let at = match place.address {
        Some(address) => format!("at {address}"),
        None => "at a local socket".to_owned(),
    };
    Ok(format!("PostgreSQL {at}, database {}", place.database))
}

/// Takes the log: whoever appends holds this lock from its first event to the end of its commit, so
/// that positions become visible in the order of their numbers. Listeners are woken at the commit.
/// Gives the time at which the lock was there.
pub(super) fn lock_log(conn: &mut PgConnection) -> QueryResult<Instant> {
    diesel::sql_query(format!(
        "WITH taken AS MATERIALIZED (
             SELECT pg_advisory_xact_lock({LOG_LOCK}), pg_notify('{CHANNEL}', '')
         )
         SELECT {NOW} AS millis FROM taken"
    ))
    .get_result::<Time>(conn)
    .map(|time| Instant::from_millis(time.millis))
}

/// The server's clock, not the transaction's.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

#[derive(QueryableByName)]
struct Time {
    #[diesel(sql_type = BigInt)]
    millis: i64,
}

pub(super) fn lock_installation(conn: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query(format!("SELECT pg_advisory_xact_lock({INSTALLATION_LOCK})"))
        .execute(conn)
        .map(drop)
}

pub(super) fn now(conn: &mut PgConnection) -> QueryResult<Instant> {
    diesel::select(sql::<BigInt>(NOW))
        .get_result(conn)
        .map(Instant::from_millis)
}

/// Whether a notification has come. Takes all that are there.
pub(super) fn was_notified(conn: &mut PgConnection) -> QueryResult<bool> {
    conn.notifications_iter()
        .try_fold(false, |_, notification| notification.map(|_| true))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str =
        "tcp_user_timeout=2000&keepalives_idle=1&keepalives_interval=1&keepalives_count=3";

    fn pooled(url: &str) -> String {
        with_timeouts(url, Role::Pooled, Duration::from_secs(1))
    }

    #[test]
    fn nothing_is_waited_for_without_end() {
        let server = "options=-c%20statement_timeout%3D1000%20-c%20lock_timeout%3D1000\
                      %20-c%20idle_in_transaction_session_timeout%3D1000";
        assert_eq!(
            pooled("postgres://h/db"),
            format!("postgres://h/db?connect_timeout=2&{CLIENT}&{server}")
        );
        let migrator = with_timeouts("postgres://h/db", Role::Migrator, Duration::from_secs(1));
        assert_eq!(
            migrator,
            format!("postgres://h/db?connect_timeout=2&{CLIENT}")
        );
    }

    #[test]
    fn the_operators_own_timeouts_stay() {
        assert!(
            pooled("postgres://h/db?connect_timeout=9").starts_with(&format!(
                "postgres://h/db?connect_timeout=9&{CLIENT}&options="
            ))
        );
        let url = "postgres://h/db?options=-c%20statement_timeout%3D300%20-c%20work_mem%3D8MB";
        let ours = pooled(url);
        assert!(
            ours.ends_with(
                "&options=-c%20statement_timeout%3D300%20-c%20work_mem%3D8MB%20-c%20lock_timeout%3D1000\
                 %20-c%20idle_in_transaction_session_timeout%3D1000"
            ),
            "{ours}"
        );
    }

    #[test]
    fn a_question_mark_of_the_password_begins_no_query() {
        for (url, expected) in [
            ("postgres://u:p?w@h/db", None),
            ("postgres://u:p?w@h/db?a=b", Some("a=b")),
            ("postgres://u:connect_timeout=1@h/db", None),
            ("postgres:///db?host=/sock@x", Some("host=/sock@x")),
            ("postgres://u:p@h1:1,h2:2", None),
            ("postgres://u:p@[::1]:5/db?x", Some("x")),
        ] {
            assert_eq!(query(url), expected, "{url}");
        }
        let ours = pooled("postgres://u:p?w@h/db");
        assert!(
            ours.starts_with("postgres://u:p?w@h/db?connect_timeout=2&"),
            "{ours}"
        );
    }
}
