//! Beginning a session once somebody has proved who they are.

use std::net::IpAddr;
use std::sync::Arc;

use domain::audit::{ActedBy, AuditEntry};
use domain::authentication::Authentication;
use domain::interaction::is_same_press;
use domain::lifetimes::Lifetimes;
use domain::session::{EndReason, Session};
use domain::user::User;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, SessionId, UserId};
use foundation::secret::{SecretKind, SecretText};
use keys::key_ring::Keys;
use serde_json::json;
use store::Store;

use crate::browser::{Browser, CookieChanges, SignedIn};
use crate::memory::Memory;
use crate::parts::Parts;
use crate::sessions::end_in;
use crate::throttle::Counters;

/// Begins sessions.
#[derive(Clone)]
pub(crate) struct SessionStart {
    store: Store,
    memory: Memory,
    keys: Arc<Keys>,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
}

impl SessionStart {
    pub(crate) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            keys: Arc::clone(&parts.keys),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
        }
    }

    /// Begins a session, or refreshes the one that the same person has in this browser. The cookie
    /// is new in any case, but for the form of a page that comes once more: a browser that gave up the
    /// first answer must not be left with a session of which it has no cookie, nor with two. Whatever
    /// else this browser began as the same person ends: it has one cookie, and reaches one.
    ///
    /// `None` if the account is not any more what was proved: it was switched off, or has another
    /// password.
    pub(crate) async fn session(
        &self,
        user: User,
        authentication: Authentication,
        counters: Counters,
        browser: &Browser,
        page: &str,
    ) -> Result<Option<(SignedIn, CookieChanges)>, Fault> {
        let (now, lifetimes) = (authentication.at(), self.lifetimes);
        let of_page = self.cookies_of(page, browser, user.id);
        let fresh = SecretKind::SessionCookie.issue(self.entropy.as_ref());
        let (known, known_digest) = of_page.known;
        let known_before = browser.known_digest();
        let new = Session {
            id: SessionId::new(now, self.entropy.as_ref()),
            user_id: user.id,
            authentication,
            created_at: now,
            last_seen_at: now.floor_to_minute(),
            expires_at: Session::end_of_life(now, now, lifetimes.session, lifetimes.session_idle),
            user_agent: browser.user_agent.chars().take(200).collect(),
            ended: None,
        };
        let address = browser.address;
        let place = SessionPlace {
            before: browser.session_digest(),
            browser: browser.pre_session_digest(),
        };
        let (audit, user_id) = (AuditId::new(now, self.entropy.as_ref()), user.id);
        let proved = user.password_hash.clone();
        let written = self.store.write(move |tx| {
            let account = store::users::lock(tx, user_id)?;
            if !account.is_some_and(|now| now.is_active() && now.password_hash == proved) {
                return Ok(None);
            }
            counters.clear(tx)?;
            store::known_browsers::insert(tx, known_before.unwrap_or(known_digest), user_id, now)?;
            // The cookie of the page; a fresh one where that was used up.
            for (cookie, digest) in [of_page.session, fresh] {
                match begun_by(tx, digest, now)? {
                    Begun::Now(session) => return Ok(Some((session, cookie, false))),
                    Begun::Before => continue,
                    Begun::Not => {}
                }
                let new = new.clone();
                if let Some(session) = replace_session(tx, place, new, digest, &lifetimes)? {
                    store::audit::insert(tx, &started_entry(&session, now, address), audit)?;
                    return Ok(Some((session, cookie, true)));
                }
                // Another answer to the same page began it in this moment.
                if let Begun::Now(session) = begun_by(tx, digest, now)? {
                    return Ok(Some((session, cookie, false)));
                }
            }
            Err(Fault::broken("a fresh cookie opens a session already"))
        });
        let written = written.await?;
        self.memory.settled(written.position).await;
        let Some((session, cookie, is_new)) = written.value else {
            return Ok(None);
        };
        if is_new {
            metrics::counter!("portico_sign_ins_total", "result" => "signed_in").increment(1);
        }
        let cookies = CookieChanges {
            session: Some(cookie),
            known: known_before.is_none().then_some(known),
            ..CookieChanges::default()
        };
        let signed_in = SignedIn {
            session,
            user,
            address,
        };
        Ok(Some((signed_in, cookies)))
    }

    /// The cookies that a page gives to who signs in on it. Nobody can know them without our key and the
    /// browser's own secret, and the same answer to the same page gets the same ones.
    fn cookies_of(&self, page: &str, browser: &Browser, user: UserId) -> PageCookies {
        let own_secret = browser.pre_session.as_ref().map_or("", SecretText::expose);
        let parts = [own_secret.as_bytes(), page.as_bytes(), user.as_bytes()];
        let keys = self.keys.current();
        let cookie = |kind: SecretKind, label| kind.of_bits(keys.bits_of_step(label, &parts));
        PageCookies {
            session: cookie(SecretKind::SessionCookie, "session cookie"),
            known: cookie(SecretKind::KnownBrowserCookie, "known browser cookie"),
        }
    }
}

/// The cookies that a page gives, with their digests.
struct PageCookies {
    session: (SecretText, TokenDigest),
    known: (SecretText, TokenDigest),
}

/// Whether a page has begun a session.
enum Begun {
    /// A moment ago, and it stands: this is the same press of the button.
    Now(Session),
    /// Longer ago, or it has ended: the page is used again, and its cookie is not.
    Before,
    /// It has not.
    Not,
}

/// Whether the cookie of a page has begun a session.
fn begun_by(
    tx: &mut store::Transaction<'_>,
    cookie: TokenDigest,
    now: Instant,
) -> Result<Begun, Fault> {
    let found = store::sessions::find_by_cookie(tx, cookie)?;
    Ok(match found {
        None => Begun::Not,
        Some((session, _))
            if session.is_live(now) && is_same_press(session.authentication.at(), now) =>
        {
            Begun::Now(session)
        }
        Some(_) => Begun::Before,
    })
}

/// Where a session begins.
#[derive(Clone, Copy)]
struct SessionPlace {
    /// The session cookie that the browser sent.
    before: Option<TokenDigest>,
    /// The browser itself.
    browser: Option<TokenDigest>,
}

/// The session after a sign-in: the same one with a new cookie if the person was signed in here
/// already, else a new one in place of whatever was there; `None` if the cookie opens one by now.
fn replace_session(
    tx: &mut store::Transaction<'_>,
    place: SessionPlace,
    new: Session,
    cookie: TokenDigest,
    lifetimes: &Lifetimes,
) -> Result<Option<Session>, Fault> {
    let now = new.authentication.at();
    let old = match place.before {
        Some(before) => store::sessions::find_by_cookie(tx, before)?.map(|(session, _)| session),
        None => None,
    };
    if let Some(old) = old.filter(|s| s.is_live(now)) {
        let end = Session::end_of_life(
            old.created_at,
            now,
            lifetimes.session,
            lifetimes.session_idle,
        );
        if old.user_id == new.user_id
            && store::sessions::reauthenticated(tx, old.id, cookie, &new.authentication, end)?
        {
            return Ok(Some(Session {
                authentication: new.authentication,
                expires_at: end,
                ..old
            }));
        }
        let reason = match old.user_id == new.user_id {
            true => EndReason::Replaced,
            false => EndReason::UserChanged,
        };
        end_in(tx, old.id, old.user_id, now, reason)?;
    }
    if !store::sessions::insert(tx, &new, cookie)? {
        return Ok(None);
    }
    metrics::counter!("portico_sessions_started_total").increment(1);
    if let Some(browser) = place.browser {
        for extra in store::sessions::live_of_browser(tx, new.user_id, browser, now)? {
            end_in(tx, extra.id, extra.user_id, now, EndReason::Replaced)?;
        }
        store::sessions::note_browser(tx, new.id, browser)?;
    }
    Ok(Some(new))
}

fn started_entry(session: &Session, now: Instant, address: Option<IpAddr>) -> AuditEntry {
    let by = ActedBy::person(session.user_id, address);
    let authentication = &session.authentication;
    AuditEntry::new(now, by, "session.started")
        .of_user(session.user_id)
        .with(json!({ "acr": authentication.acr(), "amr": authentication.amr() }))
}
