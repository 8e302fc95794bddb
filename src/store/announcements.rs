//! Rows of `announcements`: events that concern more clients and sessions than one transaction should go
//! through. A job goes through the participants in pages, each page in a transaction with the place where
//! the next one begins, so that whoever dies in between loses nothing and repeats nothing.
//!
//! Each is gone through twice, the second time two seconds later: a client that was on its way when the
//! event was written may have become a participant behind the first one's back.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use domain::delivery::Crowd;
use foundation::clock::{Instant, Span};
use foundation::fault::Fault;

use crate::connection::Connection;
use crate::deliveries::write_rows;
use crate::dialect::{execute_sql, for_update_of_free_rows, load_sql};
use crate::fault::at;

use crate::schema::announcements;

const TABLE: &str = "announcements";
/// A client that was on its way has arrived by then: no transaction takes longer than a second.
const LATE: Span = Span::seconds(2);

/// The words of the column `target`; a client stands behind the first.
const CLIENT: &str = "client:";
const LOST_HISTORIES: &str = "lost_histories";
const ALL: &str = "all";

/// Writes down that a crowd is to be told.
pub(crate) fn insert(conn: &mut Connection, crowd: &Crowd, now: Instant) -> Result<(), Fault> {
    let target = match crowd {
        Crowd::Client(id) => format!("{CLIENT}{id}"),
        Crowd::LostHistories => LOST_HISTORIES.to_owned(),
        Crowd::All => ALL.to_owned(),
    };
    for due_at in [now, now + LATE] {
        diesel::insert_into(announcements::table)
            .values((
                announcements::target.eq(&target),
                announcements::at.eq(now.millis()),
                announcements::due_at.eq(due_at.millis()),
                announcements::after_session.eq(Vec::new()),
                announcements::after_client.eq(""),
            ))
            .execute(conn)
            .map_err(at(TABLE))?;
    }
    Ok(())
}

/// When the next one is due; `None` if there is none.
///
/// # Errors
/// The store does not answer.
pub fn next_due(conn: &mut Connection) -> Result<Option<Instant>, Fault> {
    let due: Option<i64> = announcements::table
        .select(diesel::dsl::min(announcements::due_at))
        .get_result(conn)
        .map_err(at(TABLE))?;
    Ok(due.map(Instant::from_millis))
}

#[derive(QueryableByName)]
struct AnnouncementRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    target: String,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Binary)]
    after_session: Vec<u8>,
    #[diesel(sql_type = Text)]
    after_client: String,
}

#[derive(QueryableByName)]
struct PageEnd {
    #[diesel(sql_type = Binary)]
    session_id: Vec<u8>,
    #[diesel(sql_type = Text)]
    client_id: String,
}

impl AnnouncementRow {
    /// The condition for rows of `participants`, by this name. Its one parameter is the client.
    fn crowd(&self, rows: &str, parameter: usize) -> String {
        let everybody = format!("${parameter} = ''");
        match self.target.as_str() {
            ALL => everybody,
            LOST_HISTORIES => format!(
                "{everybody} AND {rows}.session_id IN (
                     SELECT id FROM sessions WHERE history < (
                         SELECT sessions_from FROM histories ORDER BY number DESC LIMIT 1))"
            ),
            _ => format!("{rows}.client_id = ${parameter}"),
        }
    }

    fn client(&self) -> &str {
        self.target.strip_prefix(CLIENT).unwrap_or_default()
    }

    /// The condition for rows after the place where this page begins.
    fn after(rows: &str, first: usize) -> String {
        let second = first + 1;
        format!(
            "{rows}.session_id >= ${first} AND ({rows}.session_id > ${first} OR {rows}.client_id > ${second})"
        )
    }

    /// The last row of the next page; `None` if there is no row left.
    fn page_end(&self, conn: &mut Connection, limit: i64) -> Result<Option<PageEnd>, Fault> {
        let sql = format!(
            "SELECT session_id, client_id FROM (
                 SELECT p.session_id, p.client_id FROM participants p
                 WHERE {} AND {} ORDER BY p.session_id, p.client_id LIMIT $4
             ) page ORDER BY session_id DESC, client_id DESC LIMIT 1",
            Self::after("p", 1),
            self.crowd("p", 3),
        );
        let rows: Vec<PageEnd> = load_sql!(conn, sql.as_str(), [
            Binary: self.after_session.as_slice(), Text: self.after_client.as_str(),
            Text: self.client(), BigInt: limit,
        ])
        .map_err(at("participants"))?;
        Ok(rows.into_iter().next())
    }

    /// Tells everybody of a page.
    fn tell(&self, conn: &mut Connection, end: &PageEnd, now: Instant) -> Result<(), Fault> {
        let page = |rows: &str| {
            format!(
                "{} AND ({rows}.session_id < $4 OR ({rows}.session_id = $4 AND {rows}.client_id <= $5)) AND {}",
                Self::after(rows, 2),
                self.crowd(rows, 6),
            )
        };
        let over = format!(
            "UPDATE participants SET over_at = $1 WHERE {} AND over_at IS NULL AND first_at <= $7",
            page("participants")
        );
        let (after_session, after_client) = (&self.after_session, &self.after_client);
        let cutoff = self.at + LATE.as_millis();
        execute_sql!(conn, over.as_str(), [
            BigInt: now.millis(), Binary: after_session.as_slice(), Text: after_client.as_str(),
            Binary: end.session_id.as_slice(), Text: end.client_id.as_str(), Text: self.client(),
            BigInt: cutoff,
        ])
        .map_err(at("participants"))?;
        write_rows(conn, &page("p"), 7, |conn, sql| {
            execute_sql!(conn, sql, [
                BigInt: now.millis(), Binary: after_session.as_slice(), Text: after_client.as_str(),
                Binary: end.session_id.as_slice(), Text: end.client_id.as_str(), Text: self.client(),
                BigInt: now.millis(),
            ])
        })
    }
}

/// What there was to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnouncedPage {
    /// Nothing that is due, or somebody else goes through it at this moment.
    Nothing,
    /// A page; there may be more.
    Told,
    /// Nobody was left; the announcement can be removed.
    Through(i64),
}

/// Goes through the next page of participants of an announcement that is due.
///
/// # Errors
/// The store does not answer.
pub fn tell_page(conn: &mut Connection, now: Instant, limit: i64) -> Result<AnnouncedPage, Fault> {
    let sql = format!(
        "SELECT id, target, at, after_session, after_client FROM announcements
         WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1 {}",
        for_update_of_free_rows(conn)
    );
    let found: Vec<AnnouncementRow> =
        load_sql!(conn, sql.as_str(), [BigInt: now.millis()]).map_err(at(TABLE))?;
    let Some(announced) = found.into_iter().next() else {
        return Ok(AnnouncedPage::Nothing);
    };
    let Some(end) = announced.page_end(conn, limit)? else {
        return Ok(AnnouncedPage::Through(announced.id));
    };
    announced.tell(conn, &end, now)?;
    diesel::update(announcements::table.filter(announcements::id.eq(announced.id)))
        .set((
            announcements::after_session.eq(end.session_id),
            announcements::after_client.eq(end.client_id),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(AnnouncedPage::Told)
}

/// Removes an announcement that was gone through.
///
/// # Errors
/// The store does not answer.
pub fn remove(conn: &mut Connection, id: i64) -> Result<(), Fault> {
    diesel::delete(announcements::table.filter(announcements::id.eq(id)))
        .execute(conn)
        .map(drop)
        .map_err(at(TABLE))
}
