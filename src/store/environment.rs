//! What the store takes from outside: the clocks, this machine's and the database's own, and
//! randomness.

use foundation::clock::{Instant, Reading, SharedClock, Span};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::Mark;

use crate::connection::Connection;
use crate::dialect;

/// Time and randomness for the store.
#[derive(Clone)]
pub(crate) struct Environment {
    machine: SharedClock,
    /// In place of the database's own, where a test moves it.
    database: Option<SharedClock>,
    entropy: SharedEntropy,
}

impl Environment {
    pub(crate) fn new(
        machine: SharedClock,
        database: Option<SharedClock>,
        entropy: SharedEntropy,
    ) -> Self {
        Self {
            machine,
            database,
            entropy,
        }
    }

    /// Draws the mark of an event.
    pub(crate) fn draw_mark(&self) -> Mark {
        Mark::random(self.entropy.as_ref())
    }

    /// How long the machine has been up: for deadlines.
    pub(crate) fn uptime(&self) -> Span {
        self.machine.uptime()
    }

    /// The time of the database, which all nodes have in common. SQLite has none besides the wall
    /// clock of its machine.
    pub(crate) fn now(&self, conn: &mut Connection) -> Result<Instant, Fault> {
        Ok(self.told(dialect::now(conn)?))
    }

    /// Takes the log for the rest of the transaction; gives the moment that its events are stamped
    /// with.
    pub(crate) fn lock_log(&self, conn: &mut Connection) -> Result<Instant, Fault> {
        Ok(self.told(dialect::lock_log(conn)?))
    }

    fn told(&self, by_database: Option<Instant>) -> Instant {
        match (by_database, &self.database) {
            (Some(time), None) => time,
            (Some(_), Some(instead)) => instead.now(),
            (None, _) => self.machine.now(),
        }
    }

    /// The same, between two looks at the boot clock.
    pub(crate) fn read(&self, conn: &mut Connection) -> Result<Reading, Fault> {
        let before = self.uptime();
        let time = self.now(conn)?;
        Ok(Reading {
            before,
            time,
            after: self.uptime(),
        })
    }
}
