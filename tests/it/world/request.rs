//! An authorization request before it is sent: the usual one of a program, changed by a test.

use super::program::Program;

/// The verifier that programs use (RFC 7636 §4.1: 43 to 128 unreserved characters).
pub(crate) const VERIFIER: &str = "a-verifier-of-the-tests-that-is-long-enough-4711";

/// A request of a program.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) program: Program,
    pub(crate) parameters: Vec<(String, String)>,
    /// Whether it is posted.
    pub(crate) posted: bool,
}

impl Request {
    pub(super) fn usual(program: &Program, state: String, nonce: String) -> Self {
        let challenge = super::jwt::s256(VERIFIER);
        let parameters = [
            ("client_id", program.id.clone()),
            ("response_type", "code".into()),
            ("redirect_uri", program.redirect_uri.clone()),
            ("scope", program.scope.clone()),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256".into()),
        ];
        Self {
            program: program.clone(),
            parameters: parameters
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            posted: false,
        }
    }

    /// With a parameter, in place of what it had.
    pub(crate) fn with(self, name: &str, value: impl Into<String>) -> Self {
        self.without(name).and(name, value)
    }

    /// With one more parameter, beside others of the same name.
    pub(crate) fn and(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters.push((name.to_owned(), value.into()));
        self
    }

    /// Without a parameter.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(n, _)| n != name);
        self
    }

    /// Without PKCE.
    pub(crate) fn without_pkce(self) -> Self {
        self.without("code_challenge")
            .without("code_challenge_method")
    }

    /// As a posted form.
    pub(crate) fn by_post(self) -> Self {
        Self {
            posted: true,
            ..self
        }
    }

    /// A parameter; empty when it is missing.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value)
    }

    /// The address of the request.
    pub(crate) fn path(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish();
        format!("/authorize?{query}")
    }
}
