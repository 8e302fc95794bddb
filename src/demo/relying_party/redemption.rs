//! From the browser's return to tokens: the authorization response is checked, the code is
//! redeemed, and the id_token is verified before anything in it is believed.

use foundation::base64url;
use foundation::digest::constant_time_eq;
use openidconnect::core::{CoreIdToken, CoreIdTokenClaims, CoreTokenResponse};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, OAuth2TokenResponse as _,
    SignatureVerificationError, TokenResponse as _,
};
use serde::Deserialize;

use super::discovery::Portico;
use super::trouble::{Trouble, chain};
use super::{PendingAuthorization, Redeemed, RelyingParty, Tokens};

/// The authorization response (RFC 6749 §4.1.2, §4.1.2.1; `iss` by RFC 9207 §2).
#[derive(Deserialize)]
pub(crate) struct CallbackQuery {
    pub(super) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(super) iss: Option<String>,
    pub(super) error: Option<String>,
}

impl PendingAuthorization {
    /// Whether a response belongs to this request (RFC 6749 §10.12).
    pub(crate) fn belongs_to(&self, state: &str) -> bool {
        constant_time_eq(self.state.expose().as_bytes(), state.as_bytes())
    }
}

impl RelyingParty {
    /// Redeems the response to `pending`, whose `state` was compared already.
    pub(crate) async fn redeem(
        &self,
        pending: PendingAuthorization,
        response: CallbackQuery,
    ) -> Result<Redeemed, Trouble> {
        // "Clients that support this specification MUST extract the value of the iss parameter
        // from authorization responses they receive if the parameter is present" (RFC 9207 §2.4).
        // Portico always sends it, so a response without it is not Portico's.
        if response.iss.as_deref() != Some(self.issuer.as_str()) {
            return Err(Trouble::untrustworthy(
                "the response does not come from this issuer",
            ));
        }
        if let Some(error) = response.error {
            return Err(Trouble::Refused(error));
        }
        let code = response
            .code
            .ok_or_else(|| Trouble::untrustworthy("the response has no code"))?;
        let portico = self.portico().await?;
        let answer = portico
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|e| Trouble::untrustworthy(chain(&e)))?
            .set_pkce_verifier(pending.pkce_verifier)
            .request_async(&self.transport)
            .await?;
        let id_token = answer
            .id_token()
            .ok_or_else(|| Trouble::untrustworthy("the answer has no id_token"))?
            .clone();
        let verified = match verify(&portico, &answer, &pending.nonce) {
            // "The verifier knows to go back to the jwks_uri location to re-retrieve the keys when
            // it sees an unfamiliar kid value." (OpenID Connect Core §10.1.1)
            Err(Unverified::UnknownKey) => {
                let portico = self.discover_anew(Some(&portico)).await?;
                verify(&portico, &answer, &pending.nonce)
            }
            first => first,
        };
        let subject = verified.map_err(|unverified| match unverified {
            Unverified::UnknownKey => {
                Trouble::untrustworthy("the id_token is signed with an unknown key")
            }
            Unverified::Claims(what) => Trouble::untrustworthy(what),
        })?;
        // "scope: OPTIONAL, if identical to the scope requested by the client" (RFC 6749 §5.1)
        let scopes = match answer.scopes() {
            Some(scopes) => scopes.iter().map(|s| s.to_string()).collect(),
            None => self
                .registration
                .scopes
                .iter()
                .map(|s| (*s).to_owned())
                .collect(),
        };
        let tokens = Tokens {
            sid: sid(&id_token),
            subject,
            access_token: answer.access_token().clone(),
            refresh_token: answer.refresh_token().cloned(),
            id_token,
        };
        Ok(Redeemed {
            tokens,
            scopes,
            aside: pending.aside,
        })
    }
}

/// The `sid` of an id_token that was verified; the `openidconnect` crate does not name it.
fn sid(id_token: &CoreIdToken) -> Option<String> {
    let text = id_token.to_string();
    let payload = base64url::decode(text.split('.').nth(1)?)?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    claims["sid"].as_str().map(str::to_owned)
}

/// Why an id_token is not believed.
enum Unverified {
    /// Perhaps the keys were rotated.
    UnknownKey,
    /// Anything else.
    Claims(String),
}

/// The subject of the answer's id_token, after OpenID Connect Core §3.1.3.7.
fn verify(
    portico: &Portico,
    answer: &CoreTokenResponse,
    nonce: &openidconnect::Nonce,
) -> Result<String, Unverified> {
    let missing = || Unverified::Claims("the answer has no id_token".to_owned());
    let id_token = answer.id_token().ok_or_else(missing)?;
    let verifier = portico.client.id_token_verifier();
    let claims: &CoreIdTokenClaims =
        id_token
            .claims(&verifier, nonce)
            .map_err(|error| match error {
                ClaimsVerificationError::SignatureVerification(
                    SignatureVerificationError::NoMatchingKey,
                ) => Unverified::UnknownKey,
                other => Unverified::Claims(chain(&other)),
            })?;
    // "if the ID Token contains an at_hash Claim, the Client MAY use it to validate the Access
    // Token" (§3.1.3.8)
    if let Some(expected) = claims.access_token_hash() {
        let broken = |e: &dyn std::error::Error| Unverified::Claims(chain(e));
        let alg = id_token.signing_alg().map_err(|e| broken(&e))?;
        let key = id_token.signing_key(&verifier).map_err(|e| broken(&e))?;
        let actual =
            AccessTokenHash::from_token(answer.access_token(), alg, key).map_err(|e| broken(&e))?;
        if actual != *expected {
            return Err(Unverified::Claims(
                "the access token is not the id_token's".to_owned(),
            ));
        }
    }
    Ok(claims.subject().as_str().to_owned())
}
