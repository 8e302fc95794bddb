//! A person's browser as flows see it: what its cookies say, who is signed in there, and which
//! cookies an answer changes. Names and attributes of cookies are `web`'s.

use std::net::IpAddr;

use domain::audit::ActedBy;
use domain::session::Session;
use domain::user::User;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{ClientId, SessionId};
use foundation::secret::{SecretKind, SecretText};
use store::Transaction;
use text::{Language, Wishes};

/// What a request says about the browser it comes from. The values are unverified.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// The value of the session cookie.
    pub session: Option<SecretText>,
    /// The value of the cookie of a browser on its way to sign in.
    pub pre_session: Option<SecretText>,
    /// The value of the cookie of a browser that succeeded before.
    pub known: Option<SecretText>,
    /// The cookies that web tickets gave.
    pub web_sessions: Vec<WebSessionCookie>,
    /// The browser's own words.
    pub user_agent: String,
    /// Where it asks from, as far as that is known.
    pub address: Option<IpAddr>,
    /// What it says about the language of its answer.
    pub wishes: Wishes,
}

/// A cookie that a web ticket gave.
#[derive(Clone, Debug)]
pub struct WebSessionCookie {
    /// The program that stands in its name.
    pub program: ClientId,
    /// Its value.
    pub value: SecretText,
}

impl WebSessionCookie {
    pub(crate) fn digest(&self) -> Option<TokenDigest> {
        SecretKind::WebSessionCookie.digest_of(self.value.expose())
    }
}

/// Which cookies an answer sets or clears.
#[derive(Debug, Default)]
pub struct CookieChanges {
    /// A new session cookie.
    pub session: Option<SecretText>,
    /// Whether the session cookie goes.
    pub clear_session: bool,
    /// A new pre-session cookie.
    pub pre_session: Option<SecretText>,
    /// A new cookie of a known browser.
    pub known: Option<SecretText>,
}

/// Who is signed in in a browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The live session.
    pub session: Session,
    /// Its user, who is active.
    pub user: User,
    /// Where they ask from, as far as that is known.
    pub address: Option<IpAddr>,
}

impl SignedIn {
    /// This person acts.
    pub(crate) fn acts(&self) -> ActedBy {
        ActedBy::person(self.user.id, self.address)
    }

    /// Whether the session that acts still stands, looked at in the transaction of the act. Until that
    /// ends nobody else acts for this person, so that of two acts at once the second sees the first.
    pub(crate) fn still_acts(&self, tx: &mut Transaction<'_>, now: Instant) -> Result<bool, Fault> {
        if !store::users::lock(tx, self.user.id)?.is_some_and(|user| user.is_active()) {
            return Ok(false);
        }
        let session = store::sessions::find(tx, self.session.id)?;
        Ok(session.is_some_and(|session| session.is_live(now)))
    }
}

impl Browser {
    /// The language of a page of a request, for whoever is signed in.
    pub fn language(&self, ui_locales: &[String], person: Option<&User>) -> Language {
        let setting = person.and_then(|user| user.language.as_deref());
        self.wishes.of_page(ui_locales, setting)
    }

    /// The digest of the pre-session cookie; a browser without one gets one.
    pub(crate) fn pre_session_or_new(
        &self,
        entropy: &dyn Entropy,
        cookies: &mut CookieChanges,
    ) -> TokenDigest {
        self.pre_session_digest().unwrap_or_else(|| {
            let (secret, digest) = SecretKind::PreSessionCookie.issue(entropy);
            cookies.pre_session = Some(secret);
            digest
        })
    }

    pub(crate) fn session_digest(&self) -> Option<TokenDigest> {
        SecretKind::SessionCookie.digest_of(self.session.as_ref()?.expose())
    }

    pub(crate) fn pre_session_digest(&self) -> Option<TokenDigest> {
        SecretKind::PreSessionCookie.digest_of(self.pre_session.as_ref()?.expose())
    }

    pub(crate) fn known_digest(&self) -> Option<TokenDigest> {
        SecretKind::KnownBrowserCookie.digest_of(self.known.as_ref()?.expose())
    }
}

/// Who is signed in, read on an open connection: the session must stand and its user be active.
pub(crate) fn signed_in(
    db: &mut store::Connection,
    cookie: Option<TokenDigest>,
    address: Option<IpAddr>,
    now: Instant,
) -> Result<Option<SignedIn>, Fault> {
    let Some(cookie) = cookie else {
        return Ok(None);
    };
    let found = store::sessions::find_by_cookie(db, cookie)?;
    Ok(found
        .filter(|(session, user)| session.is_live(now) && user.is_active())
        .map(|(session, user)| SignedIn {
            session,
            user,
            address,
        }))
}

/// The person of a session that goes on.
pub(crate) fn person_of(
    db: &mut store::Connection,
    session: SessionId,
    address: Option<IpAddr>,
    now: Instant,
) -> Result<Option<SignedIn>, Fault> {
    let session = store::sessions::find(db, session)?.filter(|session| session.is_live(now));
    let Some(session) = session else {
        return Ok(None);
    };
    let user = store::users::find(db, session.user_id)?.filter(|user| user.is_active());
    Ok(user.map(|user| SignedIn {
        session,
        user,
        address,
    }))
}

/// Notes that a session was used: once a minute at most, and it lives on for the idle time.
pub(crate) fn touch(
    db: &mut store::Connection,
    session: &Session,
    lifetimes: &domain::lifetimes::Lifetimes,
    now: Instant,
) -> Result<(), Fault> {
    let minute = now.floor_to_minute();
    if session.last_seen_at >= minute {
        return Ok(());
    }
    let end = Session::end_of_life(
        session.created_at,
        now,
        lifetimes.session,
        lifetimes.session_idle,
    );
    store::sessions::touch(db, session.id, minute, end)
}
