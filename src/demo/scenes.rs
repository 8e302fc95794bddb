//! What is said between the demonstration's websites and Portico, for whoever looks *Behind the scenes*:
//! each exchange, masked before it is kept, in a bounded ring of memory.
//!
//! `transport` records what was asked and answered, `nova` what it hears and who looks. An exchange belongs
//! to one visitor of Nova, told by the token or code in it, and nobody else sees it; what is asked of
//! nobody in particular (discovery, keys) everybody sees; what belongs to nobody who is known, nobody.

mod asked;
mod masked;
mod rings;
mod sentences;
mod words;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foundation::clock::{Instant, SharedClock};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

pub(crate) use asked::Asked;
use masked::Part;
use rings::{Rings, Whose};
use sentences::Told;

/// Who speaks with Portico.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    /// In file names and style classes.
    pub(crate) slug: &'static str,
    /// As people read it.
    pub(crate) name: &'static str,
    pub(crate) client_id: String,
    /// Whether it is the super app.
    pub(crate) is_host: bool,
}

/// How something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Manner {
    /// A website asked, Portico answered.
    Asked,
    /// Portico said it by itself.
    Heard,
    /// An operator did it.
    Done,
}

/// One exchange, as it is kept and shown: nothing in it is a secret.
#[derive(Debug, Serialize)]
pub(crate) struct Exchange {
    pub(crate) number: u64,
    at: Instant,
    manner: Manner,
    /// The slug of who took part beside Portico.
    who: &'static str,
    name: &'static str,
    /// Method and endpoint, an event's name, or an operator's command.
    what: String,
    status: Option<u16>,
    /// How long it took, in milliseconds.
    took: Option<i64>,
    /// What happened, in one sentence.
    says: String,
    parts: Vec<Part>,
    /// What was heard, word for word: it comes once for each stream of one person.
    #[serde(skip)]
    heard: Option<String>,
}

/// An answer of Portico, read as far as it is shown.
pub(crate) struct Answered<'a> {
    pub(crate) status: u16,
    /// Empty where it goes on.
    pub(crate) body: &'a [u8],
}

/// What Portico sends by itself.
#[derive(Clone, Copy)]
pub(crate) enum Notice<'a> {
    /// An event of a stream.
    Event { name: &'a str, data: &'a Value },
    /// A logout token, which was verified.
    LogoutToken(&'a str),
}

/// What an operator did.
pub(crate) struct Deed<'a> {
    /// The command that does the same.
    pub(crate) command: String,
    pub(crate) says: String,
    /// The visitor whom it concerns alone, by Nova's `sid`.
    pub(crate) concerns: Option<&'a str>,
}

/// All exchanges that are remembered.
pub(crate) struct Scenes {
    clock: SharedClock,
    rings: Mutex<Rings>,
    changed: watch::Sender<()>,
}

impl fmt::Debug for Scenes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenes").finish_non_exhaustive()
    }
}

impl Scenes {
    /// Remembers nothing yet.
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            rings: Mutex::new(Rings::default()),
            changed: watch::Sender::new(()),
        }
    }

    /// What people call a client.
    pub(crate) fn introduce(&self, client_id: &str, name: &'static str) {
        self.lock().introduce(client_id, name);
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Records a request that began at `began`, and its answer, where one came.
    pub(crate) fn record(
        &self,
        party: &Party,
        asked: &Asked,
        began: Instant,
        answer: Option<&Answered<'_>>,
    ) {
        let body = answer
            .and_then(|answer| serde_json::from_slice(answer.body).ok())
            .unwrap_or(Value::Null);
        let status = answer.map(|answer| answer.status);
        let took = self.clock.now().since(began).as_millis().max(0);
        let mut rings = self.lock();
        let Some(whose) = rings.whose(party, asked, &body) else {
            return;
        };
        let told = Told {
            party,
            program: asked.parameter("audience").and_then(|id| rings.name_of(id)),
        };
        let exchange = Exchange {
            number: 0,
            at: began,
            manner: Manner::Asked,
            who: party.slug,
            name: party.name,
            what: asked.what(),
            status,
            took: status.map(|_| took),
            says: told.of_exchange(asked, status, &body),
            parts: masked::of_exchange(asked, &body),
            heard: None,
        };
        self.keep(rings, whose, exchange);
    }

    /// Records what Portico sent by itself to the stay `sid` of a person at `party`.
    pub(crate) fn heard(&self, party: &Party, sid: &str, notice: Notice<'_>) {
        let rings = self.lock();
        let Some(whose) = rings.of_stay(party, sid) else {
            return;
        };
        let now = self.clock.now();
        let about = match notice {
            Notice::Event { data, .. } => data["client_id"].as_str(),
            Notice::LogoutToken(_) => None,
        };
        let told = Told {
            party,
            program: about.and_then(|id| rings.name_of(id)),
        };
        let (what, took, says, parts, heard) = match notice {
            Notice::Event { name, data } => (
                name,
                data["at"].as_i64().map(Instant::from_millis),
                told.of_event(name, data),
                masked::of_event(data),
                Some(data.to_string()),
            ),
            Notice::LogoutToken(token) => (
                "logout_token",
                None,
                told.of_logout_token(),
                masked::of_logout_token(token),
                None,
            ),
        };
        let exchange = Exchange {
            number: 0,
            at: now,
            manner: Manner::Heard,
            who: party.slug,
            name: party.name,
            what: what.to_owned(),
            status: None,
            took: took.map(|at| now.since(at).as_millis().max(0)),
            says,
            parts,
            heard,
        };
        self.keep(rings, whose, exchange);
    }

    /// Records what an operator did.
    pub(crate) fn done(&self, deed: Deed<'_>) {
        let whose = deed
            .concerns
            .map_or(Whose::Everybodys, |sid| Whose::OfVisitor(sid.to_owned()));
        let exchange = Exchange {
            number: 0,
            at: self.clock.now(),
            manner: Manner::Done,
            who: "operator",
            name: "Operator",
            what: deed.command,
            status: None,
            took: None,
            says: deed.says,
            parts: Vec::new(),
            heard: None,
        };
        self.keep(self.lock(), whose, exchange);
    }

    /// What the visitor with this `sid` at Nova may see of what came after a number.
    pub(crate) fn after(&self, sid: &str, number: u64) -> Vec<Arc<Exchange>> {
        self.lock().after(sid, number)
    }

    /// Hears that there is something new.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn keep(&self, mut rings: MutexGuard<'_, Rings>, whose: Whose, exchange: Exchange) {
        rings.keep(whose, exchange);
        drop(rings);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
