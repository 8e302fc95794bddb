//! PostgreSQL, 14 or newer: connections that give up within the store's timeout.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use foundation::clock::Instant;
use foundation::fault::Fault;

use super::Role;
use crate::fault::{STORE, at};

const OLDEST_VERSION: i32 = 14_00_00;

/// The channel on which appends are announced.
const CHANNEL: &str = "portico_events";

/// The keys of our advisory locks: "portico" in ASCII, and a number.
const LOG_LOCK: i64 = 0x0070_6f72_7469_636f;
const INSTALLATION_LOCK: i64 = LOG_LOCK + 1;
pub(super) const MIGRATION_LOCK: i64 = LOG_LOCK + 2;

/// Checks that the server answers and is new enough.
pub(super) fn prepare(url: &str, timeout: Duration) -> Result<(), Fault> {
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

pub(super) fn connect(url: &str, role: Role, timeout: Duration) -> Result<PgConnection, Fault> {
    let url = with_timeouts(url, timeout);
    let mut conn =
        PgConnection::establish(&url).map_err(|error| Fault::unavailable(STORE, error))?;
    let millis = if role == Role::Migrator {
        0
    } else {
        timeout.as_millis()
    };
    let mut settings = format!(
        "SET statement_timeout = {millis};
         SET lock_timeout = {millis};
         SET idle_in_transaction_session_timeout = {millis};
         SET default_transaction_isolation TO 'read committed';
         SET TIME ZONE 'UTC';"
    );
    if role == Role::Tail {
        settings.push_str(&format!("LISTEN {CHANNEL};"));
    }
    conn.batch_execute(&settings)
        .map_err(|error| Fault::unavailable(STORE, error))?;
    Ok(conn)
}

/// A server that is gone without a word must not hold a thread for minutes: what the kernel waits
/// for is bounded too, unless the operator's URL says how. (libpq takes no less than 2 s to
/// connect.)
fn with_timeouts(url: &str, timeout: Duration) -> String {
    let ours = [
        ("connect_timeout", 2),
        ("tcp_user_timeout", timeout.as_millis()),
        ("keepalives_idle", 10),
    ];
    let mut url = url.to_owned();
    for (name, value) in ours {
        if !url.contains(&format!("{name}=")) {
            let separator = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{separator}{name}={value}"));
        }
    }
    url
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

    #[test]
    fn the_operators_own_timeouts_stay() {
        let ours = with_timeouts("postgres://h/db", Duration::from_secs(1));
        assert_eq!(
            ours,
            "postgres://h/db?connect_timeout=2&tcp_user_timeout=1000&keepalives_idle=10"
        );
        let theirs = with_timeouts("postgres://h/db?connect_timeout=9", Duration::from_secs(1));
        assert_eq!(
            theirs,
            "postgres://h/db?connect_timeout=9&tcp_user_timeout=1000&keepalives_idle=10"
        );
    }
}
