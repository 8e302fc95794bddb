//! What every node knows without asking: what has ended, the clients, the tokens seen before, who
//! listens to what ends, how fresh all of that is, and what time it is.
//!
//! Pure memory: no I/O. Only `job/tail` and start-up write what comes from the event log;
//! requests read, and fill the caches with what they had to look up. Every cache is bounded.

pub mod clients;
pub mod ended;
pub mod fence;
pub mod freshness;
pub mod history;
pub mod node_time;
pub mod session_watches;
pub mod subjects;
pub mod verified_tokens;

use std::sync::Arc;

use domain::event::effect::{Effect, Reload};
use domain::event::{LoggedEvent, TooNew};
use foundation::clock::Span;

use clients::Clients;
use ended::Ended;
use fence::Fence;
use freshness::Freshness;
use history::KnownHistory;
use node_time::NodeTime;
use session_watches::{SessionWatches, WatchLimits};
use subjects::Subjects;
use verified_tokens::VerifiedTokens;

/// One node's memory.
#[derive(Debug)]
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
    /// To which history of the log all of this belongs.
    pub history: KnownHistory,
    /// What time it is.
    pub time: Arc<NodeTime>,
    /// Who may write what comes from the log.
    pub fence: Fence,
    /// Who listens to session events.
    pub watches: Arc<SessionWatches>,
}

impl Live {
    /// An empty memory, which is not fresh.
    pub fn new(time: Arc<NodeTime>) -> Self {
        Self {
            ended: Ended::default(),
            clients: Clients::default(),
            verified_tokens: VerifiedTokens::default(),
            subjects: Subjects::default(),
            freshness: Freshness::default(),
            history: KnownHistory::default(),
            time,
            fence: Fence::default(),
            watches: Arc::default(),
        }
    }

    /// The same, with room for so many who listen.
    #[must_use]
    pub fn with_watches(self, limits: WatchLimits) -> Self {
        Self {
            watches: Arc::new(SessionWatches::bounded(limits)),
            ..self
        }
    }

    /// Obeys an event that arrived at this moment of the boot clock. Events come in the order of their
    /// positions; one that comes twice does no harm. After the last event of a page,
    /// [`Freshness::confirm`] tells everybody.
    ///
    /// New keys are not part of this memory: on [`Reload::Keys`] the caller reads them, puts them in
    /// place, and then calls [`VerifiedTokens::clear`]. Profiles are kept by nobody.
    ///
    /// # Errors
    /// The event needs a newer program. Nothing is fresh any more, and the caller confirms nothing.
    pub fn apply(&self, logged: &LoggedEvent, arrived: Span) -> Result<(), TooNew> {
        let effect = logged.effect.as_ref().map_err(|too_new| {
            self.freshness.lose();
            *too_new
        })?;
        self.ended.apply(effect, logged.position, arrived);
        match effect {
            Effect::Reload(Reload::Client(id)) => self.clients.invalidate(id, logged.position),
            Effect::Reload(Reload::Keys | Reload::Profile(_))
            | Effect::End(_)
            | Effect::NotBefore(_)
            | Effect::Narrow { .. } => {}
        }
        Ok(())
    }

    /// Forgets everything, because the log no longer continues what was read (failover to an older
    /// copy, restore): the window is loaded again, and until that is confirmed nothing is fresh.
    pub fn clear(&self) {
        self.freshness.lose();
        self.watches.lose_the_log();
        self.ended.clear();
        self.clients.clear();
        self.verified_tokens.clear();
        self.subjects.clear();
    }
}
