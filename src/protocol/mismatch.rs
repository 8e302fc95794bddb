//! What a client sent that does not fit, and what would have: for the people who make the client. It goes
//! into the operator's log, and onto pages that only a draft's makers see; never into an answer.

use foundation::bounded_text::safe_to_show;

/// The most characters of one value that are kept.
const MAX_VALUE: usize = 300;
/// The most values that would have been right.
const MAX_REGISTERED: usize = 20;

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The `redirect_uri` of an authorization request is not registered.
    RedirectUriNotRegistered,
    /// The `post_logout_redirect_uri` of a logout request is not registered.
    PostLogoutRedirectUriNotRegistered,
    /// The `redirect_uri` of a token request is not that of the authorization request.
    RedirectUriOfAnotherRequest,
    /// The `code_verifier` belongs to another `code_challenge`.
    VerifierOfAnotherChallenge,
    /// Scopes that the person did not allow, now or earlier.
    ScopeNotAllowed,
    /// Scopes that the client did not register.
    ScopeNotRegistered,
}

impl Mistake {
    /// In words, for the log.
    pub const fn words(self) -> &'static str {
        match self {
            Self::RedirectUriNotRegistered => "redirect_uri is not registered",
            Self::PostLogoutRedirectUriNotRegistered => {
                "post_logout_redirect_uri is not registered"
            }
            Self::RedirectUriOfAnotherRequest => "redirect_uri is not the one of the request",
            Self::VerifierOfAnotherChallenge => "code_verifier belongs to another code_challenge",
            Self::ScopeNotAllowed => "the person did not allow it: the scope is left out",
            Self::ScopeNotRegistered => "it is not registered: the scope is left out",
        }
    }
}

/// A value that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    mistake: Mistake,
    received: String,
    registered: Vec<String>,
}

impl Mismatch {
    /// What came, and what would have been right. Neither may be a secret.
    pub fn new<T: AsRef<str>>(
        mistake: Mistake,
        received: &str,
        registered: impl IntoIterator<Item = T>,
    ) -> Self {
        let registered = registered.into_iter().take(MAX_REGISTERED);
        Self {
            mistake,
            received: kept(received),
            registered: registered.map(|value| kept(value.as_ref())).collect(),
        }
    }

    /// What is wrong.
    pub fn mistake(&self) -> Mistake {
        self.mistake
    }

    /// What came.
    pub fn received(&self) -> &str {
        &self.received
    }

    /// What would have been right.
    pub fn registered(&self) -> &[String] {
        &self.registered
    }
}

/// No longer than is useful, and without what could move a reader's cursor.
fn kept(value: &str) -> String {
    safe_to_show(&value.chars().take(MAX_VALUE).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_bounded_and_cannot_move_the_cursor() {
        let long = "x".repeat(10_000);
        let many = vec!["https://a.example/\u{1b}[2J\u{202e}"; 100];
        let mismatch = Mismatch::new(Mistake::RedirectUriNotRegistered, &long, &many);
        assert_eq!(mismatch.received().len(), 300);
        assert_eq!(mismatch.registered().len(), 20);
        assert_eq!(mismatch.registered()[0], "https://a.example/[2J");
    }
}
