//! The page that posts an authorization response (OAuth 2.0 Form Post Response Mode).
//!
//! Owns the form. Its action was matched with a registered redirect URI before; [`Link`] is the last
//! check of its scheme (attack row 8).

use askama::Template;

use super::chrome::Chrome;
use super::link::Link;

/// Sends the parameters on, by an external script, or by its button where scripts are off.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "oauth/form_post.html")]
pub struct FormPostPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The redirect URI.
    pub redirect_uri: Link,
    /// The parameters of the response, in order.
    pub parameters: Vec<(String, String)>,
}
