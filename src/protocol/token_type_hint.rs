//! The `token_type_hint` of RFC 7009 §2.1 and RFC 7662 §2.1, and the request form that both share.

use crate::oauth_error::{OAuthError, invalid_request};
use crate::parameters::Parameters;

/// Where to look first. A wrong hint never hides a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTypeHint {
    /// `access_token`.
    AccessToken,
    /// `refresh_token`.
    RefreshToken,
}

/// Reads `token` and `token_type_hint`.
pub(crate) fn token_and_hint(
    parameters: &Parameters,
) -> Result<(&str, Option<TokenTypeHint>), OAuthError> {
    parameters.refuse_duplicates(&[])?;
    let token = parameters
        .one("token")?
        .ok_or_else(|| invalid_request("token is missing"))?;
    // "An authorization server MAY ignore this parameter, particularly if it is able to detect the
    // token type automatically." (RFC 7009 §2.1): an unknown hint is no hint.
    let hint = match parameters.one("token_type_hint")? {
        Some("access_token") => Some(TokenTypeHint::AccessToken),
        Some("refresh_token") => Some(TokenTypeHint::RefreshToken),
        _ => None,
    };
    Ok((token, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Parameters {
        Parameters::parse_urlencoded(text).expect("well-formed")
    }

    #[test]
    fn a_hint_is_only_a_hint() {
        let hint = |text| token_and_hint(&form(text)).map(|(_, hint)| hint);
        let known = hint("token=x&token_type_hint=refresh_token");
        assert_eq!(known, Ok(Some(TokenTypeHint::RefreshToken)));
        assert_eq!(hint("token=x&token_type_hint=pat"), Ok(None));
        assert_eq!(hint("token=x"), Ok(None));
    }

    #[test]
    fn a_token_is_needed_once() {
        for text in ["", "token=", "token=a&token=b", "token=a&x=1&x=2"] {
            assert_eq!(
                token_and_hint(&form(text))
                    .map(|_| ())
                    .map_err(|e| e.code().as_str()),
                Err("invalid_request")
            );
        }
    }
}
