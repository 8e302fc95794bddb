//! A fault: something that should have worked did not. It rolls back and answers 503 or 500;
//! it is never shown to a caller and never taken for a refusal.

use std::error::Error;

/// What broke, with its cause for the log.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store, a pool or another dependency is not there or too slow now: 503.
    #[error("{what} is unavailable")]
    Unavailable {
        /// What was asked for.
        what: &'static str,
        /// Why it did not answer.
        #[source]
        cause: Option<Box<dyn Error + Send + Sync>>,
    },
    /// A stored value, an invariant or our own code is wrong: 500.
    #[error("{what} is broken")]
    Broken {
        /// What was found broken.
        what: String,
        /// The underlying error.
        #[source]
        cause: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl Fault {
    /// A dependency that did not answer.
    pub fn unavailable(what: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable {
            what,
            cause: Some(cause.into()),
        }
    }

    /// A broken invariant without a further cause.
    pub fn broken(what: impl Into<String>) -> Self {
        Self::Broken {
            what: what.into(),
            cause: None,
        }
    }

    /// A broken value with its cause.
    pub fn broken_by(
        what: impl Into<String>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Broken {
            what: what.into(),
            cause: Some(cause.into()),
        }
    }

    /// Whether trying again later can help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// The fault and all of its causes in one line, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
