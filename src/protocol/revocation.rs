//! The revocation request (RFC 7009 §2.1). Its answer is empty.

use foundation::secret::SecretText;

use crate::oauth_error::OAuthError;
use crate::parameters::Parameters;
use crate::token_type_hint::{TokenTypeHint, token_and_hint};

/// A token that is to be revoked.
#[derive(Clone, Debug)]
pub struct RevocationRequest {
    /// The token as it was presented.
    pub token: SecretText,
    /// Where to look first.
    pub token_type_hint: Option<TokenTypeHint>,
}

impl RevocationRequest {
    /// Reads the form.
    ///
    /// # Errors
    /// `invalid_request` if there is no token, or a parameter is repeated.
    pub fn parse(parameters: &Parameters) -> Result<Self, OAuthError> {
        let (token, token_type_hint) = token_and_hint(parameters)?;
        Ok(Self {
            token,
            token_type_hint,
        })
    }
}
