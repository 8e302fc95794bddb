//! How fast one person who is signed in can make this server write. Everything that they write is
//! bounded in number and size where it is written; this bounds how often.
//!
//! A program can send a browser to the authorization endpoint as often as it likes, so what that uses up
//! is no part of what the person's own forms are counted by: taking back is never out of reach.

use std::num::NonZeroU32;
use std::sync::Arc;

use foundation::clock::Span;
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

/// What is left to each person.
#[derive(Clone)]
pub(crate) struct Pace(Option<Arc<Kept>>);

struct Kept {
    requests_of_session: Limits<SessionId>,
    requests_of_person: Limits<UserId>,
    forms: Limits<UserId>,
}

impl Pace {
    pub(crate) fn new(parts: &Parts) -> Self {
        let clock = || Arc::clone(&parts.clock);
        Self(parts.policy.rate_limits.then(|| {
            Arc::new(Kept {
                requests_of_session: Limits::new(clock(), OF_SESSION, SESSION_EVERY),
                requests_of_person: Limits::new(clock(), OF_PERSON, PERSON_EVERY),
                forms: Limits::new(clock(), FORMS, FORMS_EVERY),
            })
        }))
    }

    /// Counts a step of an authorization request; gives how long to wait if there were too many.
    pub(crate) fn request(&self, who: &SignedIn) -> Option<Span> {
        let kept = self.0.as_ref()?;
        let of_session = kept.requests_of_session.take(&who.session.id);
        // One session does not use up what the others have.
        let taken = of_session.and_then(|()| kept.requests_of_person.take(&who.user.id));
        counted("requests_of_person", taken)
    }

    /// Counts a form that was sent; gives how long to wait if there were too many.
    pub(crate) fn form(&self, who: &SignedIn) -> Option<Span> {
        counted("forms_of_person", self.0.as_ref()?.forms.take(&who.user.id))
    }
}

fn counted(under: &'static str, taken: Result<(), Span>) -> Option<Span> {
    let wait = taken.err();
    if wait.is_some() {
        metrics::counter!("portico_throttled_total", "counted_under" => under).increment(1);
    }
    wait
}
