//! The judgements of RFC 6749's grants, by `oxide_auth`'s machines, which do no I/O.
//!
//! The machines judge client, redirect URI, PKCE and scope. Three things are decided before they
//! are fed: the client is authenticated already; a code or token that is not known is
//! `invalid_grant` (they say `invalid_request`); and expiry is by our clock, so each gets an
//! `until` in the far future. Nothing is issued by them: each is left where it would issue.

mod authorization;
mod client_credentials;
mod redemption;
mod refresh;

use std::time::{Duration, SystemTime};

use oxide_auth::code_grant::error::{AccessTokenError, AccessTokenErrorType};
use oxide_auth::primitives::grant::{Extensions, Grant};
use oxide_auth::primitives::scope::Scope;
use url::Url;

pub use authorization::{BoundAuthorization, PkceRule, RegisteredRules};
pub use client_credentials::judge_client_credentials;
pub use redemption::{PresentedCode, SavedAuthorization, judge_redemption};
pub use refresh::judge_refresh;

use crate::oauth_error::{self, OAuthError, server_error};
use crate::scope::{ScopeName, ScopeSet};

/// Why what was granted is not given out.
#[derive(Debug)]
pub enum GrantRefusal {
    /// It was issued to another client: it has leaked.
    IssuedToAnother,
    /// The request does not fit it.
    Unfit(OAuthError),
}

impl From<OAuthError> for GrantRefusal {
    fn from(error: OAuthError) -> Self {
        Self::Unfit(error)
    }
}

/// Stands where a machine wants a redirect URI and the grant has none. It is never followed.
const NOWHERE: &str = "about:blank";

/// 9999-12-31T23:59:59Z in seconds since 1970: later than any clock that a machine reads.
const FAR_FUTURE: u64 = 253_402_300_799;

/// A grant as the machines know it. Whose it is does not matter to them.
fn saved_grant(
    client_id: &str,
    redirect_uri: &str,
    scope: &ScopeSet,
    extensions: Extensions,
) -> Result<Grant, OAuthError> {
    Ok(Grant {
        owner_id: String::new(),
        client_id: client_id.to_owned(),
        scope: to_machine(scope)?,
        redirect_uri: Url::parse(redirect_uri).map_err(broken)?,
        until: (SystemTime::UNIX_EPOCH + Duration::from_secs(FAR_FUTURE)).into(),
        extensions,
    })
}

fn to_machine(scope: &ScopeSet) -> Result<Scope, OAuthError> {
    scope.to_string().parse().map_err(broken)
}

fn from_machine(scope: &Scope) -> Result<ScopeSet, OAuthError> {
    scope
        .iter()
        .map(ScopeName::parse)
        .collect::<Result<_, _>>()
        .map_err(broken)
}

/// Something that was checked before does not fit a machine.
fn broken(cause: impl std::fmt::Display) -> OAuthError {
    server_error("the request could not be judged").because(cause.to_string())
}

/// A machine's error as ours. Without a description a machine is out of step.
fn refusal(error: Option<&mut AccessTokenError>, description: &str) -> OAuthError {
    let Some(error) = error else {
        return broken("the machine is out of step");
    };
    match error.kind() {
        AccessTokenErrorType::InvalidRequest => oauth_error::invalid_request(description),
        AccessTokenErrorType::InvalidClient => oauth_error::invalid_client(description),
        AccessTokenErrorType::InvalidGrant => oauth_error::invalid_grant(description),
        AccessTokenErrorType::UnauthorizedClient => oauth_error::unauthorized_client(description),
        AccessTokenErrorType::UnsupportedGrantType => {
            oauth_error::unsupported_grant_type(description)
        }
        AccessTokenErrorType::InvalidScope => oauth_error::invalid_scope(description),
    }
}
