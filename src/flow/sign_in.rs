//! Signing in with a password, and choosing an account.
//!
//! An unknown person costs the same work and gets the same answer as a known one with a wrong
//! password: the same reads, one hash, the same writes.

use std::sync::Arc;

use domain::audit::{Actor, AuditEntry};
use domain::client::Client;
use domain::event::Event;
use domain::identity;
use domain::lifetimes::Lifetimes;
use domain::session::{ACR_PASSWORD, EndReason, Session};
use domain::sign_in::Throttle;
use domain::user::User;
use foundation::clock::{Instant, Span};
use foundation::digest::{TokenDigest, sha256_of_parts};
use foundation::fault::Fault;
use foundation::id::{AuditId, Position, SessionId, UserId};
use foundation::secret::{SecretKind, SecretText};
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use serde_json::json;

use crate::Flows;
use crate::authorize::{Outcome, PageSetting, Routed, ShownError, Underway};
use crate::browser::{Browser, CookieChanges, SignedIn};
use crate::decide_consent::PageOr;
use crate::step::{self, Hop, PageStep, SignInTarget};

/// What the sign-in page shows.
#[derive(Debug)]
pub struct SignInView {
    /// The program that it leads to; none for the account pages.
    pub client: Option<Arc<Client>>,
    /// What the request says about who is expected.
    pub login_hint: Option<String>,
    /// Who is signed in and asked again.
    pub again: Option<SignedIn>,
    /// The token of the form.
    pub step: String,
    /// How it is framed and worded.
    pub setting: PageSetting,
}

/// What the chooser shows.
#[derive(Debug)]
pub struct ChooserView {
    /// The program that it leads to.
    pub client: Arc<Client>,
    /// The account to go on with.
    pub signed_in: SignedIn,
    /// What that person is called.
    pub person: String,
    /// The token of the form.
    pub step: String,
    /// How it is framed and worded.
    pub setting: PageSetting,
}

/// What came of a try to sign in.
#[derive(Debug)]
pub enum SignInAnswer {
    /// Signed in; on it goes.
    SignedIn(Routed),
    /// Name and password do not match, or there is nobody of that name.
    NoMatch,
    /// Too many failures: the next try is looked at after this span.
    Wait(Span),
    /// The page is too old or was made for another browser.
    StepExpired,
}

impl Flows {
    /// A sign-in page that leads to the account pages.
    pub async fn sign_in_to_account(&self, browser: &Browser) -> Result<Routed, Fault> {
        let mut cookies = CookieChanges::default();
        let digest = self.pre_session(browser, &mut cookies);
        let token = step::for_browser(&self.keys(), Hop::SignIn, digest, &SignInTarget::Account)?;
        Ok(Routed {
            outcome: Outcome::Page(PageStep {
                hop: Hop::SignIn,
                token,
                as_other: false,
            }),
            cookies,
        })
    }

    /// The sign-in page that a step token opens.
    pub async fn sign_in_page(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<Option<SignInView>, Fault> {
        let Some(underway) = self.sign_in_target(token, browser).await? else {
            return Ok(None);
        };
        let again = self.signed_in(browser).await?;
        let Some(underway) = underway else {
            return Ok(Some(SignInView {
                client: None,
                login_hint: None,
                again,
                step: token.to_owned(),
                setting: PageSetting::default(),
            }));
        };
        Ok(Some(SignInView {
            setting: self.page_setting(&underway).await?,
            client: Some(underway.client),
            login_hint: underway.request.login_hint,
            again,
            step: token.to_owned(),
        }))
    }

    /// What a sign-in token leads to: `None` if it is not good, `Some(None)` for the account.
    async fn sign_in_target(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<Option<Option<Underway>>, Fault> {
        let Some(digest) = browser.pre_session_digest() else {
            return Ok(None);
        };
        match step::read_for_browser(&self.keys(), Hop::SignIn, digest, token) {
            Some(SignInTarget::Account) => Ok(Some(None)),
            Some(SignInTarget::Interaction(id)) => {
                Ok(self.interaction(id, browser).await?.map(Some))
            }
            None => Ok(None),
        }
    }

    /// Looks at a name and a password.
    pub async fn sign_in(
        &self,
        token: &str,
        typed: &str,
        password: SecretText,
        browser: &Browser,
    ) -> Result<SignInAnswer, Fault> {
        let Some(target) = self.sign_in_target(token, browser).await? else {
            return Ok(SignInAnswer::StepExpired);
        };
        let found = self.candidate(typed, browser).await?;
        let now = self.now();
        if self.policy().rate_limits
            && let Some(wait) = found.throttle.and_then(|t| t.wait(now))
        {
            return Ok(SignInAnswer::Wait(wait));
        }
        let hash = found.user.as_ref().and_then(|u| u.password_hash.clone());
        let matches = self.password_matches(password, hash).await?;
        match found.user.filter(|user| matches && user.is_active()) {
            Some(user) => {
                let (signed_in, cookies) = self.start_session(user, found.key, browser).await?;
                self.after_sign_in(target, signed_in, cookies, browser)
                    .await
                    .map(SignInAnswer::SignedIn)
            }
            None => {
                self.note_failure(found.key, now).await?;
                Ok(SignInAnswer::NoMatch)
            }
        }
    }

    async fn candidate(&self, typed: &str, browser: &Browser) -> Result<Candidate, Fault> {
        let readings = identity::readings(typed);
        let typed = typed.trim().to_lowercase();
        let known = browser.known_digest();
        self.store()
            .read(move |db| {
                let user = store::identities::find_user(db, &readings)?;
                let trusted = match (&user, known) {
                    (Some(user), Some(known)) => store::known_browsers::knows(db, known, user.id)?,
                    _ => false,
                };
                let key = throttle_key(
                    user.as_ref().map(|u| u.id),
                    &typed,
                    known.filter(|_| trusted),
                );
                let throttle = store::sign_in_throttles::find(db, key)?;
                Ok(Candidate {
                    user,
                    key,
                    throttle,
                })
            })
            .await
    }

    /// One hash, whoever it is for, on the bounded pool of threads that may hash.
    pub(crate) async fn password_matches(
        &self,
        password: SecretText,
        hash: Option<String>,
    ) -> Result<bool, Fault> {
        let policy = self.policy().passwords;
        keys::password::verify_bounded(policy, password, hash).await
    }

    async fn note_failure(&self, key: TokenDigest, now: Instant) -> Result<(), Fault> {
        let (id, entry) = (AuditId::new(now, self.entropy()), failure_entry(now));
        self.store()
            .write(move |tx| {
                store::sign_in_throttles::record_failure(tx, key, now)?;
                store::audit::insert(tx, &entry, id)
            })
            .await?;
        metrics::counter!("portico_sign_ins_total", "result" => "no_match").increment(1);
        Ok(())
    }

    /// Begins a session, or refreshes the one that the same person has in this browser. The cookie
    /// is new in any case.
    async fn start_session(
        &self,
        user: User,
        throttle: TokenDigest,
        browser: &Browser,
    ) -> Result<(SignedIn, CookieChanges), Fault> {
        let (now, lifetimes) = (self.now(), self.policy().lifetimes);
        let (cookie, digest) = SecretKind::SessionCookie.issue(self.entropy());
        let (known, known_digest) = SecretKind::KnownBrowserCookie.issue(self.entropy());
        let known_before = browser.known_digest();
        let new = Session {
            id: SessionId::new(now, self.entropy()),
            user_id: user.id,
            authenticated_at: now,
            acr: ACR_PASSWORD.to_owned(),
            created_at: now,
            last_seen_at: now.floor_to_minute(),
            expires_at: Session::end_of_life(now, now, lifetimes.session, lifetimes.session_idle),
            user_agent: browser.user_agent.chars().take(200).collect(),
            ended: None,
        };
        let (before, audit, user_id) = (
            browser.session_digest(),
            AuditId::new(now, self.entropy()),
            user.id,
        );
        let written = self.store().write(move |tx| {
            store::sign_in_throttles::clear(tx, throttle)?;
            let session = replace_session(tx, before, new, digest, &lifetimes)?;
            store::known_browsers::insert(tx, known_before.unwrap_or(known_digest), user_id, now)?;
            store::audit::insert(tx, &started_entry(&session, now), audit)?;
            Ok(session)
        });
        let written = written.await?;
        self.settled(written.position).await;
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
            },
            cookies,
        ))
    }

    /// Goes on after a sign-in. The browser still has its old cookies in this request, so it is
    /// shown to the next decision with the new one.
    async fn after_sign_in(
        &self,
        target: Option<Underway>,
        signed_in: SignedIn,
        cookies: CookieChanges,
        browser: &Browser,
    ) -> Result<Routed, Fault> {
        let Some(mut underway) = target else {
            return Ok(Routed {
                outcome: Outcome::Account,
                cookies,
            });
        };
        let before = underway.progress();
        let after = domain::interaction::Progress {
            signed_in: Some(signed_in.session.id),
            ..before.clone()
        };
        if !self.save_progress(&mut underway, before, after).await? {
            return Ok(Routed {
                outcome: Outcome::Shown(ShownError::StepExpired),
                cookies,
            });
        }
        let now_browser = Browser {
            session: cookies.session.clone(),
            ..browser.clone()
        };
        let routed = self.proceed(underway, &now_browser).await?;
        Ok(Routed {
            outcome: routed.outcome,
            cookies,
        })
    }

    /// Waits until this node's own memory has what it just wrote. A node that cannot confirm it in
    /// time is not fresh and asks the store, so the answer is right either way.
    pub(crate) async fn settled(&self, position: Option<Position>) {
        if let Some(position) = position
            && !self.live().freshness.reached(position).await
        {
            tracing::warn!(%position, "this node's memory is late");
        }
    }

    /// Cancels a request from the sign-in page.
    pub async fn cancel_sign_in(&self, token: &str, browser: &Browser) -> Result<Routed, Fault> {
        match self.sign_in_target(token, browser).await? {
            Some(Some(underway)) => self.refuse(underway, not_signed_in()).await,
            Some(None) => self.sign_in_to_account(browser).await,
            None => Ok(Routed::shown(ShownError::StepExpired)),
        }
    }

    /// Cancels a request from the chooser.
    pub async fn cancel_choice(&self, token: &str, browser: &Browser) -> Result<Routed, Fault> {
        match self.underway(Hop::ChooseAccount, token, browser).await? {
            Some(underway) => self.refuse(underway, not_signed_in()).await,
            None => Ok(Routed::shown(ShownError::StepExpired)),
        }
    }

    /// The chooser that a step token opens.
    pub async fn chooser_page(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<PageOr<ChooserView>, Fault> {
        let Some(underway) = self.underway(Hop::ChooseAccount, token, browser).await? else {
            return Ok(PageOr::Routed(Routed::shown(ShownError::StepExpired)));
        };
        let Some(signed_in) = self.signed_in(browser).await? else {
            return self.proceed(underway, browser).await.map(PageOr::Routed);
        };
        Ok(PageOr::Page(Box::new(ChooserView {
            setting: self.page_setting(&underway).await?,
            person: self.name_of(&signed_in.user).await?,
            client: underway.client,
            signed_in,
            step: token.to_owned(),
        })))
    }

    /// Goes on with the account that is signed in, or to the sign-in page for another one.
    pub async fn choose_account(
        &self,
        token: &str,
        go_on: bool,
        browser: &Browser,
    ) -> Result<Routed, Fault> {
        let underway = self.underway(Hop::ChooseAccount, token, browser).await?;
        let (Some(mut underway), Some(signed_in)) = (underway, self.signed_in(browser).await?)
        else {
            return Ok(Routed::shown(ShownError::StepExpired));
        };
        if !go_on {
            return self.to_page(underway, browser, Hop::SignIn, true).await;
        }
        let before = underway.progress();
        let after = domain::interaction::Progress {
            chosen: Some(signed_in.session.id),
            ..before.clone()
        };
        if !self.save_progress(&mut underway, before, after).await? {
            return Ok(Routed::shown(ShownError::StepExpired));
        }
        self.proceed(underway, browser).await
    }
}

fn not_signed_in() -> AuthorizationRefusal {
    AuthorizationRefusal::new(
        AuthorizationErrorCode::AccessDenied,
        "the person did not sign in",
    )
}

/// Whom a try is for, and how the last tries went.
struct Candidate {
    user: Option<User>,
    key: TokenDigest,
    throttle: Option<Throttle>,
}

/// Failures are counted per account, under whichever of its names; for nobody, per typed name. A
/// browser that succeeded before has a count of its own, so strangers cannot slow its person down.
fn throttle_key(user: Option<UserId>, typed: &str, known: Option<TokenDigest>) -> TokenDigest {
    let account = match &user {
        Some(id) => sha256_of_parts(&[b"account", id.as_bytes()]),
        None => sha256_of_parts(&[b"nobody", typed.as_bytes()]),
    };
    let browser = known.map_or([0; 32], |k| *k.as_bytes());
    TokenDigest::of(&foundation::base64url::encode(&sha256_of_parts(&[
        &account, &browser,
    ])))
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
    let now = new.authenticated_at;
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
            && store::sessions::reauthenticated(tx, old.id, cookie, now, end)?
        {
            return Ok(Session {
                authenticated_at: now,
                expires_at: end,
                ..old
            });
        }
        if store::sessions::end(tx, old.id, now, EndReason::Replaced)? {
            tx.append(Event::SessionEnded {
                session_id: old.id,
                user_id: old.user_id,
                reason: EndReason::Replaced,
            });
        }
    }
    store::sessions::insert(tx, &new, cookie)?;
    Ok(new)
}

fn failure_entry(now: Instant) -> AuditEntry {
    AuditEntry {
        at: now,
        actor: Actor::User,
        action: "sign_in.failed",
        user_id: None,
        client_id: None,
        detail: json!({}),
    }
}

fn started_entry(session: &Session, now: Instant) -> AuditEntry {
    AuditEntry {
        at: now,
        actor: Actor::User,
        action: "session.started",
        user_id: Some(session.user_id),
        client_id: None,
        detail: json!({ "acr": session.acr }),
    }
}
