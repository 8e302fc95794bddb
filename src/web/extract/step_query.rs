//! The query of a page on the way of a request.

use serde::Deserialize;

/// The query of every page with a step.
#[derive(Deserialize)]
pub(crate) struct StepQuery {
    /// The page's token.
    #[serde(default)]
    pub(crate) step: String,
    /// On the sign-in page: the person wants to be somebody else.
    pub(crate) other: Option<String>,
}
