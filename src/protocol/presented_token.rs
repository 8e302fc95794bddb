//! The token of an introspection or revocation request (RFC 7662 §2.1, RFC 7009 §2.1).
//!
//! `token_type_hint` is not read: "An authorization server MAY ignore this parameter, particularly
//! if it is able to detect the token type automatically" (RFC 7009 §2.1), as ours tell theirs.

use crate::oauth_error::{OAuthError, invalid_request};
use crate::parameters::Parameters;

/// Reads `token`.
///
/// # Errors
/// `invalid_request` if there is none, or any parameter is repeated.
pub fn presented_token(parameters: &Parameters) -> Result<&str, OAuthError> {
    parameters.refuse_duplicates(&[])?;
    parameters
        .one("token")?
        .ok_or_else(|| invalid_request("token is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Parameters {
        Parameters::parse_urlencoded(text).expect("well-formed")
    }

    #[test]
    fn a_hint_changes_nothing() {
        for hint in ["", "&token_type_hint=refresh_token", "&token_type_hint=pat"] {
            let form = form(&format!("token=x{hint}"));
            assert_eq!(presented_token(&form), Ok("x"), "{hint}");
        }
    }

    #[test]
    fn a_token_is_needed_once() {
        for text in ["", "token=", "token=a&token=b", "token=a&x=1&x=2"] {
            let form = form(text);
            let refused = presented_token(&form).map_err(|e| e.code().as_str());
            assert_eq!(refused, Err("invalid_request"), "{text}");
        }
    }
}
