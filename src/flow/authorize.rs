//! The authorization endpoint and its way through pages: `authorize` begins, `proceed` decides
//! what comes next, again and again, until there is an answer for the client. How a request begins is in
//! `authorize/begin.rs`.
//!
//! Pages come back to `Authorization::proceed`; they never route to one another. Consent is recorded in
//! `authorize/record.rs`, in the transaction that issues the code.

use std::sync::Arc;

use domain::client::Client;
use domain::interaction::{Interaction, Next};
use domain::user::User;
use foundation::clock::Span;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::SessionId;
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::response_mode::{AuthorizationResponse, ResponseMode};
use protocol::scope::ScopeName;
use protocol::scope_catalog::ScopeCatalog;
use store::Store;

use crate::browser::{Browser, CookieChanges, SignedIn};
use crate::browser_response::{AuthorizeResponse, BrowserResponse, PageSetting, Stale, StalePage};
use crate::client_mistakes;
use crate::find_client::ClientLookup;
use crate::memory::Memory;
use crate::pace::Pace;
use crate::page_needed;
use crate::parts::Parts;
use crate::pending_authorization::{
    KnownPerson, PageTarget, PendingAuthorization, PendingAuthorizations,
};
use crate::resources::Resources;
use crate::step::{FlowStep, PageStep, TokenUse};

mod basis;
mod begin;
mod record;

use record::{Record, Recorded};

/// How often a request is decided again because what it rests on has changed: each time somebody did
/// something, so more would be a storm.
const ATTEMPTS: usize = 8;

/// An answer, or the request, to be decided again.
type Decided = Result<BrowserResponse, Box<PendingAuthorization>>;

/// Answers authorization requests.
#[derive(Clone)]
pub struct Authorization {
    pending: PendingAuthorizations,
    pace: Pace,
    record: Record,
    clients: ClientLookup,
    resources: Resources,
    store: Store,
    entropy: SharedEntropy,
    issuer: Arc<str>,
    catalog: Arc<ScopeCatalog>,
}

impl Authorization {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        (clients, resources): (&ClientLookup, &Resources),
        (pending, pace): (&PendingAuthorizations, &Pace),
    ) -> Self {
        Self {
            pending: pending.clone(),
            pace: pace.clone(),
            record: Record::new(parts, memory),
            clients: clients.clone(),
            resources: resources.clone(),
            store: parts.store.clone(),
            entropy: Arc::clone(&parts.entropy),
            issuer: Arc::clone(&parts.policy.issuer),
            catalog: Arc::clone(&parts.policy.catalog),
        }
    }

    /// Who may frame the page that carries a response, where there is one.
    async fn response_framing(
        &self,
        client: &Client,
        mode: ResponseMode,
    ) -> Result<Vec<String>, Fault> {
        match mode {
            ResponseMode::FormPost => self.clients.frame_origins(client).await,
            ResponseMode::Query => Ok(Vec::new()),
        }
    }

    /// Decides what comes next for a request, and does it. What was decided is done only if what it rests
    /// on still stands where it is written; otherwise it is decided again.
    pub(crate) async fn proceed(
        &self,
        mut pending: PendingAuthorization,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        for _ in 0..ATTEMPTS {
            match self.next_step(pending, browser).await? {
                Ok(response) => return Ok(response),
                Err(changed) => pending = *changed,
            }
            // As the store has it now: memory may not have heard yet.
            match self.clients.read(&pending.client.id).await? {
                Some(client) => pending.client = client,
                None => return Ok(over(pending.client)),
            }
        }
        Err(Fault::unavailable(
            "the request",
            "what it rests on changed each time that it was decided",
        ))
    }

    async fn next_step(
        &self,
        pending: PendingAuthorization,
        browser: &Browser,
    ) -> Result<Decided, Fault> {
        if pending.client.is_suspended() {
            return Ok(Ok(BrowserResponse::not_available(&pending.client)));
        }
        let known = match self.pending.known(&pending, browser).await? {
            Ok(known) => known,
            Err(refusal) => return self.refuse(pending, refusal).await.map(Ok),
        };
        let Some(next) = self.pending.what_comes_next(&pending, &known) else {
            return Ok(Ok(over(pending.client)));
        };
        if let Some(wait) = known
            .signed_in
            .as_ref()
            .and_then(|who| self.pace.request(who))
        {
            return self.refuse_too_many(pending, wait).await.map(Ok);
        }
        let flow_step = match next {
            Next::SignIn(reason) => {
                page_needed::log(&pending.client, FlowStep::SignIn, &reason);
                FlowStep::SignIn
            }
            Next::ChooseAccount => {
                let step = FlowStep::ChooseAccount;
                page_needed::log(&pending.client, step, &"several_accounts");
                step
            }
            Next::Consent { question, .. } => {
                let asked = question.sheet.iter().chain(&question.sensitive);
                let asked: Vec<&str> = asked.map(ScopeName::as_str).collect();
                page_needed::log(&pending.client, FlowStep::Consent, &asked);
                FlowStep::Consent
            }
            Next::Refuse(refusal) => return self.refuse(pending, refusal).await.map(Ok),
            Next::Issue => {
                return match known.signed_in.clone() {
                    Some(signed_in) => self.issue_code(pending, signed_in, known).await,
                    None => Err(Fault::broken("a decision to issue without a session")),
                };
            }
        };
        let session = known.signed_in.map(|who| who.session.id);
        self.to_page(pending, browser, (flow_step, false), session)
            .await
            .map(Ok)
    }

    /// Answers a person who asks too often, and writes nothing. A request that is on its pages is not
    /// lost: whoever tries again goes on where it is.
    async fn refuse_too_many(
        &self,
        pending: PendingAuthorization,
        wait: Span,
    ) -> Result<BrowserResponse, Fault> {
        if pending.interaction.is_some() {
            return Ok(BrowserResponse::too_many(wait));
        }
        // "The authorization server is currently unable to handle the request due to a temporary
        // overloading or maintenance of the server." (RFC 6749 §4.1.2.1)
        let code = AuthorizationErrorCode::TemporarilyUnavailable;
        let refusal = AuthorizationRefusal::new(code, "the person asks too often");
        self.refuse(pending, refusal).await
    }

    /// Sends the person to a page. A request on its first page has no row yet if that is the sign-in
    /// page; every other first page is of somebody who is signed in, and makes it.
    async fn to_page(
        &self,
        pending: PendingAuthorization,
        browser: &Browser,
        (flow_step, as_other): (FlowStep, bool),
        session: Option<SessionId>,
    ) -> Result<BrowserResponse, Fault> {
        let mut cookies = CookieChanges::default();
        let digest = browser.pre_session_or_new(self.entropy.as_ref(), &mut cookies);
        let client_id = pending.client.id.clone();
        let target = match pending.interaction {
            Some(interaction) => PageTarget::Interaction(interaction.id, client_id),
            None => {
                let unstored = || self.pending.unstored(pending.request);
                match flow_step {
                    FlowStep::SignIn => PageTarget::Unstored(Box::new(unstored())),
                    FlowStep::ChooseAccount | FlowStep::Consent | FlowStep::SignOut => {
                        let first = pending.unstored;
                        let first = first.unwrap_or_else(|| unstored().interaction(digest));
                        let interaction = Interaction { session, ..first };
                        let id = interaction.id;
                        self.store
                            .write(move |db| {
                                store::interactions::insert_unless_there(db, &interaction)
                            })
                            .await?;
                        PageTarget::Interaction(id, client_id)
                    }
                }
            }
        };
        let page = TokenUse::Page(flow_step);
        let token = self.pending.page_token(page, digest, &target)?;
        Ok(BrowserResponse {
            next: AuthorizeResponse::Page(PageStep {
                flow_step,
                token,
                as_other,
            }),
            cookies,
        })
    }

    /// Sends the person to the sign-in page, to be somebody else. A request that was answered has nothing
    /// more for anybody else.
    pub(crate) async fn as_other(
        &self,
        pending: PendingAuthorization,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        match pending.end() {
            None => {
                let page = (FlowStep::SignIn, true);
                self.to_page(pending, browser, page, None).await
            }
            Some(_) => Ok(over(pending.client)),
        }
    }

    /// How a page of a request is framed and worded, for whoever is signed in.
    pub(crate) async fn page_setting(
        &self,
        pending: &PendingAuthorization,
        person: Option<&User>,
        browser: &Browser,
    ) -> Result<PageSetting, Fault> {
        Ok(PageSetting {
            language: browser.language(&pending.request.ui_locales, person),
            frame_origins: self.clients.frame_origins(&pending.client).await?,
            redirect_uri: Some(pending.request.redirect_uri.clone()),
        })
    }

    /// Ends a request without a code; a refusal that stands is told again. Nobody is led to a suspended
    /// client.
    pub(crate) async fn refuse(
        &self,
        pending: PendingAuthorization,
        refusal: AuthorizationRefusal,
    ) -> Result<BrowserResponse, Fault> {
        if pending.client.is_suspended() {
            return Ok(BrowserResponse::not_available(&pending.client));
        }
        let stands = match self.record.refusal(&pending, refusal).await? {
            Some(stands) => stands,
            None => return Ok(over(pending.client)),
        };
        let request = &pending.request;
        let response = AuthorizationResponse::with_refusal(
            request.redirect_uri.as_str(),
            request.response_mode,
            &stands,
            request.state.as_deref(),
            &self.issuer,
        );
        let framing = self.response_framing(&pending.client, response.mode);
        Ok(BrowserResponse::respond(response, framing.await?))
    }

    /// Ends a request because the person did not sign in.
    pub(crate) async fn refuse_not_signed_in(
        &self,
        pending: PendingAuthorization,
    ) -> Result<BrowserResponse, Fault> {
        let code = AuthorizationErrorCode::AccessDenied;
        let refusal = AuthorizationRefusal::new(code, "the person did not sign in");
        self.refuse(pending, refusal).await
    }

    async fn issue_code(
        &self,
        pending: PendingAuthorization,
        signed_in: SignedIn,
        known: KnownPerson,
    ) -> Result<Decided, Fault> {
        let (client, request) = (Arc::clone(&pending.client), pending.request.clone());
        let framing = self.response_framing(&client, request.response_mode);
        let frame_origins = framing.await?;
        let (uri, mode) = (request.redirect_uri.as_str(), request.response_mode);
        let (state, issuer) = (request.state.as_deref(), &*self.issuer);
        let response = match self.record.authorization(pending, signed_in, known).await? {
            Recorded::Code(code, left_out) => {
                for mismatch in &left_out {
                    client_mistakes::log(Some(&client.id), mismatch);
                }
                AuthorizationResponse::with_code(uri, mode, code.expose(), state, issuer)
            }
            Recorded::Refused(refusal) => {
                AuthorizationResponse::with_refusal(uri, mode, &refusal, state, issuer)
            }
            Recorded::Over => return Ok(Ok(over(client))),
            Recorded::Changed(pending) => return Ok(Err(pending)),
        };
        Ok(Ok(BrowserResponse::respond(response, frame_origins)))
    }
}

/// A request that has had its answer, and whoever comes now cannot have it.
fn over(client: Arc<Client>) -> BrowserResponse {
    BrowserResponse::stale(StalePage::of(Stale::Over, Some(client)))
}
