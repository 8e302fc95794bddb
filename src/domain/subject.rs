//! Sectors: within which circle two identifiers of one person are the same.
//! `keys` derives the identifiers, `store` keeps the mapping.

use foundation::id::{ClientId, PublisherId};

/// The circle within which a person has one identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sector {
    /// `openid`: one client. OIDC Core §8.1 calls the result a pairwise subject identifier.
    Client(ClientId),
    /// The host of the redirect URIs that several ordinary clients of one owner registered (OIDC
    /// Core §8.1).
    Host(String),
    /// `unionid`: all mini-programs of one publisher.
    Publisher(PublisherId),
    /// A resource server, seen from one client: the `sub` in an access token whose audience is
    /// not the client itself.
    Audience(ClientId, String),
}

impl Sector {
    /// The stored key; distinct sectors have distinct keys.
    pub fn key(&self) -> String {
        match self {
            Self::Client(client) => format!("client {client}"),
            Self::Host(host) => format!("host {host}"),
            Self::Publisher(publisher) => format!("publisher {publisher}"),
            Self::Audience(client, audience) => format!("audience {client} {audience}"),
        }
    }
}
