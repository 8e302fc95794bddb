//! Follows the event log on a connection of its own, for the one thread of a node that does so.

use std::sync::Arc;
use std::time::Duration;

use domain::event::LoggedEvent;
use foundation::clock::Reading;
use foundation::fault::Fault;
use foundation::id::Position;

use crate::clocks::Clocks;
use crate::connection::Connection;
use crate::dialect::{self, Role, Target};
use crate::events;
use crate::faultpoint::{self, Faultpoints};
use crate::wakeups::Wakeups;

/// Reads the log from a position on. Blocking: it belongs on a thread of its own.
pub struct LogReader {
    target: Target,
    timeout: Duration,
    clocks: Clocks,
    faultpoints: Faultpoints,
    wakeups: Arc<Wakeups>,
    conn: Option<Connection>,
    /// Commits of this process that were noticed.
    seen_commits: u64,
    /// What [`dialect::has_news`] remembers.
    seen_news: i64,
}

/// What the log says.
#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// The events after the given position, in order.
    pub events: Vec<LoggedEvent>,
    /// The position of the log's last event. Below the given position: this is not the log that
    /// was read before (a failover, a restored backup).
    pub end: Position,
    /// The database's time, told before the rest of this was read.
    pub time: Reading,
}

impl LogReader {
    pub(crate) fn open(
        target: Target,
        timeout: Duration,
        clocks: Clocks,
        faultpoints: Faultpoints,
        wakeups: Arc<Wakeups>,
    ) -> Result<Self, Fault> {
        let seen_commits = wakeups.count();
        let mut reader = Self {
            target,
            timeout,
            clocks,
            faultpoints,
            wakeups,
            conn: None,
            seen_commits,
            seen_news: 0,
        };
        reader.connection()?;
        Ok(reader)
    }

    /// Reads at most `limit` events after a position. A lost connection is opened anew at the next
    /// call.
    ///
    /// # Errors
    /// The database does not answer, or an event cannot be read.
    pub fn poll(&mut self, after: Position, limit: i64) -> Result<LogPage, Fault> {
        self.faultpoints.pass(faultpoint::READ)?;
        let clocks = self.clocks.clone();
        let page = self.connection().and_then(|conn| {
            let time = clocks.read(conn)?;
            let end = events::end(conn)?;
            // Everything up to the end is visible by now, because positions are given out in the
            // order of commits. Later ones are for the next page, whose end counts them.
            let events = if end > after {
                events::between(conn, after, end, limit)?
            } else {
                Vec::new()
            };
            Ok(LogPage { events, end, time })
        });
        if page.is_err() {
            self.conn = None;
        }
        page
    }

    /// Waits until there may be something new, or the time is over; says which. Commits of this
    /// process are heard at once, those of others within 25 ms.
    pub fn wait(&mut self, timeout: Duration) -> bool {
        let Some(interval) = self.conn.as_ref().map(dialect::news_interval) else {
            // Without a connection there is nothing to hear; the next poll opens one.
            self.wakeups.wait(self.seen_commits, timeout);
            return true;
        };
        let mut left = timeout;
        loop {
            if self.has_news() {
                return true;
            }
            if left.is_zero() {
                return false;
            }
            let nap = interval.min(left);
            left -= nap;
            let count = self.wakeups.wait(self.seen_commits, nap);
            if count != self.seen_commits {
                self.seen_commits = count;
                return true;
            }
        }
    }

    fn has_news(&mut self) -> bool {
        let Some(conn) = &mut self.conn else {
            return true;
        };
        match dialect::has_news(conn, &mut self.seen_news) {
            Ok(news) => news,
            Err(fault) => {
                tracing::warn!(cause = fault.chain(), "the connection that follows the log");
                self.conn = None;
                true
            }
        }
    }

    fn connection(&mut self) -> Result<&mut Connection, Fault> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.target.connect(Role::Tail, self.timeout)?,
        };
        Ok(self.conn.insert(conn))
    }
}
