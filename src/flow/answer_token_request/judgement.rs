//! What grants that speak for a person judge alike, and how they refuse.

use protocol::dpop::{KeyThumbprint, proof_is_missing};
use protocol::oauth_error::{OAuthError, invalid_grant, invalid_target};

use crate::token_authorization::Binding;

/// "The provided authorization grant … or refresh token is invalid, expired, revoked, does not
/// match the redirection URI used in the authorization request, or was issued to another client"
/// (RFC 6749 §5.2): one answer for all of them; the cause is for the log.
pub(super) fn not_valid(cause: &str) -> OAuthError {
    invalid_grant("the code or refresh token is not valid").because(cause)
}

/// A token can be asked for some of the resources that the authorization named, and for no other
/// (RFC 8707 §2.2; attack 33).
pub(super) fn within_authorized(asked: &[String], authorized: &[String]) -> Result<(), OAuthError> {
    match asked.iter().all(|resource| authorized.contains(resource)) {
        true => Ok(()),
        false => Err(invalid_target(
            "the authorization did not name this resource",
        )),
    }
}

/// A code or refresh token that is bound to a key is good for whoever has proved that one. "If they do not
/// match, it MUST reject the request" (RFC 9449 §10), and "such a client MUST present a DPoP proof for the
/// same key that was used to obtain the refresh token each time that refresh token is used" (§5).
pub(super) fn proves(binding: Binding, bound_to: Option<KeyThumbprint>) -> Result<(), OAuthError> {
    match (bound_to, binding) {
        (None, _) => Ok(()),
        (Some(key), Binding::DPoP(proved)) if proved == key => Ok(()),
        (Some(_), Binding::DPoP(_)) => Err(not_valid("it is bound to another key")),
        (Some(_), Binding::Bearer) => Err(proof_is_missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bound_to_a_key_is_good_with_that_key_only() {
        let [ours, other] = [1, 2].map(|byte| KeyThumbprint::new([byte; 32]));
        let judged = |bound_to, binding| proves(binding, bound_to).map_err(|e| e.code().as_str());
        for binding in [Binding::Bearer, Binding::DPoP(ours)] {
            assert_eq!(judged(None, binding), Ok(()));
        }
        assert_eq!(judged(Some(ours), Binding::DPoP(ours)), Ok(()));
        assert_eq!(
            judged(Some(ours), Binding::DPoP(other)),
            Err("invalid_grant")
        );
        assert_eq!(
            judged(Some(ours), Binding::Bearer),
            Err("invalid_dpop_proof")
        );
    }

    #[test]
    fn attack_33_a_resource_is_one_of_the_authorization() {
        let judged = |asked: &[&str], authorized: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
            within_authorized(&owned(asked), &owned(authorized)).map_err(|e| e.code().as_str())
        };
        assert_eq!(judged(&[], &["urn:a", "urn:b"]), Ok(()));
        assert_eq!(judged(&[], &[]), Ok(()));
        assert_eq!(judged(&["urn:b"], &["urn:a", "urn:b"]), Ok(()));
        assert_eq!(judged(&["urn:b"], &["urn:a"]), Err("invalid_target"));
        assert_eq!(judged(&["urn:b"], &[]), Err("invalid_target"));
    }
}
