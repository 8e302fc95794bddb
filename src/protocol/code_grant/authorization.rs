//! Is this authorization request one that this client may make? (RFC 6749 §4.1.1, §3.3)

use std::borrow::Cow;

use oxide_auth::code_grant::authorization::{Authorization, Error, Input, Output, Request};
use oxide_auth::code_grant::error::AuthorizationErrorType;
use oxide_auth::code_grant::extensions::Pkce;
use oxide_auth::primitives::grant::Extensions;
use oxide_auth::primitives::registrar::{BoundClient, ExactUrl, PreGrant, RegisteredUrl};

use super::{from_machine, to_machine};
use crate::authorization_error::{AuthorizationErrorCode as Code, AuthorizationRefusal};
use crate::authorization_request::AuthorizationRequest;
use crate::scope::ScopeSet;

/// Whether a request must have a code challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PkceRule {
    /// OAuth 2.1 §4.1.1.
    Required,
    /// For a confidential client of profile `oidc_compat`.
    Optional,
}

/// Judges a request whose redirect URI is verified already, and says which scopes are left of what
/// it asks for.
///
/// # Errors
/// `invalid_request` without a code challenge that must be there; `invalid_scope` if none of the
/// scopes may be asked for by this client, or none was asked for.
pub fn judge_authorization(
    request: &AuthorizationRequest,
    allowed: &ScopeSet,
    pkce: PkceRule,
) -> Result<ScopeSet, AuthorizationRefusal> {
    let registered = ExactUrl::new(request.redirect_uri.clone())
        .map(RegisteredUrl::Exact)
        .map_err(|_| out_of_step())?;
    let read = Bound(request);
    let mut machine = Authorization::new(&read);
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            // Client and redirect URI are bound already.
            Output::Bind { client_id, .. } => Input::Bound {
                request: &read,
                bound_client: BoundClient {
                    client_id: Cow::Owned(client_id),
                    redirect_uri: Cow::Owned(registered.clone()),
                },
            },
            Output::Extend => Input::Extended(challenge(request, pkce)?),
            Output::Negotiate { bound_client, .. } => Input::Negotiated {
                pre_grant: PreGrant {
                    client_id: bound_client.client_id.clone().into_owned(),
                    redirect_uri: registered.clone(),
                    scope: to_machine(&negotiate(&request.scope, allowed)?)
                        .map_err(|_| out_of_step())?,
                },
                state: request.state.clone(),
            },
            Output::Ok { pre_grant, .. } => {
                return from_machine(&pre_grant.scope).map_err(|_| out_of_step());
            }
            Output::Err(error) => return Err(refusal(error)),
        };
    }
}

/// "The authorization server MAY fully or partially ignore the scope requested by the client"
/// (RFC 6749 §3.3); "Scope values used that are not understood by an implementation SHOULD be
/// ignored." (OpenID Connect Core §3.1.2.1)
fn negotiate(asked: &ScopeSet, allowed: &ScopeSet) -> Result<ScopeSet, AuthorizationRefusal> {
    let left = asked.intersection(allowed);
    if !left.is_empty() {
        return Ok(left);
    }
    let description = match asked.is_empty() {
        true => "scope is missing",
        false => "none of these scopes may be asked for by this client",
    };
    Err(AuthorizationRefusal::new(Code::InvalidScope, description))
}

fn challenge(
    request: &AuthorizationRequest,
    pkce: PkceRule,
) -> Result<Extensions, AuthorizationRefusal> {
    let rule = match pkce {
        PkceRule::Required => Pkce::required(),
        PkceRule::Optional => Pkce::optional(),
    };
    let challenge = request.code_challenge.as_ref();
    let method = challenge.map(|_| Cow::Borrowed("S256"));
    let stored = rule
        .challenge(
            method,
            challenge.map(|challenge| Cow::Borrowed(challenge.as_str())),
        )
        .map_err(|()| {
            AuthorizationRefusal::new(Code::InvalidRequest, "code_challenge is missing")
        })?;
    let mut extensions = Extensions::new();
    if let Some(stored) = stored {
        extensions.set(&rule, stored);
    }
    Ok(extensions)
}

fn refusal(error: Error) -> AuthorizationRefusal {
    let Error::Redirect(mut url) = error else {
        return out_of_step();
    };
    let code = match url.description().kind() {
        AuthorizationErrorType::InvalidRequest => Code::InvalidRequest,
        AuthorizationErrorType::UnauthorizedClient => Code::UnauthorizedClient,
        AuthorizationErrorType::AccessDenied => Code::AccessDenied,
        AuthorizationErrorType::UnsupportedResponseType => Code::UnsupportedResponseType,
        AuthorizationErrorType::InvalidScope => Code::InvalidScope,
        AuthorizationErrorType::ServerError => Code::ServerError,
        AuthorizationErrorType::TemporarilyUnavailable => Code::TemporarilyUnavailable,
    };
    AuthorizationRefusal::new(code, "the request is not valid")
}

/// Something that was checked before does not fit the machine.
fn out_of_step() -> AuthorizationRefusal {
    AuthorizationRefusal::new(Code::ServerError, "the request could not be judged")
}

/// The request as the machine reads it.
struct Bound<'a>(&'a AuthorizationRequest);

impl Request for Bound<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn client_id(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.0.client_id.as_str()))
    }

    fn scope(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.0.scope.to_string()))
    }

    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.0.redirect_uri))
    }

    fn state(&self) -> Option<Cow<'_, str>> {
        self.0.state.as_deref().map(Cow::Borrowed)
    }

    /// A request with another response type is not read into an [`AuthorizationRequest`].
    fn response_type(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("code"))
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization_request::parse;
    use crate::parameters::Parameters;
    use foundation::id::ClientId;

    const CHALLENGE: &str = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
                             &code_challenge_method=S256";

    fn judge(text: &str, allowed: &str, pkce: PkceRule) -> Result<String, Code> {
        let text = format!("response_type=code&{text}");
        let parameters = Parameters::parse_urlencoded(&text).expect("well-formed");
        let client_id = ClientId::parse("market").expect("an id");
        let request = parse(&parameters, client_id, "https://a.example/cb".into(), true);
        let allowed = ScopeSet::parse(allowed).expect("scopes");
        judge_authorization(&request.expect("well-formed"), &allowed, pkce)
            .map(|scope| scope.to_string())
            .map_err(|refusal| refusal.code())
    }

    #[test]
    fn what_may_not_be_asked_for_is_left_out() {
        let asked = format!("scope=admin+profile+openid{CHALLENGE}");
        let judged = judge(&asked, "openid profile email", PkceRule::Required);
        assert_eq!(judged, Ok("openid profile".into()));
        let nothing = judge(&asked, "orders", PkceRule::Required);
        assert_eq!(nothing, Err(Code::InvalidScope));
        assert_eq!(
            judge(CHALLENGE, "openid", PkceRule::Required),
            Err(Code::InvalidScope)
        );
    }

    #[test]
    fn a_challenge_is_required_unless_the_profile_says_otherwise() {
        let judged = |pkce| judge("scope=openid", "openid", pkce);
        assert_eq!(judged(PkceRule::Required), Err(Code::InvalidRequest));
        assert_eq!(judged(PkceRule::Optional), Ok("openid".into()));
    }
}
