//! The members of an introspection answer (RFC 7662 §2.2).
//!
//! Who may learn what about a token is decided elsewhere; a caller who may not gets
//! [`IntrospectionResponse::inactive`], which says nothing.

use foundation::id::ClientId;
use serde::Serialize;

use crate::access_token::ActorClaim;
use crate::audience::Audience;
use crate::dpop::ConfirmationClaim;
use crate::scope::ScopeSet;

/// The answer of RFC 7662 §2.2. Dates are seconds since 1970. There is no `username`: it would be
/// the same for every caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IntrospectionResponse<'a> {
    /// Whether the token is alive, and meant for the caller.
    pub active: bool,
    /// What it allows now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'a ScopeSet>,
    /// To whom it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<&'a ClientId>,
    /// How an access token is used. "If the token_type member is included in the introspection response,
    /// it MUST contain the value DPoP" (RFC 9449 §6.2) for one that is bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The caller's own pairwise subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<&'a str>,
    /// For whom it is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<&'a Audience>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<&'a str>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<&'a str>,
    /// When the person signed in (RFC 9470 §6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How the person signed in (RFC 9470 §6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<&'a str>,
    /// By which `sid` the caller knows the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<&'a str>,
    /// Who acts for the person: "act" has the same semantics and format as the claim of the same name
    /// (RFC 8693 §4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<&'a ActorClaim>,
    /// The key that whoever uses it has to prove: "the resource server uses the data of the introspection
    /// response to validate the access token binding itself locally" (RFC 9449 §6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<&'a ConfirmationClaim>,
}

impl IntrospectionResponse<'_> {
    /// "If the introspection call is properly authorized but the token is not active, does not
    /// exist on this server, or the protected resource is not allowed to introspect this
    /// particular token" (RFC 7662 §2.2): one answer for all of them.
    pub fn inactive() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inactive_answer_says_nothing_more() {
        let text = serde_json::to_string(&IntrospectionResponse::inactive()).expect("JSON");
        assert_eq!(text, r#"{"active":false}"#);
    }

    #[test]
    fn an_active_answer_has_the_members_it_knows() {
        let scope = ScopeSet::parse("b a").expect("scopes");
        let audience = Audience::One("urn:shop".into());
        let response = IntrospectionResponse {
            active: true,
            scope: Some(&scope),
            aud: Some(&audience),
            exp: Some(7),
            ..IntrospectionResponse::default()
        };
        let text = serde_json::to_string(&response).expect("JSON");
        assert_eq!(
            text,
            r#"{"active":true,"scope":"a b","exp":7,"aud":"urn:shop"}"#
        );
    }
}
