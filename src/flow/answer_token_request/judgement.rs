//! What grants that speak for a person judge alike, and how they refuse.

use protocol::oauth_error::{OAuthError, invalid_grant, invalid_target};

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

#[cfg(test)]
mod tests {
    use super::*;

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
