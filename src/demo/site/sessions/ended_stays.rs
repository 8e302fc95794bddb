//! Which stays are over, for those who come in with a code that was redeemed before the end and kept after it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use foundation::clock::{Instant, Span};

/// Longer than a code and a redemption can take.
const REMEMBERED: Span = Span::minutes(62);
/// Past so many the oldest is forgotten.
const MAX_STAYS: usize = 5_000;

/// The stays, by their `sid`, which is never used for a second one.
#[derive(Default)]
pub(super) struct EndedStays(Mutex<HashMap<String, Instant>>);

impl EndedStays {
    /// Notes that a stay is over.
    pub(super) fn note(&self, sid: Option<&str>, now: Instant) {
        let Some(sid) = sid else { return };
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, at| now.since(*at) <= REMEMBERED);
        if ended.len() >= MAX_STAYS {
            let oldest = ended.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(sid, _)| sid.clone()) {
                ended.remove(&oldest);
            }
        }
        ended.insert(sid.to_owned(), now);
    }

    /// Whether a stay is over.
    pub(super) fn contains(&self, sid: Option<&str>, now: Instant) -> bool {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sid.and_then(|sid| ended.get(sid))
            .is_some_and(|at| now.since(*at) <= REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_for_an_hour_and_so_many() {
        let now = Instant::from_seconds(1_000);
        let ended = EndedStays::default();
        ended.note(Some("s"), now);
        assert!(ended.contains(Some("s"), now + REMEMBERED));
        assert!(!ended.contains(Some("s"), now + REMEMBERED + Span::millis(1)));
        assert!(!ended.contains(None, now));
        // Each later than the one before, so that there is one oldest.
        for number in 1..=MAX_STAYS as i64 {
            ended.note(Some(&number.to_string()), now + Span::millis(number));
        }
        let later = now + Span::seconds(10);
        assert!(!ended.contains(Some("s"), later) && ended.contains(Some("1"), later));
    }
}
