//! What every node knows without asking: what has ended, the clients, the tokens seen before, and
//! how fresh all of that is.
//!
//! Pure memory: no I/O, no clock. Only `job/tail` and start-up write what comes from the event log;
//! requests read, and fill the caches with what they had to look up. Every cache is bounded.

pub mod clients;
pub mod ended;
pub mod freshness;
pub mod subjects;
pub mod verified_tokens;

use domain::event::{Event, LoggedEvent};

use clients::Clients;
use ended::Ended;
use freshness::Freshness;
use subjects::Subjects;
use verified_tokens::VerifiedTokens;

/// One node's memory.
#[derive(Debug, Default)]
pub struct Live {
    /// What has ended or was narrowed in the last hour.
    pub ended: Ended,
    /// Clients.
    pub clients: Clients,
    /// Access tokens whose signature was checked before.
    pub verified_tokens: VerifiedTokens,
    /// Pairwise identifiers.
    pub subjects: Subjects,
    /// Up to which event all of this is right, and since when that is known.
    pub freshness: Freshness,
}

impl Live {
    /// An empty memory, which is not fresh.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in an event. Events come in the order of their positions; one that comes twice does
    /// no harm. After the last event of a page, [`Freshness::confirm`] tells everybody.
    ///
    /// New keys are not part of this memory: on `KeysChanged` the caller reads them, puts them in
    /// place, and then calls [`VerifiedTokens::clear`].
    pub fn apply(&self, logged: &LoggedEvent) {
        self.ended.apply(logged);
        match &logged.event {
            Event::ClientChanged { client_id } | Event::ClientCut { client_id } => {
                self.clients.invalidate(client_id, logged.position);
            }
            Event::SessionEnded { .. }
            | Event::SessionLeft { .. }
            | Event::GrantEnded { .. }
            | Event::GrantChanged { .. }
            | Event::FamilyEnded { .. }
            | Event::TokenRevoked { .. }
            | Event::UserDisabled { .. }
            | Event::UserCut { .. }
            | Event::AllCut
            | Event::KeysChanged { .. }
            | Event::ProfileChanged { .. } => {}
        }
    }

    /// Forgets everything, because the log no longer continues what was read (failover to an older
    /// copy, restore): the window is loaded again, and until that is confirmed nothing is fresh.
    pub fn clear(&self) {
        self.freshness.lose();
        self.ended.clear();
        self.clients.clear();
        self.verified_tokens.clear();
        self.subjects.clear();
    }
}
