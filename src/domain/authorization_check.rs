//! The checks of an authorization request, as a table that reads from top to bottom. Everything
//! here is answered by a redirect: the redirect URI is bound before, and a suspended client never
//! comes this far. PKCE and scope are judged before as well, by `protocol::code_grant`.

use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::authorization_request::AuthorizationRequest;
use protocol::grant_type;
use protocol::scope;

use crate::client::Client;

/// What a check may look at.
pub struct Checked<'a> {
    /// The parsed request.
    pub request: &'a AuthorizationRequest,
    /// Who asks.
    pub client: &'a Client,
}

type Check = fn(&Checked<'_>) -> Result<(), AuthorizationRefusal>;

/// In this order; the first refusal is the answer.
const CHECKS: &[Check] = &[
    grant_type_is_registered,
    openid_for_mini_programs,
    it_can_be_kept,
];

/// Bytes of a request as it is kept while its pages are shown: it travels in the address of the
/// sign-in page, and proxies take lines of 8 KiB.
const MAX_KEPT: usize = 5 * 1024;

/// Runs all checks.
///
/// # Errors
/// The first rule that is broken.
pub fn check(checked: &Checked<'_>) -> Result<(), AuthorizationRefusal> {
    CHECKS.iter().try_for_each(|check| check(checked))
}

fn refuse(code: AuthorizationErrorCode, description: &str) -> Result<(), AuthorizationRefusal> {
    Err(AuthorizationRefusal::new(code, description))
}

// "The client is not authorized to request an authorization code using this method" (RFC 6749
// §4.1.2.1)
fn grant_type_is_registered(c: &Checked<'_>) -> Result<(), AuthorizationRefusal> {
    if !c.client.allows_grant(grant_type::AUTHORIZATION_CODE) {
        return refuse(
            AuthorizationErrorCode::UnauthorizedClient,
            "the client did not register authorization_code",
        );
    }
    Ok(())
}

fn openid_for_mini_programs(c: &Checked<'_>) -> Result<(), AuthorizationRefusal> {
    if c.client.mini_program().is_some() && !c.request.scope.contains(scope::OPENID) {
        return refuse(
            AuthorizationErrorCode::InvalidScope,
            "a mini-program asks for openid with whatever else",
        );
    }
    Ok(())
}

fn it_can_be_kept(c: &Checked<'_>) -> Result<(), AuthorizationRefusal> {
    let kept = serde_json::to_vec(c.request).map_or(usize::MAX, |json| json.len());
    if kept > MAX_KEPT {
        return refuse(
            AuthorizationErrorCode::InvalidRequest,
            "the request is too long",
        );
    }
    Ok(())
}
