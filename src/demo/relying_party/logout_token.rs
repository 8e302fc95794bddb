//! Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.6): whose stay Portico says is over. Anybody can
//! post one, so nothing in it is believed before its signature.

use foundation::base64url;
use foundation::clock::{Instant, Span};
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyUse as _};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::RelyingParty;
use super::discovery::Portico;
use super::trouble::Trouble;

/// The longest that is looked at.
const LONGEST: usize = 16 * 1024;
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Seconds by which two clocks may differ.
const LEEWAY: i64 = 60;
/// Strangers can name keys that nobody has: the key set is not asked for again before this.
const KEYS_AGAIN: Span = Span::seconds(10);

/// Whose stay is over: one of a person's, or all of them where no `sid` is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndedStay {
    pub(crate) subject: Option<String>,
    pub(crate) sid: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct LogoutClaims {
    iss: String,
    aud: Value,
    iat: i64,
    exp: i64,
    sub: Option<String>,
    sid: Option<String>,
    events: Map<String, Value>,
    nonce: Option<Value>,
}

impl RelyingParty {
    /// Verifies a logout token that somebody posted here.
    pub(crate) async fn verify_logout_token(
        &self,
        token: &str,
        now: Instant,
    ) -> Result<EndedStay, Trouble> {
        let parts = Parts::of(token).ok_or_else(|| refuse("it is no signed token"))?;
        let portico = self.portico().await?;
        let verified = match parts.is_signed_by(&portico) {
            None if self.may_look_again(now) => {
                parts.is_signed_by(&*self.discover_anew(Some(&portico)).await?)
            }
            first => first,
        };
        if verified != Some(true) {
            return Err(refuse("no key of the issuer signed it"));
        }
        let claims: LogoutClaims =
            serde_json::from_slice(&parts.claims).map_err(|_| refuse("it lacks a claim"))?;
        self.ended_by(claims, now)
    }

    fn may_look_again(&self, now: Instant) -> bool {
        let mut last = self
            .keys_sought_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_some_and(|last| now.since(last) < KEYS_AGAIN) {
            return false;
        }
        *last = Some(now);
        true
    }

    /// What the claims of a token that Portico signed say, by the steps of §2.6.
    fn ended_by(&self, claims: LogoutClaims, now: Instant) -> Result<EndedStay, Trouble> {
        let client_id = self.client_id();
        let is_ours = match &claims.aud {
            Value::String(one) => one == client_id,
            Value::Array(several) => several.iter().any(|one| one == client_id),
            _ => false,
        };
        let seconds = now.seconds();
        // "Validate the iss, aud, iat, and exp Claims in the same way they are validated in ID Tokens."
        if claims.iss != self.issuer || !is_ours {
            return Err(refuse("it is of another issuer, or for another client"));
        }
        if claims.exp <= seconds - LEEWAY || claims.iat > seconds + LEEWAY {
            return Err(refuse("it is over, or of the future"));
        }
        // "Verify that the Logout Token contains a sub Claim, a sid Claim, or both."
        if claims.sub.is_none() && claims.sid.is_none() {
            return Err(refuse("it names nobody"));
        }
        // "Verify that the Logout Token contains an events Claim whose value is JSON object containing the
        // member name http://schemas.openid.net/event/backchannel-logout."
        if !claims.events.get(EVENT).is_some_and(Value::is_object) {
            return Err(refuse("it is no logout token"));
        }
        // "Verify that the Logout Token does not contain a nonce Claim."
        if claims.nonce.is_some() {
            return Err(refuse("it has a nonce"));
        }
        Ok(EndedStay {
            subject: claims.sub,
            sid: claims.sid,
        })
    }
}

/// A compact JWS (RFC 7515 §3.1), taken apart.
struct Parts<'a> {
    header: Header,
    claims: Vec<u8>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&base64url::decode(header)?).ok()?;
        // "it is RECOMMENDED that Logout Tokens be explicitly typed" (§2.4); Portico's always are.
        let typ = header.typ.as_deref()?.to_ascii_lowercase();
        let is_logout = typ.strip_prefix("application/").unwrap_or(&typ) == "logout+jwt";
        // "If any of the listed extension Header Parameters are not understood and supported by the
        // recipient, then the JWS is invalid." (RFC 7515 §4.1.11)
        (is_logout && header.crit.is_none()).then_some(())?;
        Some(Self {
            header,
            claims: base64url::decode(claims)?,
            signed,
            signature: base64url::decode(signature)?,
        })
    }

    /// Whether Portico signed it; nothing where its key is not known.
    fn is_signed_by(&self, portico: &Portico) -> Option<bool> {
        // "MUST NOT be none" (§2.6), and no algorithm but those that Portico says it signs with.
        if !portico.signs_with.contains(&self.header.alg) {
            return Some(false);
        }
        let named = portico.keys.keys().iter().filter(|key| {
            let known = key.key_id().map(|id| id.as_str());
            self.header.kid.is_none() || known == self.header.kid.as_deref()
        });
        let mut fitting = named.filter(|key| self.fits(key)).peekable();
        fitting.peek()?;
        Some(fitting.any(|key| {
            key.verify_signature(&self.header.alg, self.signed.as_bytes(), &self.signature)
                .is_ok()
        }))
    }

    fn fits(&self, key: &CoreJsonWebKey) -> bool {
        key.key_use().is_none_or(|how| how.allows_signature())
            && match key.signing_alg() {
                JsonWebKeyAlgorithm::Algorithm(alg) => *alg == self.header.alg,
                JsonWebKeyAlgorithm::Unspecified => true,
                JsonWebKeyAlgorithm::Unsupported => false,
            }
    }
}

fn refuse(why: &str) -> Trouble {
    Trouble::untrustworthy(format!("the logout token: {why}"))
}
