//! The claims of a client assertion (RFC 7523 §3), checked without I/O. The signature is checked
//! before, and the `jti` is remembered after, both elsewhere.

use foundation::base64url;
use foundation::clock::{Instant, Span};
use foundation::id::ClientId;
use serde::Deserialize;

use crate::audience::{Audience, maybe_seconds, seconds};
use crate::oauth_error::{OAuthError, invalid_client};

/// How far a client's clock may be off ours.
const CLOCK_SKEW: Span = Span::seconds(30);
/// How long an assertion is good for after it was made, whatever it says: for so long its `jti` is
/// remembered.
const MAX_AGE: Span = Span::minutes(5);
/// How long an assertion may say that it lives. Client libraries make them for an hour.
const MAX_LIFETIME: Span = Span::minutes(60);
/// Bytes of a `jti`.
const MAX_JTI: usize = 256;

/// The claims of RFC 7523 §3. All dates are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AssertionClaims {
    /// Who made it: the client.
    pub iss: String,
    /// Whom it is about: the client as well.
    pub sub: String,
    /// For whom it was made.
    pub aud: Audience,
    /// When it ends.
    #[serde(deserialize_with = "seconds")]
    pub exp: i64,
    /// When it was made.
    #[serde(default, deserialize_with = "maybe_seconds")]
    pub iat: Option<i64>,
    /// When it begins.
    #[serde(default, deserialize_with = "maybe_seconds")]
    pub nbf: Option<i64>,
    /// Its unique id.
    pub jti: String,
}

/// Which audience a security profile accepts, and with it how long a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer as a single string (FAPI 2.0 Security Profile §5.3.2.1), for five minutes.
    IssuerOnly,
    /// The issuer, the token endpoint (OpenID Connect Core §9) or the endpoint that was called; the
    /// assertion may say that it lives for an hour.
    IssuerOrEndpoint,
}

impl AssertionAudience {
    const fn longest_life(self) -> Span {
        match self {
            Self::IssuerOnly => MAX_AGE,
            Self::IssuerOrEndpoint => MAX_LIFETIME,
        }
    }
}

/// What an assertion is measured by.
#[derive(Clone, Copy, Debug)]
pub struct AssertionExpectation<'a> {
    /// The client whose key verified the signature.
    pub client_id: &'a ClientId,
    /// Our issuer.
    pub issuer: &'a str,
    /// Our token endpoint.
    pub token_endpoint: &'a str,
    /// The endpoint that it was presented at.
    pub called_endpoint: &'a str,
    /// What the client's profile accepts.
    pub audience: AssertionAudience,
}

impl AssertionClaims {
    /// Checks everything but the signature and the reuse of `jti`.
    ///
    /// # Errors
    /// `invalid_client`; which rule was broken is in its cause.
    pub fn check(
        &self,
        expected: &AssertionExpectation<'_>,
        now: Instant,
    ) -> Result<(), OAuthError> {
        let client_id = expected.client_id.as_str();
        let latest_start = (now + CLOCK_SKEW).seconds();
        let broken = |rule: &str| Err(invalid_client("client authentication failed").because(rule));
        // "For client authentication, the subject MUST be the "client_id" of the OAuth client."
        // (RFC 7523 §3); the issuer is the client as well (OpenID Connect Core §9).
        if self.iss != client_id || self.sub != client_id {
            return broken("iss and sub must be the client_id");
        }
        if !self.is_for(expected) {
            return broken("aud is not this server");
        }
        // "The authorization server MUST reject any JWT with an expiration time that has passed"
        // (RFC 7523 §3)
        if self.exp <= now.seconds() {
            return broken("it has expired");
        }
        // "Note that the authorization server may reject JWTs with an "exp" claim value that is
        // unreasonably far in the future" (RFC 7523 §3)
        let latest_end = |life: Span| (now + life + CLOCK_SKEW).seconds();
        if self.exp > latest_end(expected.audience.longest_life()) {
            return broken("exp is too far in the future");
        }
        if self.iat.is_none() && self.exp > latest_end(MAX_AGE) {
            return broken("exp is more than five minutes ahead, and there is no iat");
        }
        if self.nbf.is_some_and(|nbf| nbf > latest_start) {
            return broken("it is not valid yet");
        }
        if self.iat.is_some_and(|iat| iat > latest_start) {
            return broken("it was made in the future");
        }
        if self.ends() <= now.seconds() {
            return broken("it was made more than five minutes ago");
        }
        if self.jti.is_empty() || self.jti.len() > MAX_JTI {
            return broken("jti must have 1 to 256 bytes");
        }
        Ok(())
    }

    /// When it is good for nothing any more, and its `jti` may be forgotten.
    pub fn expires_at(&self) -> Instant {
        Instant::from_seconds(self.ends())
    }

    /// The second in which it ends: when it says so, but not long after it was made. "The
    /// authorization server may reject JWTs with an "iat" claim value that is unreasonably far in
    /// the past" (RFC 7523 §3).
    fn ends(&self) -> i64 {
        let age = MAX_AGE.as_seconds() + CLOCK_SKEW.as_seconds();
        let too_old = self.iat.map(|iat| iat.saturating_add(age));
        too_old.map_or(self.exp, |too_old| too_old.min(self.exp))
    }

    fn is_for(&self, expected: &AssertionExpectation<'_>) -> bool {
        match (expected.audience, &self.aud) {
            (AssertionAudience::IssuerOnly, Audience::One(audience)) => audience == expected.issuer,
            // An array could name another server beside this one, which might then replay it here
            // (audience injection).
            (AssertionAudience::IssuerOnly, Audience::Many(_)) => false,
            (AssertionAudience::IssuerOrEndpoint, audience) => {
                let ours = [
                    expected.issuer,
                    expected.token_endpoint,
                    expected.called_endpoint,
                ];
                let audiences = audience.as_slice();
                !audiences.is_empty()
                    && audiences.iter().all(|known| ours.contains(&known.as_str()))
            }
        }
    }
}

/// Who an assertion says made it, before anything is verified: to find the key to verify it with,
/// and for nothing else.
pub fn unverified_client_id(assertion: &str) -> Option<ClientId> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let mut parts = assertion.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let issuer: Issuer = serde_json::from_slice(&base64url::decode(payload)?).ok()?;
    ClientId::parse(&issuer.iss).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_795_205_032;
    const ISSUER: &str = "https://id.example";
    const TOKEN: &str = "https://id.example/token";
    const CALLED: &str = "https://id.example/introspect";

    fn check(changes: Value, audience: AssertionAudience) -> Result<(), String> {
        let mut claims = json!({
            "iss": "bank", "sub": "bank", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "1",
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let claims: AssertionClaims =
            serde_json::from_value(claims).map_err(|error| error.to_string())?;
        accepts(&claims, audience, NOW)
    }

    fn accepts(
        claims: &AssertionClaims,
        audience: AssertionAudience,
        now: i64,
    ) -> Result<(), String> {
        let client_id = ClientId::parse("bank").expect("an id");
        let expected = AssertionExpectation {
            client_id: &client_id,
            issuer: ISSUER,
            token_endpoint: TOKEN,
            called_endpoint: CALLED,
            audience,
        };
        claims
            .check(&expected, Instant::from_seconds(now))
            .map_err(|error| {
                assert_eq!(error.code().as_str(), "invalid_client");
                error.cause().unwrap_or_default().to_owned()
            })
    }

    #[test]
    fn attack_23_the_audience_is_this_server_and_no_other() {
        use AssertionAudience::{IssuerOnly, IssuerOrEndpoint};
        for (aud, only, either) in [
            (json!(ISSUER), true, true),
            (json!(TOKEN), false, true),
            (json!([ISSUER]), false, true),
            (json!(CALLED), false, true),
            (json!([ISSUER, TOKEN, CALLED]), false, true),
            (json!("https://id.example/revoke"), false, false),
            (json!("https://evil.example/introspect"), false, false),
            (json!([CALLED, "https://evil.example"]), false, false),
            (json!([ISSUER, "https://evil.example"]), false, false),
            (json!([]), false, false),
            (json!("https://id.example/"), false, false),
            (json!(7), false, false),
        ] {
            let accepted = |rule| check(json!({ "aud": aud }), rule).is_ok();
            assert_eq!(
                (accepted(IssuerOnly), accepted(IssuerOrEndpoint)),
                (only, either),
                "{aud}"
            );
        }
    }

    #[test]
    fn its_dates_are_held_against_our_clock() {
        use AssertionAudience::{IssuerOnly, IssuerOrEndpoint};
        for (changes, fits) in [
            (json!({}), true),
            (json!({ "exp": NOW }), false),
            (json!({ "exp": NOW - 1 }), false),
            (json!({ "exp": NOW + 1 }), true),
            (json!({ "exp": NOW as f64 + 60.5 }), true),
            (json!({ "exp": NOW + 300 }), true),
            (json!({ "exp": i64::MAX }), false),
            (json!({ "exp": NOW + 4000, "iat": i64::MIN }), false),
            (json!({ "exp": (NOW + 60).to_string() }), false),
            (json!({ "iat": NOW + 10 }), true),
            (json!({ "iat": NOW + 61 }), false),
            (json!({ "iat": NOW - 329 }), true),
            (json!({ "iat": NOW - 330 }), false),
            (json!({ "iat": i64::MIN }), false),
            (json!({ "nbf": NOW + 10 }), true),
            (json!({ "nbf": NOW + 61 }), false),
        ] {
            for audience in [IssuerOnly, IssuerOrEndpoint] {
                let result = check(changes.clone(), audience);
                assert_eq!(result.is_ok(), fits, "{changes}, {audience:?}: {result:?}");
            }
        }
    }

    /// Good claims with these dates.
    fn dated(exp: i64, iat: Option<i64>) -> AssertionClaims {
        AssertionClaims {
            iss: "bank".into(),
            sub: "bank".into(),
            aud: Audience::One(ISSUER.into()),
            exp,
            iat,
            nbf: None,
            jti: "1".into(),
        }
    }

    #[test]
    fn an_hours_life_is_fine_but_for_the_strict_and_only_right_after_it_was_made() {
        use AssertionAudience::{IssuerOnly, IssuerOrEndpoint};
        for (exp, iat, fits) in [
            (3600, Some(0), true),
            (3600, Some(-329), true),
            (3600, Some(-330), false),
            (3600, None, false),
            (3630, Some(0), true),
            (3631, Some(0), false),
        ] {
            let claims = dated(NOW + exp, iat.map(|iat| NOW + iat));
            assert!(accepts(&claims, IssuerOnly, NOW).is_err(), "{exp} {iat:?}");
            let result = accepts(&claims, IssuerOrEndpoint, NOW);
            assert_eq!(result.is_ok(), fits, "{exp} {iat:?}: {result:?}");
        }
    }

    #[test]
    fn its_jti_is_forgotten_only_when_it_is_worth_nothing() {
        for (exp, iat) in [
            (3600, Some(0)),
            (3600, Some(30)),
            (60, Some(0)),
            (300, None),
        ] {
            let claims = dated(NOW + exp, iat.map(|iat| NOW + iat));
            let forgotten_at = claims.expires_at().seconds();
            assert!(forgotten_at <= NOW + 360, "{exp} {iat:?}");
            let accepted =
                |at: i64| accepts(&claims, AssertionAudience::IssuerOrEndpoint, at).is_ok();
            assert!(accepted(NOW) && accepted(forgotten_at - 1));
            assert!((forgotten_at..NOW + 4000).all(|at| !accepted(at)));
        }
    }

    #[test]
    fn it_speaks_about_its_maker_and_has_an_id() {
        for changes in [
            json!({ "iss": "taxi" }),
            json!({ "sub": "taxi" }),
            json!({ "sub": null }),
            json!({ "jti": "" }),
            json!({ "jti": null }),
            json!({ "jti": "x".repeat(257) }),
        ] {
            assert!(
                check(changes.clone(), AssertionAudience::IssuerOnly).is_err(),
                "{changes}"
            );
        }
    }

    #[test]
    fn attack_62_only_a_compact_jwt_says_who_made_it() {
        let payload = base64url::encode(br#"{"iss":"bank"}"#);
        let assertion = format!("h.{payload}.s");
        let found = unverified_client_id(&assertion);
        assert_eq!(
            found.map(|id| id.as_str().to_owned()).as_deref(),
            Some("bank")
        );
        for broken in [
            payload.clone(),
            format!("h.{payload}"),
            format!("h.{payload}.s.t"),
            format!("h.{payload}=.s"),
            "h..s".to_owned(),
            format!("h.{}.s", base64url::encode(b"[]")),
        ] {
            assert_eq!(unverified_client_id(&broken), None, "{broken}");
        }
    }
}
