//! Signing in with a password.
//!
//! An unknown person costs the same work and gets the same answer as a known one with a wrong
//! password: the same reads, one hash, the same writes.

use std::sync::Arc;

use domain::audit::{Actor, AuditEntry};
use domain::client::Client;
use domain::identity;
use domain::interaction::{Next, SignInReason};
use domain::user::User;
use foundation::clock::{Instant, Span};
use foundation::fault::Fault;
use foundation::id::{AuditId, Position};
use foundation::secret::SecretText;
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use serde_json::json;

use crate::Flows;
use crate::authorize::{
    AuthorizeResponse, BrowserResponse, PageSetting, PendingAuthorization, ShownError,
};
use crate::browser::{Browser, CookieChanges, SignedIn};
use crate::decide_consent::PageOr;
use crate::step::{self, FlowStep, PageStep, SignInTarget};

mod start_session;
mod throttle;

use throttle::{Counters, Turn};

/// What the sign-in page shows.
#[derive(Debug)]
pub struct SignInView {
    /// The program that it leads to; none for the account pages.
    pub client: Option<Arc<Client>>,
    /// What the request says about who is expected.
    pub login_hint: Option<String>,
    /// Who is signed in and asked again.
    pub again: Option<SignedIn>,
    /// What that person is called.
    pub person: Option<String>,
    /// The token of the form.
    pub step: String,
    /// How it is framed and worded.
    pub setting: PageSetting,
}

/// What came of a try to sign in.
#[derive(Debug)]
pub enum SignInAnswer {
    /// Signed in; on it goes.
    SignedIn(BrowserResponse),
    /// Name and password do not match, or there is nobody of that name.
    NoMatch,
    /// Too many failures: the next try is looked at after this span.
    Wait(Span),
    /// The page is too old or was made for another browser.
    StepExpired,
}

impl Flows {
    /// A sign-in page that leads to the account pages.
    pub async fn sign_in_to_account(&self, browser: &Browser) -> Result<BrowserResponse, Fault> {
        let mut cookies = CookieChanges::default();
        let digest = self.pre_session(browser, &mut cookies);
        let token = self.browser_step(FlowStep::SignIn, digest, &SignInTarget::Account)?;
        Ok(BrowserResponse {
            next: AuthorizeResponse::Page(PageStep {
                flow_step: FlowStep::SignIn,
                token,
                as_other: false,
            }),
            cookies,
        })
    }

    /// The sign-in page that a step token opens. If its request needs none any more, because the person
    /// signed in in another window, it goes on instead; not so if the page is wanted all the same, to be
    /// somebody else or to try again.
    pub async fn sign_in_page(
        &self,
        token: &str,
        all_the_same: bool,
        browser: &Browser,
    ) -> Result<PageOr<SignInView>, Fault> {
        let page = |view| Ok(PageOr::Page(Box::new(view)));
        let pending = match self.sign_in_target(token, browser).await? {
            Some(Some(pending)) => pending,
            Some(None) => {
                let again = self.signed_in(browser).await?;
                return page(self.sign_in_view(token, again).await?);
            }
            None => {
                return Ok(PageOr::Response(BrowserResponse::shown(
                    ShownError::StepExpired,
                )));
            }
        };
        let known = match self.known(&pending, browser).await? {
            Ok(known) => known,
            Err(refusal) => return self.refuse(pending, refusal).await.map(PageOr::Response),
        };
        let next = self.what_comes_next(&pending, &known);
        if !all_the_same && !matches!(next, Next::SignIn(_)) {
            return self.proceed(pending, browser).await.map(PageOr::Response);
        }
        // Who is signed in is not asked again where somebody else is meant.
        let for_another = next == Next::SignIn(SignInReason::AnotherUserExpected);
        let again = known.signed_in.filter(|_| !for_another);
        page(SignInView {
            setting: self.page_setting(&pending).await?,
            client: Some(pending.client),
            login_hint: pending.request.login_hint,
            ..self.sign_in_view(token, again).await?
        })
    }

    /// The page without a request: it leads to the account pages.
    async fn sign_in_view(
        &self,
        token: &str,
        again: Option<SignedIn>,
    ) -> Result<SignInView, Fault> {
        let person = match &again {
            Some(signed_in) => Some(self.name_of(&signed_in.user).await?),
            None => None,
        };
        Ok(SignInView {
            client: None,
            login_hint: None,
            again,
            person,
            step: token.to_owned(),
            setting: PageSetting::default(),
        })
    }

    /// What a sign-in token leads to: `None` if it is not good, `Some(None)` for the account.
    async fn sign_in_target(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<Option<Option<PendingAuthorization>>, Fault> {
        let Some(digest) = browser.pre_session_digest() else {
            return Ok(None);
        };
        match step::read_for_browser(&self.keys(), FlowStep::SignIn, digest, token) {
            Some(SignInTarget::Account) => Ok(Some(None)),
            Some(SignInTarget::Interaction(id)) => {
                Ok(self.interaction(id, browser).await?.map(Some))
            }
            Some(SignInTarget::Unstored(unstored)) => Ok(self
                .unstored_authorization(*unstored, browser)
                .await?
                .map(Some)),
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
        let turn = self.take_turn(found.counters).await?;
        if let Turn::Wait(wait) = turn {
            return Ok(SignInAnswer::Wait(wait));
        }
        let hash = found.user.as_ref().and_then(|u| u.password_hash.clone());
        let matches = self.password_matches(password, hash).await? && turn == Turn::Granted;
        match found.user.filter(|user| matches && user.is_active()) {
            Some(user) => {
                let (signed_in, cookies) =
                    self.start_session(user, found.counters, browser).await?;
                self.after_sign_in(target, signed_in, cookies, browser)
                    .await
                    .map(SignInAnswer::SignedIn)
            }
            None => {
                self.note_failure().await?;
                Ok(SignInAnswer::NoMatch)
            }
        }
    }

    async fn candidate(&self, typed: &str, browser: &Browser) -> Result<Candidate, Fault> {
        let readings = identity::readings(typed);
        let typed = typed.to_owned();
        let known = browser.known_digest();
        self.store()
            .read(move |db| {
                let user = store::identities::find_user(db, &readings)?;
                let trusted = match (&user, known) {
                    (Some(user), Some(known)) => store::known_browsers::knows(db, known, user.id)?,
                    _ => false,
                };
                let counters = Counters::of(
                    &typed,
                    user.as_ref().map(|u| u.id),
                    known.filter(|_| trusted),
                );
                Ok(Candidate { user, counters })
            })
            .await
    }

    async fn note_failure(&self) -> Result<(), Fault> {
        let now = self.now();
        let (id, entry) = (AuditId::new(now, self.entropy()), failure_entry(now));
        self.store()
            .write(move |tx| store::audit::insert(tx, &entry, id))
            .await?;
        metrics::counter!("portico_sign_ins_total", "result" => "no_match").increment(1);
        Ok(())
    }

    /// Goes on after a sign-in. The browser still has its old cookies in this request, so it is
    /// shown to the next decision with the new one.
    async fn after_sign_in(
        &self,
        target: Option<PendingAuthorization>,
        signed_in: SignedIn,
        cookies: CookieChanges,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        let Some(mut pending) = target else {
            return Ok(BrowserResponse {
                next: AuthorizeResponse::Account,
                cookies,
            });
        };
        let before = pending.progress();
        let after = domain::interaction::Progress {
            signed_in: Some(signed_in.session.id),
            ..before.clone()
        };
        if !self.save_progress(&mut pending, before, after).await? {
            return Ok(BrowserResponse {
                next: AuthorizeResponse::Shown(ShownError::StepExpired),
                cookies,
            });
        }
        let now_browser = Browser {
            session: cookies.session.clone(),
            ..browser.clone()
        };
        let response = self.proceed(pending, &now_browser).await?;
        Ok(BrowserResponse {
            next: response.next,
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
    pub async fn cancel_sign_in(
        &self,
        token: &str,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        match self.sign_in_target(token, browser).await? {
            Some(Some(pending)) => self.refuse(pending, not_signed_in()).await,
            Some(None) => self.sign_in_to_account(browser).await,
            None => Ok(BrowserResponse::shown(ShownError::StepExpired)),
        }
    }
}

pub(crate) fn not_signed_in() -> AuthorizationRefusal {
    AuthorizationRefusal::new(
        AuthorizationErrorCode::AccessDenied,
        "the person did not sign in",
    )
}

/// Whom a try is for, and where it is counted.
struct Candidate {
    user: Option<User>,
    counters: Counters,
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
