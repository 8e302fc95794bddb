//! Beginning a session once somebody has proved who they are.

use std::net::IpAddr;
use std::sync::Arc;

use domain::audit::{ActedBy, AuditEntry};
use domain::authentication::Authentication;
use domain::lifetimes::Lifetimes;
use domain::session::{EndReason, Session};
use domain::user::User;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, SessionId};
use foundation::secret::SecretKind;
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
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
}

impl SessionStart {
    pub(crate) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
        }
    }

    /// Begins a session, or refreshes the one that the same person has in this browser. The cookie
    /// is new in any case.
    pub(crate) async fn session(
        &self,
        user: User,
        authentication: Authentication,
        counters: Counters,
        browser: &Browser,
    ) -> Result<(SignedIn, CookieChanges), Fault> {
        let (now, lifetimes) = (authentication.at(), self.lifetimes);
        let (cookie, digest) = SecretKind::SessionCookie.issue(self.entropy.as_ref());
        let (known, known_digest) = SecretKind::KnownBrowserCookie.issue(self.entropy.as_ref());
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
        let (before, audit, user_id) = (
            browser.session_digest(),
            AuditId::new(now, self.entropy.as_ref()),
            user.id,
        );
        let written = self.store.write(move |tx| {
            counters.clear(tx)?;
            let session = replace_session(tx, before, new, digest, &lifetimes)?;
            store::known_browsers::insert(tx, known_before.unwrap_or(known_digest), user_id, now)?;
            store::audit::insert(tx, &started_entry(&session, now, address), audit)?;
            Ok(session)
        });
        let written = written.await?;
        self.memory.settled(written.position).await;
        metrics::counter!("portico_sign_ins_total", "result" => "signed_in").increment(1);
        let cookies = CookieChanges {
            session: Some(cookie),
            known: known_before.is_none().then_some(known),
            ..CookieChanges::default()
        };
        Ok((
            SignedIn {
                session: written.value,
                user,
                address,
            },
            cookies,
        ))
    }
}

/// The session after a sign-in: the same one with a new cookie if the person was signed in here
/// already, else a new one in place of whatever was there.
fn replace_session(
    tx: &mut store::Transaction<'_>,
    before: Option<TokenDigest>,
    new: Session,
    cookie: TokenDigest,
    lifetimes: &Lifetimes,
) -> Result<Session, Fault> {
    let now = new.authentication.at();
    let old = match before {
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
            return Ok(Session {
                authentication: new.authentication,
                expires_at: end,
                ..old
            });
        }
        end_in(tx, old.id, old.user_id, now, EndReason::Replaced)?;
    }
    store::sessions::insert(tx, &new, cookie)?;
    metrics::counter!("portico_sessions_started_total").increment(1);
    Ok(new)
}

fn started_entry(session: &Session, now: Instant, address: Option<IpAddr>) -> AuditEntry {
    let by = ActedBy::person(session.user_id, address);
    let authentication = &session.authentication;
    AuditEntry::new(now, by, "session.started")
        .of_user(session.user_id)
        .with(json!({ "acr": authentication.acr(), "amr": authentication.amr() }))
}
