//! How fast one person who is signed in can make this server write. Everything that they write is
//! bounded in number and size where it is written; this bounds how often.
//!
//! A program can send a browser to the authorization endpoint as often as it likes, so what that uses up
//! is no part of what the person's own forms are counted by: taking back is never out of reach.

use std::num::NonZeroU32;
use std::sync::Arc;

use foundation::clock::{SharedClock, Span};
use foundation::id::{SessionId, UserId};

use crate::browser::SignedIn;
use crate::limits::Limits;
use crate::parts::Parts;

/// Authorization requests of one session at once: as many as its programs would open in a minute.
const OF_SESSION: NonZeroU32 = NonZeroU32::new(300).expect("not zero");
/// And one comes back after this.
const SESSION_EVERY: Span = Span::millis(200);
/// Those of one person, in all of their sessions.
const OF_PERSON: NonZeroU32 = NonZeroU32::new(600).expect("not zero");
const PERSON_EVERY: Span = Span::millis(100);
/// Forms of one person at once. Each can leave a receipt, which is kept for good.
const FORMS: NonZeroU32 = NonZeroU32::new(120).expect("not zero");
const FORMS_EVERY: Span = Span::seconds(5);

/// Sessions that one person begins at once. Each is kept for a while after it has ended.
const SIGN_INS: NonZeroU32 = NonZeroU32::new(300).expect("not zero");
const SIGN_INS_EVERY: Span = Span::seconds(10);

/// What is left to each person.
#[derive(Clone)]
pub(crate) struct Pace(Option<Arc<Kept>>);

struct Kept {
    requests_of_session: Limits<SessionId>,
    requests_of_person: Limits<UserId>,
    forms: Limits<UserId>,
    sign_ins: Limits<UserId>,
}

impl Pace {
    pub(crate) fn new(parts: &Parts) -> Self {
        let limited = parts.policy.rate_limits;
        Self(limited.then(|| Arc::new(Kept::new(&parts.clock))))
    }

    /// Counts a step of an authorization request; gives how long to wait if there were too many.
    pub(crate) fn request(&self, who: &SignedIn) -> Option<Span> {
        let taken = self.0.as_ref()?.request(who.session.id, who.user.id);
        counted("requests_of_person", taken)
    }

    /// Counts a form that was sent; gives how long to wait if there were too many.
    pub(crate) fn form(&self, who: &SignedIn) -> Option<Span> {
        counted("forms_of_person", self.0.as_ref()?.forms.take(&who.user.id))
    }

    /// Counts a session that begins, of somebody who knew their password; gives how long to wait if
    /// there were too many.
    pub(crate) fn sign_in(&self, who: UserId) -> Option<Span> {
        counted("sign_ins_of_person", self.0.as_ref()?.sign_ins.take(&who))
    }
}

impl Kept {
    fn new(clock: &SharedClock) -> Self {
        let clock = || Arc::clone(clock);
        Self {
            requests_of_session: Limits::new(clock(), OF_SESSION, SESSION_EVERY),
            requests_of_person: Limits::new(clock(), OF_PERSON, PERSON_EVERY),
            forms: Limits::new(clock(), FORMS, FORMS_EVERY),
            sign_ins: Limits::new(clock(), SIGN_INS, SIGN_INS_EVERY),
        }
    }

    /// A session that has used up its own uses up nothing of what the others have.
    fn request(&self, session: SessionId, person: UserId) -> Result<(), Span> {
        self.requests_of_session.take(&session)?;
        self.requests_of_person.take(&person)
    }
}

fn counted(under: &'static str, taken: Result<(), Span>) -> Option<Span> {
    let wait = taken.err();
    if wait.is_some() {
        metrics::counter!("portico_throttled_total", "counted_under" => under).increment(1);
    }
    wait
}

#[cfg(test)]
mod tests {
    use foundation::clock::{Instant, ManualClock};
    use foundation::entropy::SeededEntropy;

    use super::*;

    #[test]
    fn a_person_has_so_much_in_all_sessions_and_one_session_leaves_the_others_theirs() {
        let now = Instant::from_seconds(1_800_000_000);
        let (clock, entropy) = (Arc::new(ManualClock::at(now)), SeededEntropy::new(1));
        let shared: SharedClock = clock.clone();
        let kept = Kept::new(&shared);
        let session = || SessionId::new(now, &entropy);
        let (ada, eve) = (UserId::new(now, &entropy), UserId::new(now, &entropy));
        let steps = |session, who, times: usize| {
            let is_taken = |_: &usize| kept.request(session, who).is_ok();
            (0..times).filter(is_taken).count()
        };
        let (first, second, third) = (session(), session(), session());
        assert_eq!(steps(first, ada, 5000), 300);
        assert_eq!(
            steps(second, ada, 300),
            300,
            "the first one's refusals cost nothing"
        );
        assert_eq!(steps(third, ada, 300), 0, "the person's are used up");
        assert_eq!(steps(session(), eve, 300), 300);
        clock.advance(Span::seconds(10));
        assert_eq!(steps(first, ada, 300), 50, "five a second");
        assert_eq!(steps(second, ada, 300), 50);
        assert_eq!(steps(session(), ada, 300), 0, "ten a second in all");
    }

    #[test]
    fn sessions_are_begun_at_a_pace_and_forms_have_their_own() {
        let now = Instant::from_seconds(1_800_000_000);
        let clock = Arc::new(ManualClock::at(now));
        let shared: SharedClock = clock.clone();
        let pace = Pace(Some(Arc::new(Kept::new(&shared))));
        let ada = UserId::new(now, &SeededEntropy::new(1));
        let begun = (0..400).filter(|_| pace.sign_in(ada).is_none()).count();
        assert_eq!(begun, 300);
        assert_eq!(pace.sign_in(ada), Some(SIGN_INS_EVERY));
        let kept = pace.0.as_ref().expect("it is on");
        assert_eq!(kept.forms.take(&ada), Ok(()));
        clock.advance(SIGN_INS_EVERY);
        assert_eq!(
            (pace.sign_in(ada), pace.sign_in(ada)),
            (None, Some(SIGN_INS_EVERY))
        );
    }
}
