//! A client as people recognise it: from the registration to the page's value.

use domain::client::Client;
use domain::mini_program::MiniProgramState;

use crate::page::link::Link;
use crate::page::program::{ProgramFace, ShownPublisher};

/// The face of a client on a page.
pub(crate) fn face(client: &Client) -> ProgramFace {
    let link = |address: &Option<String>| address.as_deref().and_then(Link::parse);
    let draft = matches!(
        client.state,
        MiniProgramState::Draft | MiniProgramState::InReview
    );
    ProgramFace {
        name: client.name().to_owned(),
        icon: icon(client).and_then(Link::parse_image),
        publisher: client.publisher.as_ref().map(|p| ShownPublisher {
            name: p.name.clone(),
            verified: p.verified_at.is_some(),
        }),
        draft: draft && client.mini_program().is_some(),
        suspended: client.state == MiniProgramState::Suspended,
        policy_uri: link(&client.metadata.policy_uri),
        tos_uri: link(&client.metadata.tos_uri),
    }
}

/// The address of a client's picture.
pub(crate) fn icon(client: &Client) -> Option<&str> {
    match client.mini_program() {
        Some(manifest) => manifest.icon_uri.as_deref(),
        None => client.metadata.logo_uri.as_deref(),
    }
}
