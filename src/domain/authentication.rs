//! An authentication: how and when a person proved who they are. The only input of starting a session;
//! `amr`, `acr` and `auth_time` are read from it, and so is whether a request needs a newer one.

use foundation::clock::Instant;
use protocol::discovery::ACR_PASSWORD;
use serde::{Deserialize, Serialize};

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// A password was typed.
    Password,
}

impl AuthenticationMethod {
    /// The `amr` value (RFC 8176 §2).
    pub const fn amr(self) -> &'static str {
        match self {
            // "Password-based authentication"
            Self::Password => "pwd",
        }
    }
}

/// A method that was used, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedMethod {
    /// Which.
    pub method: AuthenticationMethod,
    /// When.
    pub at: Instant,
}

/// One proof of who somebody is. It has at least one method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Authentication {
    methods: Vec<UsedMethod>,
    acr: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
}

/// As it is stored, before it is known to have a method.
#[derive(Deserialize)]
struct Stored {
    methods: Vec<UsedMethod>,
    acr: String,
    provider: Option<String>,
}

impl TryFrom<Stored> for Authentication {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        if stored.methods.is_empty() {
            return Err("an authentication without a method");
        }
        Ok(Self {
            methods: stored.methods,
            acr: stored.acr,
            provider: stored.provider,
        })
    }
}

/// What the ways of signing in give as `acr`.
pub const OFFERED: &[&str] = &[ACR_PASSWORD];

impl Authentication {
    /// A password was typed here.
    pub fn by_password(at: Instant) -> Self {
        let method = AuthenticationMethod::Password;
        Self {
            methods: vec![UsedMethod { method, at }],
            acr: ACR_PASSWORD.to_owned(),
            provider: None,
        }
    }

    /// When the person last proved something: "Time when the End-User authentication occurred" (OIDC
    /// Core §2 `auth_time`).
    pub fn at(&self) -> Instant {
        let times = self.methods.iter().map(|used| used.at);
        times.max().unwrap_or(Instant::from_millis(0))
    }

    /// "Authentication Context Class Reference" (OIDC Core §2 `acr`).
    pub fn acr(&self) -> &str {
        &self.acr
    }

    /// "Authentication Methods References" (OIDC Core §2 `amr`), each once.
    pub fn amr(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::with_capacity(self.methods.len());
        for used in &self.methods {
            let word = used.method.amr();
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        words
    }

    /// The outside provider that vouched for the person, if one did.
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Authentication, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn what_tokens_say_comes_from_the_methods() {
        let twice = r#"{"methods":[{"method":"password","at":2000},{"method":"password","at":9000}],
            "acr":"urn:example:two","provider":"https://id.example"}"#;
        let twice = read(twice).expect("it can be read");
        assert_eq!(twice.at(), Instant::from_millis(9000), "the latest");
        assert_eq!(twice.amr(), ["pwd"], "each once");
        assert_eq!(twice.acr(), "urn:example:two");
        assert_eq!(twice.provider(), Some("https://id.example"));
    }

    #[test]
    fn an_authentication_reads_as_it_was_written_and_never_without_a_method() {
        let typed = Authentication::by_password(Instant::from_millis(7));
        let json = serde_json::to_string(&typed).expect("it can be written");
        let as_stored =
            r#"{"methods":[{"method":"password","at":7}],"acr":"urn:portico:acr:password"}"#;
        assert_eq!(json, as_stored);
        assert_eq!(read(&json).expect("it can be read"), typed);
        assert!(read(r#"{"methods":[],"acr":"urn:portico:acr:password"}"#).is_err());
        assert!(read(r#"{"methods":[{"method":"guess","at":7}],"acr":"a"}"#).is_err());
    }
}
