//! A program's own browser sessions: what belongs to the random value in its cookie. In memory,
//! bounded, by digest, so that the cookies themselves are nowhere to be read; and which stays are over.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

mod ended_stays;

use foundation::base64url;
use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::entropy::{self, Entropy};
use foundation::secret::SecretText;

use crate::relying_party::{EndedStay, PendingAuthorization, Tokens};
use ended_stays::EndedStays;

/// How many browsers are remembered; past it the one not seen for longest is forgotten.
const MAX_SESSIONS: usize = 5_000;
/// How many unanswered authorization requests one browser may have: a few open tabs.
const MAX_PENDING: usize = 16;
/// A browser that is not seen for so long is forgotten.
const IDLE: Span = Span::hours(12);

/// All browser sessions of one site.
#[derive(Default)]
pub(crate) struct Sessions {
    by_digest: Mutex<HashMap<TokenDigest, Session>>,
    /// Those that Portico said are over: whoever comes in late finds the door closed.
    ended: EndedStays,
}

/// One browser's session.
struct Session {
    seen: Instant,
    pending: Vec<PendingAuthorization>,
    stage: Stage,
    form_token: SecretText,
    notice: Option<String>,
}

/// How far a session is.
///
/// ```text
/// Stranger ──(authorization redeemed)──► SignedIn ──(Portico says inactive)──► Ended
///                                           ▲─────────(opened again)──────────────┘
/// ```
#[derive(Clone)]
enum Stage {
    Stranger,
    SignedIn(Box<Tokens>),
    /// Of the stay, only its `sid` is left.
    Ended(Option<String>),
}

/// What a request finds behind its cookie.
pub(crate) enum Found {
    /// No session, or one that has not signed in yet.
    Nobody,
    /// Somebody was signed in here, and Portico has ended it.
    Ended,
    /// Somebody is signed in, as far as this site knows.
    SignedIn {
        tokens: Box<Tokens>,
        /// For the hidden field of this session's forms.
        form_token: SecretText,
    },
}

impl Sessions {
    /// Remembers an authorization request for the browser with this cookie. Answers with a cookie
    /// to set, where the browser has none that is known.
    pub(crate) fn begin(
        &self,
        cookie: Option<&str>,
        pending: PendingAuthorization,
        now: Instant,
        entropy: &dyn Entropy,
    ) -> Option<SecretText> {
        let mut sessions = self.lock();
        if let Some(session) = cookie.and_then(|c| live(&mut sessions, c, now)) {
            if session.pending.len() == MAX_PENDING {
                session.pending.remove(0);
            }
            session.pending.push(pending);
            return None;
        }
        let cookie = random(entropy);
        let session = Session {
            pending: vec![pending],
            ..Session::new(Stage::Stranger, now, entropy)
        };
        keep(&mut sessions, cookie.digest(), session, now);
        Some(cookie)
    }

    /// Takes back the request that a response with this `state` answers. Each is taken once.
    pub(crate) fn take_pending(
        &self,
        cookie: &str,
        state: &str,
        now: Instant,
    ) -> Option<PendingAuthorization> {
        let mut sessions = self.lock();
        let session = live(&mut sessions, cookie, now)?;
        let index = session.pending.iter().position(|p| p.belongs_to(state))?;
        Some(session.pending.remove(index))
    }

    /// Signs a browser in: its old cookie is worthless from here on (against fixation), the new
    /// one is answered. Requests that other tabs wait for move along.
    pub(crate) fn sign_in(
        &self,
        old_cookie: &str,
        tokens: Tokens,
        notice: Option<String>,
        now: Instant,
        entropy: &dyn Entropy,
    ) -> SecretText {
        let mut sessions = self.lock();
        let old = sessions.remove(&TokenDigest::of(old_cookie));
        let cookie = random(entropy);
        let again = old.as_ref().is_some_and(|old| old.is_stay_of(&tokens));
        let stage = match self.ended.contains(tokens.sid.as_deref(), now) {
            true => Stage::Ended(tokens.sid),
            false => Stage::SignedIn(Box::new(tokens)),
        };
        let mut session = Session::new(stage, now, entropy);
        // The same person in the same stay: forms in other tabs are still theirs.
        if let Some(old) = old.as_ref().filter(|_| again) {
            session.form_token = old.form_token.clone();
        }
        session.pending = old.map(|s| s.pending).unwrap_or_default();
        session.notice = notice;
        keep(&mut sessions, cookie.digest(), session, now);
        cookie
    }

    /// What is behind a cookie.
    pub(crate) fn find(&self, cookie: &str, now: Instant) -> Found {
        match live(&mut self.lock(), cookie, now) {
            None => Found::Nobody,
            Some(session) => match &session.stage {
                Stage::Stranger => Found::Nobody,
                Stage::Ended(_) => Found::Ended,
                Stage::SignedIn(tokens) => Found::SignedIn {
                    tokens: tokens.clone(),
                    form_token: session.form_token.clone(),
                },
            },
        }
    }

    /// Keeps renewed tokens.
    pub(crate) fn renew(&self, cookie: &str, tokens: Tokens) {
        self.change(cookie, |session| {
            if matches!(session.stage, Stage::SignedIn(_)) {
                session.stage = Stage::SignedIn(Box::new(tokens));
            }
        });
    }

    /// Notes that Portico has ended it. Its tokens are forgotten.
    pub(crate) fn end(&self, cookie: &str) {
        self.change(cookie, |session| {
            if let Stage::SignedIn(tokens) = &session.stage {
                session.stage = Stage::Ended(tokens.sid.clone());
            }
        });
    }

    /// Which stay a session belongs to, or belonged to until it was ended.
    pub(crate) fn last_sid(&self, cookie: &str, now: Instant) -> Option<String> {
        match &live(&mut self.lock(), cookie, now)?.stage {
            Stage::Stranger => None,
            Stage::SignedIn(tokens) => tokens.sid.clone(),
            Stage::Ended(sid) => sid.clone(),
        }
    }

    /// Ends every session of a stay that Portico said is over, now and if it comes in late.
    pub(crate) fn end_stay(&self, stay: &EndedStay, now: Instant) {
        // First, so that who signs in at this moment either sees it or is seen below.
        self.ended.note(stay.sid.as_deref(), now);
        self.end_those(|tokens| {
            let of_person = stay
                .subject
                .as_ref()
                .is_none_or(|sub| *sub == tokens.subject);
            let of_stay = stay.sid.is_none() || stay.sid == tokens.sid;
            of_person && of_stay
        });
    }

    /// Ends every session.
    pub(crate) fn end_all(&self) {
        self.end_those(|_| true);
    }

    fn end_those(&self, is_meant: impl Fn(&Tokens) -> bool) {
        for session in self.lock().values_mut() {
            if let Stage::SignedIn(tokens) = &session.stage
                && is_meant(tokens)
            {
                session.stage = Stage::Ended(tokens.sid.clone());
            }
        }
    }

    /// Forgets everything that belongs to a cookie.
    pub(crate) fn forget(&self, cookie: &str) {
        self.lock().remove(&TokenDigest::of(cookie));
    }

    /// Leaves a line to be shown once, on the next page.
    pub(crate) fn leave_notice(&self, cookie: &str, notice: String) {
        self.change(cookie, |session| session.notice = Some(notice));
    }

    /// Takes the line that was left.
    pub(crate) fn take_notice(&self, cookie: &str) -> Option<String> {
        let mut notice = None;
        self.change(cookie, |session| notice = session.notice.take());
        notice
    }

    fn change(&self, cookie: &str, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.lock().get_mut(&TokenDigest::of(cookie)) {
            change(session);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenDigest, Session>> {
        self.by_digest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn new(stage: Stage, now: Instant, entropy: &dyn Entropy) -> Self {
        Self {
            seen: now,
            pending: Vec::new(),
            stage,
            form_token: random(entropy),
            notice: None,
        }
    }
}

impl Session {
    fn is_stay_of(&self, tokens: &Tokens) -> bool {
        match &self.stage {
            Stage::SignedIn(own) => own.subject == tokens.subject && own.sid == tokens.sid,
            Stage::Stranger | Stage::Ended(_) => false,
        }
    }
}

/// The session of a cookie, unless it idled away; seen now.
fn live<'a>(
    sessions: &'a mut HashMap<TokenDigest, Session>,
    cookie: &str,
    now: Instant,
) -> Option<&'a mut Session> {
    let session = sessions
        .get_mut(&TokenDigest::of(cookie))
        .filter(|s| now.since(s.seen) <= IDLE)?;
    session.seen = now;
    Some(session)
}

/// Stores a session, making room first.
fn keep(
    sessions: &mut HashMap<TokenDigest, Session>,
    digest: TokenDigest,
    session: Session,
    now: Instant,
) {
    if sessions.len() >= MAX_SESSIONS {
        sessions.retain(|_, s| now.since(s.seen) <= IDLE);
    }
    if sessions.len() >= MAX_SESSIONS {
        let oldest = sessions
            .iter()
            .min_by_key(|(_, s)| s.seen)
            .map(|(digest, _)| *digest);
        if let Some(oldest) = oldest {
            sessions.remove(&oldest);
        }
    }
    sessions.insert(digest, session);
}

/// 256 random bits.
fn random(entropy: &dyn Entropy) -> SecretText {
    SecretText::new(base64url::encode(&entropy::bytes::<32>(entropy)))
}

#[cfg(test)]
mod tests {
    use foundation::entropy::SeededEntropy;

    use super::*;
    use crate::relying_party::samples;

    const NOW: Instant = Instant::from_seconds(1_000);

    fn begun(sessions: &Sessions, entropy: &SeededEntropy) -> SecretText {
        sessions
            .begin(None, samples::pending("one"), NOW, entropy)
            .expect("a browser without a cookie gets one")
    }

    #[test]
    fn an_answer_is_taken_once_and_only_in_its_own_browser() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(1));
        let cookie = begun(&sessions, &entropy);
        let other = begun(&sessions, &entropy);
        assert!(
            sessions
                .begin(
                    Some(cookie.expose()),
                    samples::pending("two"),
                    NOW,
                    &entropy
                )
                .is_none()
        );
        assert!(sessions.take_pending(other.expose(), "two", NOW).is_none());
        assert!(
            sessions
                .take_pending(cookie.expose(), "three", NOW)
                .is_none()
        );
        assert!(sessions.take_pending(cookie.expose(), "two", NOW).is_some());
        assert!(sessions.take_pending(cookie.expose(), "two", NOW).is_none());
    }

    #[test]
    fn signing_in_changes_the_cookie_and_keeps_other_tabs_waiting() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(2));
        let before = begun(&sessions, &entropy);
        let after = sessions.sign_in(before.expose(), samples::tokens("ada"), None, NOW, &entropy);
        assert_ne!(before.expose(), after.expose());
        assert!(matches!(sessions.find(before.expose(), NOW), Found::Nobody));
        assert!(matches!(
            sessions.find(after.expose(), NOW),
            Found::SignedIn { .. }
        ));
        assert!(sessions.take_pending(after.expose(), "one", NOW).is_some());
    }

    #[test]
    fn an_ended_session_stays_locked_until_it_is_opened_again() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(3));
        let cookie = begun(&sessions, &entropy);
        let cookie = sessions.sign_in(cookie.expose(), samples::tokens("ada"), None, NOW, &entropy);
        sessions.end(cookie.expose());
        assert!(matches!(sessions.find(cookie.expose(), NOW), Found::Ended));
        sessions.renew(cookie.expose(), samples::tokens("ada"));
        assert!(
            matches!(sessions.find(cookie.expose(), NOW), Found::Ended),
            "a late renewal revives nothing"
        );
        let cookie = sessions.sign_in(cookie.expose(), samples::tokens("ada"), None, NOW, &entropy);
        assert!(matches!(
            sessions.find(cookie.expose(), NOW),
            Found::SignedIn { .. }
        ));
    }

    #[test]
    fn a_stay_that_is_over_ends_wherever_it_is_and_lets_nobody_in_late() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(6));
        let signs_in = |subject: &str, sid: &str| {
            let tokens = Tokens {
                sid: Some(sid.to_owned()),
                ..samples::tokens(subject)
            };
            sessions.sign_in(
                begun(&sessions, &entropy).expose(),
                tokens,
                None,
                NOW,
                &entropy,
            )
        };
        let is_in = |cookie: &SecretText| {
            matches!(sessions.find(cookie.expose(), NOW), Found::SignedIn { .. })
        };
        let end = |subject: Option<&str>, sid: Option<&str>| {
            let [subject, sid] = [subject, sid].map(|text| text.map(str::to_owned));
            sessions.end_stay(&EndedStay { subject, sid }, NOW);
        };
        let (phone, laptop, other) = (
            signs_in("ada", "s1"),
            signs_in("ada", "s2"),
            signs_in("bob", "s3"),
        );
        end(Some("bob"), Some("s1"));
        assert!(is_in(&phone), "it names another person's");
        end(Some("ada"), Some("s2"));
        assert!(is_in(&phone) && !is_in(&laptop) && is_in(&other));
        assert!(!is_in(&signs_in("ada", "s2")), "the code was redeemed late");
        assert!(is_in(&signs_in("ada", "s4")), "she came back");
        end(Some("ada"), None);
        assert!(!is_in(&phone) && is_in(&other));
        sessions.end_all();
        assert!(!is_in(&other));
    }

    #[test]
    fn idle_browsers_are_forgotten_and_memory_is_bounded() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(4));
        let first = begun(&sessions, &entropy);
        let later = NOW + IDLE + Span::seconds(1);
        assert!(
            sessions
                .take_pending(first.expose(), "one", later)
                .is_none()
        );
        for i in 0..MAX_SESSIONS as i64 + 10 {
            sessions.begin(None, samples::pending("n"), NOW + Span::millis(i), &entropy);
        }
        assert_eq!(sessions.lock().len(), MAX_SESSIONS);
    }

    #[test]
    fn a_notice_is_shown_once() {
        let (sessions, entropy) = (Sessions::default(), SeededEntropy::new(5));
        let cookie = begun(&sessions, &entropy);
        sessions.leave_notice(cookie.expose(), "Thank you.".to_owned());
        assert_eq!(
            sessions.take_notice(cookie.expose()).as_deref(),
            Some("Thank you.")
        );
        assert_eq!(sessions.take_notice(cookie.expose()), None);
    }
}
