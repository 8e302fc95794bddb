//! A transaction: a connection that can also append to the event log, and how one ends.

use std::ops::{Deref, DerefMut};

use diesel::connection::SimpleConnection as _;
use domain::event::Event;
use foundation::fault::Fault;
use foundation::id::Position;

use crate::connection::Connection;
use crate::dialect;
use crate::environment::Environment;
use crate::events::{self, EventRow};
use crate::fault::at;
use crate::faultpoint::{self, Faultpoints};
use crate::outbox;

/// What a write gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// What its closure gave.
    pub value: T,
    /// The position of its last event, if it appended any.
    pub position: Option<Position>,
}

/// An open transaction. It is a [`Connection`] to every function of this layer.
pub struct Transaction<'c> {
    conn: &'c mut Connection,
    environment: &'c Environment,
    events: Vec<Event>,
    /// Of how many of them those who must hear are written down.
    told: usize,
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(conn: &'c mut Connection, environment: &'c Environment) -> Self {
        Self {
            conn,
            environment,
            events: Vec::new(),
            told: 0,
        }
    }

    /// Appends an event to the log. It is written at the end of the transaction, with the database's
    /// time.
    pub fn append(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Writes down who must be told of the events so far. This happens by itself at the end of the
    /// transaction; whoever removes the rows by which they are known does it before that.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn tell(&mut self) -> Result<(), Fault> {
        let untold = self.events.iter().enumerate().skip(self.told);
        let told: Vec<_> = untold
            .filter_map(|(number, event)| Some((number, event.told()?)))
            .collect();
        self.told = self.events.len();
        if told.is_empty() {
            return Ok(());
        }
        let now = self.environment.now(self.conn)?;
        told.iter()
            .try_for_each(|(number, told)| outbox::tell(self.conn, told, *number, now))
    }

    /// Writes the events: the last statements before the commit. Whoever appends takes the log for
    /// itself first, so that positions are given out in the order of commits; who appends nothing
    /// waits for nobody.
    pub(crate) fn finish(mut self, faultpoints: &Faultpoints) -> Result<Option<Position>, Fault> {
        if self.events.is_empty() {
            return Ok(None);
        }
        // Before the log is taken, which everybody else who appends waits for.
        self.tell()?;
        faultpoints.pass(faultpoint::APPEND)?;
        let now = self.environment.lock_log(self.conn)?;
        let mut last = None;
        for event in &self.events {
            let row = EventRow::new(event, now, self.environment.draw_mark())?;
            last = Some(events::append(self.conn, &row)?);
        }
        Ok(last)
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.conn
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.conn
    }
}

/// Runs a closure in a transaction of its own, on a connection that nobody else writes on.
pub(crate) fn run<T>(
    conn: &mut Connection,
    environment: &Environment,
    faultpoints: &Faultpoints,
    f: impl FnOnce(&mut Transaction<'_>) -> Result<T, Fault>,
) -> Result<Written<T>, Fault> {
    faultpoints.pass(faultpoint::BEGIN)?;
    dialect::begin(conn).map_err(at("events"))?;
    let mut transaction = Transaction::new(conn, environment);
    let done = f(&mut transaction)
        .and_then(|value| Ok((value, transaction.finish(faultpoints)?)))
        .and_then(|done| faultpoints.pass(faultpoint::BEFORE_COMMIT).map(|()| done))
        .and_then(|done| dialect::commit(conn).map(|()| done).map_err(at("events")));
    match done {
        Ok((value, position)) => Ok(Written { value, position }),
        Err(fault) => {
            // Where this fails too, the connection is lost, and the database rolls back by itself.
            if let Err(error) = conn.batch_execute("ROLLBACK") {
                tracing::debug!(%error, "a rollback");
            }
            Err(fault)
        }
    }
}
