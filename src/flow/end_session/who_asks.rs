//! Who asks to sign out, and what of it the question's form says. `end_session` finds it out.

use std::sync::Arc;

use domain::client::Client;
use foundation::id::ClientId;
use protocol::mismatch::{Mismatch, Mistake};
use protocol::redirect_uri::RedirectUri;
use serde::{Deserialize, Serialize};

/// What the form's token says: who asked, and where it ends.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct LogoutPrompt {
    pub(super) client: Option<ClientId>,
    pub(super) back: Option<String>,
    /// An address that a draft did not register, for its makers: nothing leads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unregistered: Option<(ClientId, String)>,
    #[serde(default)]
    pub(super) ui_locales: Vec<String>,
}

/// A client that asks, with nothing wrong about its request.
pub(super) struct RequestingClient {
    pub(super) client: Arc<Client>,
    /// Where signing out ends.
    pub(super) back: Option<String>,
    /// Whether an id_token says who asks, and not only a name that anybody may write.
    pub(super) vouched: bool,
}

impl RequestingClient {
    fn asked(self) -> LogoutPrompt {
        LogoutPrompt {
            client: Some(self.client.id.clone()),
            back: self.back,
            ..LogoutPrompt::default()
        }
    }
}

/// Who asks to sign out.
pub(super) enum WhoAsks {
    Client(RequestingClient),
    /// Nobody, as far as signing out goes, with what the makers of the program should know.
    Unregistered(Arc<Client>, Mismatch),
    Nobody,
}

impl WhoAsks {
    pub(super) fn asking(self) -> Option<RequestingClient> {
        match self {
            Self::Client(asking) => Some(asking),
            Self::Unregistered(..) | Self::Nobody => None,
        }
    }

    /// What the question's form will say.
    pub(super) fn asked(self) -> LogoutPrompt {
        match self {
            Self::Client(asking) => asking.asked(),
            Self::Unregistered(client, mismatch) if client.is_for_testers() => LogoutPrompt {
                unregistered: Some((client.id.clone(), mismatch.received().to_owned())),
                ..LogoutPrompt::default()
            },
            Self::Unregistered(..) | Self::Nobody => LogoutPrompt::default(),
        }
    }
}

/// An address after signing out that its program did not register.
pub(super) fn unregistered(client: &Client, received: &str) -> Mismatch {
    let registered = client.metadata.post_logout_redirect_uris.iter();
    let mistake = Mistake::PostLogoutRedirectUriNotRegistered;
    Mismatch::new(mistake, received, registered.map(RedirectUri::as_str))
}
