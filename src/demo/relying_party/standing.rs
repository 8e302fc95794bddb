//! Whether a person is still signed in here, and what they share at this moment: introspection
//! and userinfo, asked on every request.

use openidconnect::core::CoreGenderClaim;
use openidconnect::{
    AccessToken, OAuth2TokenResponse as _, RefreshToken, SubjectIdentifier,
    TokenIntrospectionResponse as _, UserInfoClaims, UserInfoError,
};

use super::discovery::Portico;
use super::trouble::{Trouble, chain};
use super::{RelyingParty, Tokens};
use crate::claims::{Kyc, PaymentMethod, PorticoClaims, SavedAddress};

type Claims = UserInfoClaims<PorticoClaims, CoreGenderClaim>;

/// Portico's word on a session of a program.
pub(crate) enum AccessStatus {
    /// It lives.
    Active {
        /// What the person shares now.
        shared: Box<Shared>,
        /// New tokens to keep, where the old access token had run out.
        renewed: Option<Box<Tokens>>,
    },
    /// It ended: signed out, revoked, expired.
    Ended,
}

/// What Portico tells about a person at this moment. A scope may be granted and its value still
/// be missing: a person without a telephone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    /// The scopes of the grant as it is now, from introspection.
    pub(crate) scopes: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) addresses: Vec<SavedAddress>,
    pub(crate) payment_methods: Vec<PaymentMethod>,
    pub(crate) kyc: Option<Kyc>,
}

impl Shared {
    /// Whether the person allows a scope now.
    pub(crate) fn allows(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
}

impl RelyingParty {
    /// Asks Portico about the holder of `tokens`.
    pub(crate) async fn standing(&self, tokens: &Tokens) -> Result<AccessStatus, Trouble> {
        let portico = self.portico().await?;
        if let Some(scopes) = self
            .introspect(&portico, &tokens.access_token, &tokens.subject)
            .await?
        {
            return self.describe(&portico, tokens, scopes, None).await;
        }
        // An access token is short; a session is not. Only Portico can say which of them ended.
        let Some(renewed) = self.renew(&portico, tokens).await? else {
            return Ok(AccessStatus::Ended);
        };
        match self
            .introspect(&portico, &renewed.access_token, &renewed.subject)
            .await?
        {
            Some(scopes) => {
                self.describe(&portico, &renewed.clone(), scopes, Some(Box::new(renewed)))
                    .await
            }
            None => Ok(AccessStatus::Ended),
        }
    }

    /// New tokens for old; nothing when what they rest on has ended.
    pub(crate) async fn renewed(&self, tokens: &Tokens) -> Result<Option<Tokens>, Trouble> {
        let portico = self.portico().await?;
        self.renew(&portico, tokens).await
    }

    /// The scopes of an active token (RFC 7662 §2.2), or nothing.
    async fn introspect(
        &self,
        portico: &Portico,
        token: &AccessToken,
        subject: &str,
    ) -> Result<Option<Vec<String>>, Trouble> {
        let answer = portico
            .client
            .introspect(token)
            .request_async(&self.transport)
            .await?;
        if !answer.active() {
            return Ok(None);
        }
        if answer.sub() != Some(subject) {
            return Err(Trouble::untrustworthy("introspection names another person"));
        }
        Ok(Some(
            answer
                .scopes()
                .into_iter()
                .flatten()
                .map(|s| s.to_string())
                .collect(),
        ))
    }

    /// New tokens for old (RFC 6749 §6); nothing when the family has ended.
    async fn renew(&self, portico: &Portico, tokens: &Tokens) -> Result<Option<Tokens>, Trouble> {
        let Some(refresh_token) = &tokens.refresh_token else {
            return Ok(None);
        };
        let request = portico
            .client
            .exchange_refresh_token(refresh_token)
            .map_err(|e| Trouble::untrustworthy(chain(&e)))?;
        let answer = match request
            .request_async(&self.transport)
            .await
            .map_err(Trouble::from)
        {
            Ok(answer) => answer,
            Err(Trouble::Refused(error)) if error == "invalid_grant" => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        // "the client MUST discard the old refresh token and replace it with the new" (RFC 6749 §6)
        let refresh_token: Option<RefreshToken> = answer
            .refresh_token()
            .or(tokens.refresh_token.as_ref())
            .cloned();
        Ok(Some(Tokens {
            access_token: answer.access_token().clone(),
            refresh_token,
            ..tokens.clone()
        }))
    }

    async fn describe(
        &self,
        portico: &Portico,
        tokens: &Tokens,
        scopes: Vec<String>,
        renewed: Option<Box<Tokens>>,
    ) -> Result<AccessStatus, Trouble> {
        let subject = SubjectIdentifier::new(tokens.subject.clone());
        let request = portico
            .client
            .user_info(tokens.access_token.clone(), Some(subject))
            .map_err(|e| Trouble::untrustworthy(chain(&e)))?;
        let claims: Claims = match request.request_async(&self.transport).await {
            Ok(claims) => claims,
            // The session ended between the two questions.
            Err(UserInfoError::Response(status, ..))
                if status == http::StatusCode::UNAUTHORIZED =>
            {
                return Ok(AccessStatus::Ended);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(AccessStatus::Active {
            shared: Box::new(shared(scopes, &claims)),
            renewed,
        })
    }
}

fn shared(scopes: Vec<String>, claims: &Claims) -> Shared {
    let further = claims.additional_claims();
    Shared {
        scopes,
        name: claims
            .name()
            .and_then(|name| name.get(None))
            .map(|name| name.to_string()),
        phone_number: claims.phone_number().map(|phone| phone.to_string()),
        addresses: further.addresses.clone().unwrap_or_default(),
        payment_methods: further.payment_methods.clone().unwrap_or_default(),
        kyc: further.kyc.clone(),
    }
}
