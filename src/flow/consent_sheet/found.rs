//! A sheet that was found, and the host that shows it: who may frame it, and how that host hears of its end.

use std::sync::Arc;

use domain::client::Client;
use domain::consent_sheet::{ConsentSheet, SheetResult};
use foundation::id::InteractionId;
use protocol::response_mode::with_query;
use protocol::token_exchange::InteractionMode;
use protocol::web_uri::origin_of;

use crate::browser::{Browser, SignedIn};
use crate::browser_response::PageSetting;

/// How the host hears of the end of a sheet.
#[derive(Debug)]
pub struct SheetReturn {
    /// Which sheet.
    pub interaction: InteractionId,
    /// What came of it.
    pub result: SheetResult,
    /// The host's registered address, with both in its query.
    pub return_uri: String,
    /// The origin that a page in the host's frame tells it; none where the browser is sent there.
    pub target_origin: Option<String>,
    /// How that page is framed and worded.
    pub setting: PageSetting,
}

/// A sheet that was found, with the host that shows it.
pub(super) struct FoundSheet {
    pub(super) sheet: ConsentSheet,
    pub(super) host: Arc<Client>,
}

impl FoundSheet {
    /// Who may frame it: the host that asked, and nobody else.
    pub(super) fn frame_origins(&self) -> Vec<String> {
        self.host.origins_of_host().into_iter().collect()
    }

    /// How its pages are framed and worded.
    pub(super) fn setting(&self, browser: &Browser, person: Option<&SignedIn>) -> PageSetting {
        let request = &self.sheet.request;
        let person = person.map(|signed_in| &signed_in.user);
        let redirects = request.mode == InteractionMode::Redirect;
        let return_uri = self.host.metadata.interaction_return_uri.clone();
        PageSetting {
            language: browser.language(&request.ui_locales, person),
            frame_origins: self.frame_origins(),
            redirect_uri: return_uri.filter(|_| redirects),
        }
    }

    pub(super) fn returned(&self, result: SheetResult, browser: &Browser) -> SheetReturn {
        let parameters = [
            ("interaction".to_owned(), self.sheet.id.to_string()),
            ("result".to_owned(), result.word().to_owned()),
        ];
        let (uri, target_origin) = return_uri(&self.host, &self.sheet).unwrap_or_default();
        SheetReturn {
            interaction: self.sheet.id,
            result,
            return_uri: with_query(uri, &parameters),
            target_origin,
            setting: self.setting(browser, None),
        }
    }
}

/// Where a host hears of the end of a sheet, and the origin that is told where the browser is not sent
/// there; `None` if there is no such place.
pub(super) fn return_uri<'a>(
    host: &'a Client,
    sheet: &ConsentSheet,
) -> Option<(&'a str, Option<String>)> {
    let uri = host.metadata.interaction_return_uri.as_deref()?;
    match sheet.request.mode {
        InteractionMode::Redirect => Some((uri, None)),
        InteractionMode::WebMessage => Some((uri, Some(origin_of(uri)?))),
    }
}
