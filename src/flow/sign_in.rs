//! Signing in with a password.
//!
//! An unknown person costs the same work and gets the same answer as a known one with a wrong
//! password: the same reads, one hash, the same writes.

use std::sync::Arc;

use domain::authentication::Authentication;
use domain::client::Client;
use domain::identity;
use domain::interaction::{Next, Progress, SignInReason};
use domain::user::User;
use foundation::clock::{SharedClock, Span};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::AuditId;
use foundation::secret::SecretText;
use store::Store;

use crate::authorize::Authorization;
use crate::browser::{Browser, CookieChanges, SignedIn};
use crate::browser_response::{
    AuthorizeResponse, BrowserResponse, PageOr, PageSetting, ShownError, StalePage,
};
use crate::memory::Memory;
use crate::pace::Pace;
use crate::parts::Parts;
use crate::passwords::{Fit, Passwords};
use crate::pending_authorization::{PageTarget, PendingAuthorization, PendingAuthorizations};
use crate::sessions::Sessions;
use crate::step::{FlowStep, PageStep, TokenUse};
use crate::throttle::{Counters, SignInThrottle, Turn};

mod failed;
mod start_session;

use failed::FailedSignIn;
use start_session::SessionStart;

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
    /// The page leads nowhere any more.
    Stale(StalePage),
}

/// Shows the sign-in page, and looks at who signs in.
#[derive(Clone)]
pub struct SignIn {
    authorization: Authorization,
    pending: PendingAuthorizations,
    sessions: Sessions,
    passwords: Passwords,
    throttle: SignInThrottle,
    pace: Pace,
    start: SessionStart,
    store: Store,
    clock: SharedClock,
    entropy: SharedEntropy,
}

impl SignIn {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        (authorization, pending, sessions): (&Authorization, &PendingAuthorizations, &Sessions),
        (passwords, throttle, pace): (&Passwords, &SignInThrottle, &Pace),
    ) -> Self {
        Self {
            authorization: authorization.clone(),
            pending: pending.clone(),
            sessions: sessions.clone(),
            passwords: passwords.clone(),
            throttle: throttle.clone(),
            pace: pace.clone(),
            start: SessionStart::new(parts, memory),
            store: parts.store.clone(),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
        }
    }

    /// A sign-in page that leads to the account pages.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn to_account(&self, browser: &Browser) -> Result<BrowserResponse, Fault> {
        let mut cookies = CookieChanges::default();
        let digest = browser.pre_session_or_new(self.entropy.as_ref(), &mut cookies);
        let page = TokenUse::Page(FlowStep::SignIn);
        let token = self
            .pending
            .page_token(page, digest, &PageTarget::Account)?;
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
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn page(
        &self,
        token: &str,
        all_the_same: bool,
        browser: &Browser,
    ) -> Result<PageOr<SignInView>, Fault> {
        let page = |view| Ok(PageOr::Page(Box::new(view)));
        let pending = match self.pending.sign_in_target(token, browser).await? {
            Ok(Some(pending)) => pending,
            Ok(None) => {
                let again = self.sessions.signed_in(browser).await?;
                let setting = PageSetting {
                    language: browser.language(&[], again.as_ref().map(|s| &s.user)),
                    frame_origins: Vec::new(),
                    redirect_uri: None,
                };
                return page(self.sign_in_view(token, again, setting).await?);
            }
            Err(stale) => return Ok(PageOr::Response(BrowserResponse::stale(stale))),
        };
        let known = match self.pending.known(&pending, browser).await? {
            Ok(known) => known,
            Err(refusal) => {
                return self
                    .authorization
                    .refuse(pending, refusal)
                    .await
                    .map(PageOr::Response);
            }
        };
        let next = self.pending.what_comes_next(&pending, &known);
        let is_asked = all_the_same || matches!(next, Some(Next::SignIn(_)));
        if pending.end().is_some() || !is_asked {
            return self
                .authorization
                .proceed(pending, browser)
                .await
                .map(PageOr::Response);
        }
        // Who is signed in is not asked again where somebody else is meant.
        let for_another = next == Some(Next::SignIn(SignInReason::AnotherUserExpected));
        let person = known.signed_in.as_ref().map(|s| &s.user);
        let setting = self.authorization.page_setting(&pending, person, browser);
        let setting = setting.await?;
        let again = known.signed_in.filter(|_| !for_another);
        page(SignInView {
            client: Some(pending.client),
            login_hint: pending.request.login_hint,
            ..self.sign_in_view(token, again, setting).await?
        })
    }

    /// The page without a request: it leads to the account pages.
    async fn sign_in_view(
        &self,
        token: &str,
        again: Option<SignedIn>,
        setting: PageSetting,
    ) -> Result<SignInView, Fault> {
        let person = match &again {
            Some(signed_in) => Some(self.sessions.name_of(&signed_in.user).await?),
            None => None,
        };
        Ok(SignInView {
            client: None,
            login_hint: None,
            again,
            person,
            step: token.to_owned(),
            setting,
        })
    }

    /// Looks at a name and a password.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn attempt(
        &self,
        token: &str,
        typed: &str,
        password: SecretText,
        browser: &Browser,
    ) -> Result<SignInAnswer, Fault> {
        let target = match self.pending.sign_in_target(token, browser).await? {
            Ok(target) => target,
            Err(stale) => return Ok(SignInAnswer::Stale(stale)),
        };
        let found = self.candidate(typed, browser).await?;
        let turn = self.throttle.take_turn(found.counters).await?;
        let client = target.as_ref().map(|pending| pending.client.id.clone());
        let failed = |why, user| FailedSignIn {
            why,
            user,
            client: client.clone(),
            address: browser.address,
        };
        if let Turn::Wait(wait) = turn {
            failed("throttled", None).log();
            return Ok(SignInAnswer::Wait(wait));
        }
        let hash = found.user.as_ref().and_then(|u| u.password_hash.clone());
        let fit = self.passwords.matches(&password, hash).await?;
        let known = found.user.as_ref().map(|user| user.id);
        let why = match &found.user {
            _ if turn != Turn::Granted => "throttled",
            Some(user) if fit.fits() && !user.is_active() => "disabled",
            Some(_) => "wrong_password",
            None => "no_such_account",
        };
        let granted = fit.fits() && turn == Turn::Granted;
        match found.user.filter(|user| granted && user.is_active()) {
            Some(mut user) => {
                if let Some(wait) = self.pace.sign_in(user.id) {
                    failed("throttled", known).log();
                    return Ok(SignInAnswer::Wait(wait));
                }
                if fit == Fit::ToBeHashedAnew {
                    self.hash_anew(&mut user, password).await?;
                }
                let authentication = Authentication::by_password(self.clock.now());
                let starting =
                    self.start
                        .session(user, authentication, found.counters, browser, token);
                let Some((signed_in, cookies)) = starting.await? else {
                    self.note_failure(failed("changed_meanwhile", known))
                        .await?;
                    return Ok(SignInAnswer::NoMatch);
                };
                self.after_sign_in(target, signed_in, cookies, browser)
                    .await
                    .map(SignInAnswer::SignedIn)
            }
            None => {
                self.note_failure(failed(why, known)).await?;
                Ok(SignInAnswer::NoMatch)
            }
        }
    }

    /// Hashes a password that was right as it would be hashed today: the only moment at which it can be.
    /// Whoever changed it in this moment was first.
    async fn hash_anew(&self, user: &mut User, password: SecretText) -> Result<(), Fault> {
        let Some(before) = user.password_hash.clone() else {
            return Ok(());
        };
        let (id, hash) = (user.id, self.passwords.hash(password).await?);
        let anew = hash.clone();
        let written = self
            .store
            .write(move |tx| store::users::replace_password(tx, id, &before, &anew))
            .await?;
        if written.value {
            user.password_hash = Some(hash);
        }
        Ok(())
    }

    async fn candidate(&self, typed: &str, browser: &Browser) -> Result<Candidate, Fault> {
        let readings = identity::readings(typed);
        let typed = typed.to_owned();
        let known = browser.known_digest();
        self.store
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

    async fn note_failure(&self, failed: FailedSignIn) -> Result<(), Fault> {
        let now = self.clock.now();
        let (id, entry) = (AuditId::new(now, self.entropy.as_ref()), failed.entry(now));
        self.store
            .write(move |tx| store::audit::insert(tx, &entry, id))
            .await?;
        failed.log();
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
        let Some(pending) = target else {
            return Ok(BrowserResponse {
                next: AuthorizeResponse::Account,
                cookies,
            });
        };
        let session = signed_in.session.id;
        let noted = self.pending.note(pending, browser, |before| Progress {
            signed_in: Some(session),
            ..before.clone()
        });
        let pending = match noted.await? {
            Ok(pending) => pending,
            Err(stale) => {
                return Ok(BrowserResponse {
                    next: AuthorizeResponse::Shown(ShownError::Stale(stale)),
                    cookies,
                });
            }
        };
        let now_browser = Browser {
            session: cookies.session.clone(),
            ..browser.clone()
        };
        let response = self.authorization.proceed(pending, &now_browser).await?;
        Ok(BrowserResponse {
            next: response.next,
            cookies,
        })
    }

    /// Cancels a request from the sign-in page.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn cancel(&self, token: &str, browser: &Browser) -> Result<BrowserResponse, Fault> {
        match self.pending.sign_in_target(token, browser).await? {
            Ok(Some(pending)) => self.authorization.refuse_not_signed_in(pending).await,
            Ok(None) => self.to_account(browser).await,
            Err(stale) => Ok(BrowserResponse::stale(stale)),
        }
    }
}

/// Whom a try is for, and where it is counted.
struct Candidate {
    user: Option<User>,
    counters: Counters,
}
