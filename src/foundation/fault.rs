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
    /// What we were given is not what we need: a file that is not there, a database of another
    /// version. Whoever gave it reads the cause, which says what to do: 500.
    #[error("{what} cannot be used")]
    Unusable {
        /// What was given.
        what: String,
        /// What is wrong with it.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
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

    /// Something given that does not do.
    pub fn unusable(
        what: impl Into<String>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unusable {
            what: what.into(),
            cause: cause.into(),
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
        let own = self.to_string();
        let texts = std::iter::once(own).chain(causes(self));
        texts.collect::<Vec<_>>().join(": ")
    }

    /// What an outage comes from, for a fault that says once more that the same thing is away; of
    /// any other fault, all of it.
    pub fn reason(&self) -> String {
        if self.is_unavailable() && self.source().is_some() {
            causes(self).collect::<Vec<_>>().join(": ")
        } else {
            self.chain()
        }
    }
}

/// The causes of a fault, from the nearest to the first.
fn causes(fault: &Fault) -> impl Iterator<Item = String> {
    std::iter::successors(fault.source(), |&error| error.source()).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_what_and_why_in_one_line() {
        let full = || Fault::unavailable("the store", "the disk is full");
        assert_eq!(full().chain(), "the store is unavailable: the disk is full");
        let missing = Fault::unusable("the file c.pem", "there is none");
        assert_eq!(
            missing.chain(),
            "the file c.pem cannot be used: there is none"
        );
        assert_eq!(
            Fault::broken_by("a row", full()).chain(),
            "a row is broken: the store is unavailable: the disk is full"
        );
    }

    #[test]
    fn an_outage_told_again_is_said_once() {
        let full = Fault::unavailable("the store", "the disk is full");
        assert_eq!(
            Fault::unavailable("the store", full.reason()).chain(),
            "the store is unavailable: the disk is full"
        );
        assert_eq!(Fault::broken("a row").reason(), "a row is broken");
    }
}
