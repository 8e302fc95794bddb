//! The revocation request (RFC 7009 §2.1). Its answer is empty.

use crate::oauth_error::OAuthError;
use crate::parameters::Parameters;
use crate::token_type_hint::{TokenTypeHint, token_and_hint};

/// A token that is to be revoked.
#[derive(Clone, Copy)]
pub struct RevocationRequest<'a> {
    /// The token as it was presented.
    pub token: &'a str,
    /// Where to look first.
    pub token_type_hint: Option<TokenTypeHint>,
}

impl<'a> RevocationRequest<'a> {
    /// Reads the form.
    ///
    /// # Errors
    /// `invalid_request` if there is no token, or a parameter is repeated.
    pub fn parse(parameters: &'a Parameters) -> Result<Self, OAuthError> {
        let (token, token_type_hint) = token_and_hint(parameters)?;
        Ok(Self {
            token,
            token_type_hint,
        })
    }
}
