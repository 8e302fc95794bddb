//! An answer: given or refused. A refusal is a value and its writes commit; a fault is an error
//! and rolls back.

use protocol::oauth_error::OAuthError;

/// What a protocol endpoint answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<T> {
    /// What was asked for.
    Given(T),
    /// The refusal in the shape of RFC 6749 §5.2.
    Refused(OAuthError),
}

impl<T> Answer<T> {
    /// The same answer about something else.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Given(value) => Answer::Given(change(value)),
            Self::Refused(error) => Answer::Refused(error),
        }
    }

    /// The same answer; a refusal is changed.
    pub(crate) fn map_refusal(self, change: impl FnOnce(OAuthError) -> OAuthError) -> Self {
        match self {
            Self::Refused(error) => Self::Refused(change(error)),
            given @ Self::Given(_) => given,
        }
    }
}

impl<T> From<Result<T, OAuthError>> for Answer<T> {
    fn from(result: Result<T, OAuthError>) -> Self {
        match result {
            Ok(value) => Self::Given(value),
            Err(error) => Self::Refused(error),
        }
    }
}
