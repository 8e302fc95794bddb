//! The beginning of an authorization request: who asks, where the answer may go, whether the client may
//! ask for this.

use std::sync::Arc;

use domain::authorization_check::{self, Checked};
use domain::client::Client;
use foundation::fault::Fault;
use foundation::id::ClientId;
use protocol::authorization_error::AuthorizationRefusal;
use protocol::authorization_request::{self, AuthorizationRequest};
use protocol::code_grant::{BoundAuthorization, RegisteredRules};
use protocol::mismatch::{Mismatch, Mistake};
use protocol::parameters::Parameters;
use protocol::redirect_uri::{RedirectProblem, RedirectUri};
use protocol::response_mode::AuthorizationResponse;

use super::Authorization;
use crate::browser::Browser;
use crate::browser_response::{BrowserResponse, ShownError};
use crate::client_mistakes;
use crate::pending_authorization::PendingAuthorization;

impl Authorization {
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
