//! The discovery documents: OpenID Connect Discovery §3 and RFC 8414 §2.
//!
//! Owns the members and the paths behind the issuer. Unknown members are a warning in
//! certification, so Portico's own endpoints are announced elsewhere.

use serde_json::{Value, json};

use crate::client_metadata::{SignatureAlgorithm, TokenEndpointAuthMethod};
use crate::dpop;
use crate::prompt::Prompts;

/// The only authentication context class that is reached with a password.
pub const ACR_PASSWORD: &str = "urn:portico:acr:password";

/// The addresses of the standard endpoints and of our own, all behind the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The issuer, exactly as configured.
    pub issuer: String,
    /// RFC 6749 §3.1.
    pub authorization: String,
    /// RFC 6749 §3.2.
    pub token: String,
    /// OpenID Connect Core §5.3.
    pub userinfo: String,
    /// RFC 7662 §2.
    pub introspection: String,
    /// RFC 7009 §2.
    pub revocation: String,
    /// OpenID Connect RP-Initiated Logout §2.
    pub end_session: String,
    /// RFC 7517 §5.
    pub jwks: String,
    /// Portico's own: what happens to sessions, as it happens.
    pub session_events: String,
    /// Portico's own: the consent sheet of a host.
    pub interaction: String,
    /// Portico's own: the programs that a host can launch.
    pub mini_programs: String,
    /// Portico's own: a host lets a program go.
    pub leave: String,
    /// Portico's own: a WebView or frame hands in a web ticket.
    pub web_ticket: String,
}

/// What depends on how this server is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// All scopes, the operator's own among them.
    pub scopes: Vec<String>,
    /// The claims that scopes stand for.
    pub claims: Vec<&'static str>,
    /// The grants of the token endpoint.
    pub grant_types: Vec<&'static str>,
    /// Language tags of the pages.
    pub ui_locales: Vec<String>,
}

impl Endpoints {
    /// The endpoints of an issuer. A slash at its end stays in the issuer and is not doubled.
    pub fn of(issuer: &str) -> Self {
        let base = issuer.trim_end_matches('/');
        let at = |path: &str| format!("{base}/{path}");
        Self {
            issuer: issuer.to_owned(),
            authorization: at("authorize"),
            token: at("token"),
            userinfo: at("userinfo"),
            introspection: at("introspect"),
            revocation: at("revoke"),
            end_session: at("end-session"),
            jwks: at("jwks"),
            session_events: at("session-events"),
            interaction: at("interaction"),
            mini_programs: at("mini-programs"),
            leave: at("leave"),
            web_ticket: at("web-ticket"),
        }
    }
}

/// `/.well-known/openid-configuration`.
pub fn openid_configuration(endpoints: &Endpoints, offer: &Offer) -> Value {
    let mut document = authorization_server_metadata(endpoints, offer);
    let openid = json!({
        "userinfo_endpoint": endpoints.userinfo,
        "end_session_endpoint": endpoints.end_session,
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": names(SignatureAlgorithm::OURS),
        "claim_types_supported": ["normal"],
        "claims_supported": claims_supported(offer),
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "acr_values_supported": [ACR_PASSWORD],
        "prompt_values_supported": Prompts::SUPPORTED,
        // OpenID Connect Back-Channel Logout 1.0 §2.1.
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    });
    if let (Value::Object(document), Value::Object(openid)) = (&mut document, openid) {
        document.extend(openid);
    }
    document
}

/// `/.well-known/oauth-authorization-server`.
pub fn authorization_server_metadata(endpoints: &Endpoints, offer: &Offer) -> Value {
    let methods: Vec<_> = TokenEndpointAuthMethod::ALL
        .iter()
        .map(|m| m.as_str())
        .collect();
    // Introspection "MUST also require some form of authorization" (RFC 7662 §2.1).
    let confidential: Vec<_> = methods.iter().filter(|name| **name != "none").collect();
    let assertion_algorithms = names(SignatureAlgorithm::ALL);
    json!({
        "issuer": endpoints.issuer,
        "authorization_endpoint": endpoints.authorization,
        "token_endpoint": endpoints.token,
        "jwks_uri": endpoints.jwks,
        "introspection_endpoint": endpoints.introspection,
        "revocation_endpoint": endpoints.revocation,
        "scopes_supported": offer.scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": offer.grant_types,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertion_algorithms,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": assertion_algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertion_algorithms,
        "authorization_response_iss_parameter_supported": true,
        "dpop_signing_alg_values_supported": names(dpop::SIGNING_ALGORITHMS),
        "ui_locales_supported": offer.ui_locales,
    })
}

fn names(algorithms: &[SignatureAlgorithm]) -> Vec<&'static str> {
    algorithms
        .iter()
        .map(|algorithm| algorithm.as_str())
        .collect()
}

fn claims_supported(offer: &Offer) -> Vec<&'static str> {
    let protocol = [
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "sid",
    ];
    protocol.iter().chain(&offer.claims).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(issuer: &str) -> [Value; 2] {
        let offer = Offer {
            scopes: vec!["openid".into()],
            claims: vec!["name"],
            grant_types: vec!["authorization_code"],
            ui_locales: vec!["en".into()],
        };
        let endpoints = Endpoints::of(issuer);
        [
            openid_configuration(&endpoints, &offer),
            authorization_server_metadata(&endpoints, &offer),
        ]
    }

    #[test]
    fn every_address_stands_behind_the_issuer() {
        for issuer in [
            "https://id.example",
            "https://id.example/",
            "https://id.example/tenant",
        ] {
            for document in documents(issuer) {
                assert_eq!(document["issuer"], issuer);
                for (name, value) in document.as_object().expect("an object") {
                    if name.ends_with("_endpoint") || name == "jwks_uri" {
                        let address = value.as_str().expect("text");
                        let path = address.strip_prefix(issuer.trim_end_matches('/'));
                        assert!(
                            path.is_some_and(|p| p.rfind('/') == Some(0)),
                            "{name} {address}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_weak_is_offered() {
        let [openid, oauth] = documents("https://id.example");
        assert_eq!(openid["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(openid["response_types_supported"], json!(["code"]));
        assert_eq!(openid["subject_types_supported"], json!(["pairwise"]));
        let algorithms = &openid["id_token_signing_alg_values_supported"];
        assert_eq!(algorithms, &json!(["RS256", "ES256", "PS256"]));
        assert!(!openid.to_string().contains("implicit"));
        let introspection = &oauth["introspection_endpoint_auth_methods_supported"];
        assert!(
            introspection
                .as_array()
                .is_some_and(|all| !all.contains(&json!("none")))
        );
        assert_eq!(oauth.get("claims_supported"), None);
    }
}
