//! Follows the event log on a connection of its own, for the one thread of a node that does so.

use std::sync::Arc;
use std::time::Duration;

use domain::event::LoggedEvent;
use domain::log_history::{LogCursor, LogView};
use foundation::clock::Reading;
use foundation::fault::Fault;

use crate::connection::Connection;
use crate::dialect::{self, Role, Target};
use crate::environment::Environment;
use crate::events;
use crate::faultpoint::{self, Faultpoints};
use crate::histories;
use crate::log_guard::LogGuard;
use crate::wakeups::Wakeups;

/// Reads the log from a position on. Blocking: it belongs on a thread of its own.
pub struct LogReader {
    target: Target,
    timeout: Duration,
    environment: Environment,
    faultpoints: Faultpoints,
    wakeups: Arc<Wakeups>,
    log_guard: Arc<LogGuard>,
    conn: Option<Connection>,
    /// Commits of this process that were noticed.
    seen_commits: u64,
    /// What [`dialect::has_news`] remembers.
    seen_news: i64,
}

/// What the log says.
#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// What one statement said of the log. Whether it continues what was read before is for its reader
    /// to judge; if it does not, the events here are nothing to go by.
    pub view: LogView,
    /// The events after the given position, in order.
    pub events: Vec<LoggedEvent>,
    /// How far this page goes.
    pub read: LogCursor,
    /// The database's time, told before the rest of this was read.
    pub time: Reading,
}

impl LogReader {
    pub(crate) fn open(
        target: Target,
        timeout: Duration,
        environment: Environment,
        faultpoints: Faultpoints,
        wakeups: Arc<Wakeups>,
        log_guard: Arc<LogGuard>,
    ) -> Result<Self, Fault> {
        let seen_commits = wakeups.count();
        let mut reader = Self {
            target,
            timeout,
            environment,
            faultpoints,
            wakeups,
            log_guard,
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
    pub fn poll(&mut self, after: &LogCursor, limit: i64) -> Result<LogPage, Fault> {
        self.faultpoints.pass(faultpoint::READ)?;
        self.target.check_place()?;
        let (environment, log_guard) = (self.environment.clone(), Arc::clone(&self.log_guard));
        let page = self.connection().and_then(|conn| {
            log_guard.check_installation(conn)?;
            let time = environment.read(conn)?;
            let view = histories::look(conn, after.number)?;
            let at_end = view.at_end();
            // Everything up to the end is visible by now, because positions are given out in the
            // order of commits. Later ones are for the next page, whose end counts them.
            if view.end <= after.number || view.history.id != after.history {
                return Ok(LogPage {
                    read: at_end,
                    events: Vec::new(),
                    view,
                    time,
                });
            }
            let events = events::between(conn, after.number, view.end, limit)?;
            let last = events.last().map_or(view.end, |last| last.position);
            let is_whole = last == view.end;
            let read = match is_whole {
                true => at_end,
                false => histories::look(conn, last)?.at(last),
            };
            Ok(LogPage {
                view,
                events,
                read,
                time,
            })
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
