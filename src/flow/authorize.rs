//! The authorization endpoint and its way through pages: `authorize` begins, `proceed` decides
//! what comes next, again and again, until there is an answer for the client.
//!
//! Pages come back to `Authorization::proceed`; they never route to one another. Consent is recorded in
//! `authorize/record.rs`, in the transaction that issues the code.

use std::sync::Arc;

use domain::authorization_check::{self, Checked};
use domain::client::Client;
use domain::interaction::{Interaction, Next};
use domain::user::User;
use foundation::clock::Span;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{ClientId, SessionId};
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::authorization_request::{self, AuthorizationRequest};
use protocol::code_grant::{BoundAuthorization, RegisteredRules};
use protocol::mismatch::{Mismatch, Mistake};
use protocol::parameters::Parameters;
use protocol::redirect_uri::{RedirectProblem, RedirectUri};
use protocol::response_mode::{AuthorizationResponse, ResponseMode};
use protocol::scope::ScopeName;
use protocol::scope_catalog::ScopeCatalog;
use store::Store;

use crate::browser::{Browser, CookieChanges, SignedIn};
use crate::browser_response::{
    AuthorizeResponse, BrowserResponse, PageSetting, ShownError, Stale, StalePage,
};
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

mod record;

use record::{Record, Recorded};

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

    /// Answers an authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2.1), GET or POST.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn authorize(
        &self,
        parameters: &Parameters,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        let client = match self.asking_client(parameters).await? {
            Ok(client) => client,
            Err(error) => return Ok(BrowserResponse::shown(error)),
        };
        // Nothing leads to a suspended client, not even the news that its request is wrong.
        if client.is_suspended() {
            return Ok(BrowserResponse::not_available(&client));
        }
        let requested = match parameters.one("redirect_uri") {
            Ok(uri) => uri,
            Err(error) => {
                return Ok(BrowserResponse::shown(ShownError::BadRequest(
                    error.to_string(),
                )));
            }
        };
        let bound = match client.redirect(requested) {
            Ok(bound) => bound,
            Err(problem) => return Ok(not_redirected(&client, requested, problem)),
        };
        let uri = bound.uri().to_owned();
        let parsed =
            authorization_request::parse(parameters, client.id.clone(), uri.clone(), bound.given())
                .and_then(|request| self.judge(&client, bound, request));
        let judged = match parsed {
            Ok(request) => {
                let known = self.resources.check(&client, &request.resource).await?;
                known.map(|()| request).map_err(AuthorizationRefusal::from)
            }
            Err(refusal) => Err(refusal),
        };
        match judged {
            Ok(request) => {
                self.proceed(
                    PendingAuthorization {
                        client,
                        request,
                        interaction: None,
                        unstored: None,
                    },
                    browser,
                )
                .await
            }
            Err(refusal) => {
                self.refused_early(&client, parameters, &uri, &refusal)
                    .await
            }
        }
    }

    /// Whether the client may make this request: first what every authorization request is judged by,
    /// then what is ours. Scopes are read as the client registered them.
    fn judge(
        &self,
        client: &Client,
        bound: BoundAuthorization,
        mut request: AuthorizationRequest,
    ) -> Result<AuthorizationRequest, AuthorizationRefusal> {
        let catalog = &self.catalog;
        request.scope = catalog.as_registered(&client.metadata, &request.scope);
        let rules = RegisteredRules {
            scope: &client.allowed_scope(),
            catalog,
            pkce: client.pkce_rule(),
        };
        bound.judge(&request, &rules)?;
        let checked = Checked {
            request: &request,
            client,
        };
        authorization_check::check(&checked)?;
        Ok(request)
    }

    async fn asking_client(
        &self,
        parameters: &Parameters,
    ) -> Result<Result<Arc<Client>, ShownError>, Fault> {
        let id = match parameters.one("client_id") {
            Ok(Some(text)) => ClientId::parse(text),
            Ok(None) => return Ok(Err(ShownError::BadRequest("client_id is missing".into()))),
            Err(error) => return Ok(Err(ShownError::BadRequest(error.to_string()))),
        };
        let Ok(id) = id else {
            return Ok(Err(ShownError::UnknownClient));
        };
        Ok(self
            .clients
            .find(&id)
            .await?
            .ok_or(ShownError::UnknownClient))
    }

    /// An error of a request that could not be read whole: it still carries `state` and `iss` in
    /// the response mode it asked for.
    async fn refused_early(
        &self,
        client: &Client,
        parameters: &Parameters,
        uri: &str,
        refusal: &AuthorizationRefusal,
    ) -> Result<BrowserResponse, Fault> {
        let response = AuthorizationResponse::with_refusal(
            uri,
            authorization_request::response_mode_of(parameters),
            refusal,
            authorization_request::state_of(parameters).as_deref(),
            &self.issuer,
        );
        let frame_origins = self.response_framing(client, response.mode).await?;
        Ok(BrowserResponse::respond(response, frame_origins))
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

    /// Decides what comes next for a request, and does it.
    pub(crate) async fn proceed(
        &self,
        pending: PendingAuthorization,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        if pending.client.is_suspended() {
            return Ok(BrowserResponse::not_available(&pending.client));
        }
        let known = match self.pending.known(&pending, browser).await? {
            Ok(known) => known,
            Err(refusal) => return self.refuse(pending, refusal).await,
        };
        let Some(next) = self.pending.what_comes_next(&pending, &known) else {
            return Ok(over(pending.client));
        };
        if let Some(wait) = known
            .signed_in
            .as_ref()
            .and_then(|who| self.pace.request(who))
        {
            return self.refuse_too_many(pending, wait).await;
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
            Next::Refuse(refusal) => return self.refuse(pending, refusal).await,
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
    ) -> Result<BrowserResponse, Fault> {
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
            Recorded::Over => return Ok(over(client)),
        };
        Ok(BrowserResponse::respond(response, frame_origins))
    }
}

/// An answer about a redirect URI that cannot be used. The log has what came and what is registered, and
/// so has the page of a program that is not released yet.
fn not_redirected(
    client: &Client,
    requested: Option<&str>,
    problem: RedirectProblem,
) -> BrowserResponse {
    let registered = client.metadata.redirect_uris.iter();
    let mismatch = Mismatch::new(
        Mistake::RedirectUriNotRegistered,
        requested.unwrap_or_default(),
        registered.map(RedirectUri::as_str),
    );
    client_mistakes::log(Some(&client.id), &mismatch);
    BrowserResponse::shown(ShownError::Redirect {
        name: client.name().to_owned(),
        problem,
        for_makers: client.is_for_testers().then_some(mismatch),
    })
}

/// A request that has had its answer, and whoever comes now cannot have it.
fn over(client: Arc<Client>) -> BrowserResponse {
    BrowserResponse::stale(StalePage::of(Stale::Over, Some(client)))
}
