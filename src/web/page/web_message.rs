//! The last page of a consent sheet in a frame of its host: it tells that host's page what came of it.
//!
//! Owns the message's place on the page. The origin that hears it was registered; without scripts the link
//! leads to the host's own address, which says the same.

use askama::Template;

use super::chrome::Chrome;
use super::link::Link;

/// Posts `{portico: 1, type: "interaction", interaction, result}` to the page around it.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "oauth/web_message.html")]
pub struct WebMessagePage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// Which sheet.
    pub interaction: String,
    /// What came of it.
    pub result: &'static str,
    /// The origin that hears it.
    pub target_origin: String,
    /// The host's address with both in its query.
    pub return_uri: Link,
}
