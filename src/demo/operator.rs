//! What an operator of Portico does from the drawer: the acts, and who does them. The demonstration is a
//! stranger in the house, so the command that starts it hands in somebody who may.

use std::future::Future;
use std::pin::Pin;

/// An act of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorAct {
    /// Nobody can use this mini-program any more.
    Suspend {
        /// Its client id.
        client_id: String,
    },
    /// Everybody can use it again.
    Release {
        /// Its client id.
        client_id: String,
    },
    /// Ends the session in which a person is at a client.
    EndSession(StayAt),
    /// Makes the time of that session be over: Portico's own timer ends it.
    ExpireSession(StayAt),
    /// Signs with other keys from now on.
    RotateKeys,
}

/// A person's stay at a client, by which their session is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StayAt {
    /// The client.
    pub client_id: String,
    /// The `sid` there.
    pub sid: String,
}

/// What was done: the command that does the same, such as `portico keys rotate --now`; or why not, in
/// words for people.
pub type Deeds<'a> = Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>>;

/// Somebody who acts as an operator.
pub trait Operator: Send + Sync {
    /// Does it.
    fn act(&self, act: OperatorAct) -> Deeds<'_>;
}
