//! Is this authorization request one that this client may make? (RFC 6749 §4.1.1, §3.3)
//!
//! In two steps, because what is wrong before a redirect URI is bound is shown, and what is wrong after
//! it is sent there: [`BoundAuthorization::bind`], then [`BoundAuthorization::judge`].

use std::borrow::Cow;

use foundation::id::ClientId;
use oxide_auth::code_grant::authorization::{Authorization, Error, Input, Output, Request};
use oxide_auth::code_grant::error::AuthorizationErrorType;
use oxide_auth::code_grant::extensions::Pkce;
use oxide_auth::primitives::grant::Extensions;
use oxide_auth::primitives::registrar::{BoundClient, ExactUrl, PreGrant, RegisteredUrl};

use crate::authorization_error::{AuthorizationErrorCode as Code, AuthorizationRefusal};
use crate::authorization_request::AuthorizationRequest;
use crate::redirect_uri::{ApplicationType, RedirectProblem, RedirectUri};
use crate::scope::{self, ScopeSet};
use crate::scope_catalog::ScopeCatalog;

/// Whether a request must have a code challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PkceRule {
    /// OAuth 2.1 §4.1.1.
    Required,
    /// For a confidential client of profile `oidc_compat`.
    Optional,
}

/// What a client registered for its requests.
#[derive(Clone, Copy)]
pub struct RegisteredRules<'a> {
    /// All that it may ask for.
    pub scope: &'a ScopeSet,
    /// The scopes there are.
    pub catalog: &'a ScopeCatalog,
    /// Whether it must use PKCE.
    pub pkce: PkceRule,
}

/// A request of a known client, bound to a redirect URI that it registered: the only thing that an
/// authorization response is ever sent to.
pub struct BoundAuthorization {
    machine: Authorization,
    client: BoundClient<'static>,
    given: bool,
}

impl BoundAuthorization {
    /// Binds the redirect URI of a request: the requested one if it is registered, or the only one that
    /// is.
    ///
    /// "The authorization server MUST compare the two URIs using simple string comparison"
    /// (OAuth 2.1 §4.1.3), which is how the machine's exact URLs compare. Ports of loopback addresses are
    /// the only exception, and ours: the machine knows `localhost` only, and that for every client.
    ///
    /// # Errors
    /// The requested URI is not registered, or none was requested and not exactly one is.
    pub fn bind(
        client_id: &ClientId,
        requested: Option<&str>,
        registered: &[RedirectUri],
        runs: ApplicationType,
    ) -> Result<Self, RedirectProblem> {
        let unread = Unread {
            client_id,
            redirect_uri: requested,
        };
        let mut machine = Authorization::new(&unread);
        // What it cannot read as a URL is none that anybody registered.
        let Output::Bind { redirect_uri, .. } = machine.advance(Input::None) else {
            return Err(RedirectProblem::NotRegistered);
        };
        let redirect_uri = match (redirect_uri, registered) {
            (Some(asked), _) => registered
                .iter()
                .find_map(|uri| bound_to(uri, &asked, runs))
                .ok_or(RedirectProblem::NotRegistered)?,
            (None, [only]) => exact(only).ok_or(RedirectProblem::NotRegistered)?,
            (None, _) => return Err(RedirectProblem::Missing),
        };
        Ok(Self {
            machine,
            client: BoundClient {
                client_id: Cow::Owned(client_id.as_str().to_owned()),
                redirect_uri: Cow::Owned(redirect_uri),
            },
            given: requested.is_some(),
        })
    }

    /// The URI as requested, or as registered when the request named none.
    pub fn uri(&self) -> &str {
        self.client.redirect_uri.as_str()
    }

    /// Whether the request named it.
    pub fn given(&self) -> bool {
        self.given
    }

    /// Judges the request now that it is read. What is left of its scopes once a person was asked is
    /// decided after that.
    ///
    /// # Errors
    /// `invalid_request` without a code challenge that must be there; `invalid_scope` for a scope that
    /// the client did not register.
    pub fn judge(
        mut self,
        request: &AuthorizationRequest,
        rules: &RegisteredRules<'_>,
    ) -> Result<(), AuthorizationRefusal> {
        let read = Read(request);
        let mut input = Input::Bound {
            request: &read,
            bound_client: self.client,
        };
        loop {
            input = match self.machine.advance(input) {
                Output::Extend => Input::Extended(challenge(request, rules.pkce)?),
                Output::Negotiate {
                    bound_client,
                    scope,
                } => {
                    negotiate(&request.scope, rules)?;
                    Input::Negotiated {
                        pre_grant: PreGrant {
                            client_id: bound_client.client_id.clone().into_owned(),
                            redirect_uri: bound_client.redirect_uri.clone().into_owned(),
                            scope: scope.ok_or_else(out_of_step)?,
                        },
                        state: None,
                    }
                }
                Output::Ok { .. } => return Ok(()),
                Output::Err(error) => return Err(refusal(error)),
                Output::Bind { .. } => return Err(out_of_step()),
            };
        }
    }
}

fn exact(uri: &RedirectUri) -> Option<RegisteredUrl> {
    let url = ExactUrl::new(uri.as_str().to_owned()).ok()?;
    Some(RegisteredUrl::Exact(url))
}

/// What a request is bound to that asks for this URI, if it is the registered one.
fn bound_to(
    registered: &RedirectUri,
    asked: &ExactUrl,
    runs: ApplicationType,
) -> Option<RegisteredUrl> {
    let exact = exact(registered).filter(|exact| exact == asked);
    let other_port = || {
        let same = registered.is_same_but_for_the_port(asked.as_str(), runs);
        same.then(|| RegisteredUrl::Exact(asked.clone()))
    };
    exact.or_else(other_port)
}

/// The part of the negotiation that refuses: scopes that are known and that the client did not register.
/// Unknown ones may be asked for ("Scope values used that are not understood by an implementation SHOULD
/// be ignored.", OpenID Connect Core §3.1.2.1), and so may `offline_access`: both are left out later.
fn negotiate(asked: &ScopeSet, rules: &RegisteredRules<'_>) -> Result<(), AuthorizationRefusal> {
    let foreign = asked.iter().any(|name| {
        rules.catalog.knows(name)
            && name.as_str() != scope::OFFLINE_ACCESS
            && !rules.scope.contains(name.as_str())
    });
    match foreign {
        true => Err(AuthorizationRefusal::new(
            Code::InvalidScope,
            "the client did not register one of these scopes",
        )),
        false => Ok(()),
    }
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
            AuthorizationRefusal::new(Code::InvalidRequest, "code_challenge is required")
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

/// The request as the machine sees it before it is read.
struct Unread<'a> {
    client_id: &'a ClientId,
    redirect_uri: Option<&'a str>,
}

impl Request for Unread<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn client_id(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.client_id.as_str()))
    }

    fn scope(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        self.redirect_uri.map(Cow::Borrowed)
    }

    fn state(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn response_type(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

/// The request as the machine reads it once it is bound.
struct Read<'a>(&'a AuthorizationRequest);

impl Request for Read<'_> {
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
    use ApplicationType::{Native, Web};

    const CHALLENGE: &str = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
                             &code_challenge_method=S256";

    fn client_id() -> ClientId {
        ClientId::parse("market").expect("an id")
    }

    fn bind(
        requested: Option<&str>,
        registered: &[&str],
        runs: ApplicationType,
    ) -> Result<String, RedirectProblem> {
        let uris: Vec<_> = registered
            .iter()
            .map(|uri| RedirectUri::parse_for_registration(uri, Native).expect("registrable"))
            .collect();
        let bound = BoundAuthorization::bind(&client_id(), requested, &uris, runs)?;
        assert_eq!(bound.given(), requested.is_some());
        Ok(bound.uri().to_owned())
    }

    fn judge(text: &str, allowed: &str, pkce: PkceRule) -> Result<(), Code> {
        let uri = "https://a.example/cb";
        let registered = RedirectUri::parse_for_registration(uri, Web).expect("registrable");
        let bound = BoundAuthorization::bind(&client_id(), Some(uri), &[registered], Web);
        let text = format!("response_type=code&{text}");
        let parameters = Parameters::parse_urlencoded(&text).expect("well-formed");
        let request = parse(&parameters, client_id(), uri.into(), true).expect("well-formed");
        let rules = RegisteredRules {
            scope: &ScopeSet::parse(allowed).expect("scopes"),
            catalog: &ScopeCatalog::default(),
            pkce,
        };
        let judged = bound.expect("registered").judge(&request, &rules);
        judged.map_err(|refusal| refusal.code())
    }

    #[test]
    fn a_request_is_bound_to_what_it_names_or_to_the_only_uri_there_is() {
        let (one, other) = ("https://a.example/cb", "https://b.example/cb");
        assert_eq!(bind(Some(other), &[one, other], Web), Ok(other.into()));
        assert_eq!(bind(None, &[one], Web), Ok(one.into()));
        assert_eq!(
            bind(None, &[one, other], Web),
            Err(RedirectProblem::Missing)
        );
        assert_eq!(bind(None, &[], Web), Err(RedirectProblem::Missing));
        let own = "com.example.app:/cb";
        assert_eq!(bind(Some(own), &[own], Native), Ok(own.into()));
    }

    #[test]
    fn attacks_4_5_7_12_only_the_exact_string_is_bound() {
        let registered = ["https://ok.example/cb?a=1", "https://ok.example/*"];
        for uri in registered {
            assert_eq!(bind(Some(uri), &registered, Web), Ok(uri.into()));
        }
        for other in [
            "https://ok.example/cb",
            "https://ok.example/cb/?a=1",
            "https://ok.example/cb?a=1&b=2",
            "https://ok.example/cb?a=1#",
            "https://ok.example/CB?a=1",
            "https://OK.example/cb?a=1",
            "https://ok.example:443/cb?a=1",
            "https://okxexample/cb?a=1",
            "https://ok.example:8443/cb?a=1",
            "http://ok.example/cb?a=1",
            "https://ok.example/cb?a=1 ",
            "https://ok.example/cb?a=%31",
            "https://evilok.example/cb?a=1",
            // A star is a star.
            "https://ok.example/x",
            "cb",
            "",
        ] {
            let bound = bind(Some(other), &registered, Web);
            assert_eq!(bound, Err(RedirectProblem::NotRegistered), "{other}");
        }
    }

    #[test]
    fn attacks_3_and_4_the_port_of_a_loopback_address_may_differ() {
        let registered = ["http://127.0.0.1/cb", "http://localhost:3000/cb"];
        let there = "http://127.0.0.1:51004/cb";
        assert_eq!(bind(Some(there), &registered, Web), Ok(there.into()));
        let named = "http://localhost:3001/cb";
        assert_eq!(bind(Some(named), &registered, Native), Ok(named.into()));
        for (other, runs) in [(named, Web), ("http://localhost:3001/x", Native)] {
            let bound = bind(Some(other), &registered, runs);
            assert_eq!(bound, Err(RedirectProblem::NotRegistered), "{other}");
        }
    }

    #[test]
    fn what_is_not_registered_is_refused_and_what_is_not_defined_is_not() {
        let judged = |scope: &str, allowed: &str| {
            judge(&format!("{scope}{CHALLENGE}"), allowed, PkceRule::Required)
        };
        let usual = "openid profile email";
        for asked in [
            "scope=profile+openid",
            "scope=unheard+openid",
            "scope=openid+offline_access",
            "",
        ] {
            assert_eq!(judged(asked, usual), Ok(()), "{asked}");
        }
        assert_eq!(judged("scope=openid+phone", usual), Err(Code::InvalidScope));
        assert_eq!(judged("scope=openid", "orders"), Err(Code::InvalidScope));
    }

    #[test]
    fn attack_15_a_challenge_is_required_unless_the_profile_says_otherwise() {
        let judged = |pkce| judge("scope=openid", "openid", pkce);
        assert_eq!(judged(PkceRule::Required), Err(Code::InvalidRequest));
        assert_eq!(judged(PkceRule::Optional), Ok(()));
    }
}
