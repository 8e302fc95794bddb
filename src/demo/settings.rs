//! What the command that starts the demonstration has to say: where Portico is, and who its
//! clients are there.

use std::fmt;
use std::net::SocketAddr;

use foundation::secret::SecretText;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

/// Everything the demonstration needs to know from outside.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// Where the shared port listens.
    pub listen: SocketAddr,
    /// Portico's issuer, as its discovery document spells it, such as
    /// `http://portico.superapp.localhost:8080`.
    pub portico_issuer: Url,
    /// Where the issuer's host is really reached. Browsers resolve `*.localhost` by themselves,
    /// Debian's resolver does not. The port of the issuer is used, not this one's.
    pub portico_address: SocketAddr,
    /// The port in every address of the demonstration.
    pub port: u16,
    /// Whether the mini-programs live on Nova's own site (`market.superapp.localhost`) instead of
    /// sites of their own (`market.localhost`).
    pub one_site: bool,
    /// What Portico answered when the clients were registered.
    pub clients: DemoClients,
}

/// The clients, as `demo.json` keeps them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DemoClients {
    /// The super app, from [`crate::host_metadata`].
    pub nova: DemoClient,
    /// The mini-program Market, from [`crate::manifests`].
    pub market: DemoClient,
    /// The mini-program Taxi.
    pub taxi: DemoClient,
    /// The mini-program Bank.
    pub bank: DemoClient,
    /// The mini-program Lido, which is a page without a backend.
    pub lido: DemoClient,
}

/// One registered client (RFC 7591 §3.2.1).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DemoClient {
    /// The `client_id`.
    pub client_id: String,
    /// The `client_secret`, of those that can keep one; written to `demo.json`, never printed.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "expose",
        deserialize_with = "conceal"
    )]
    pub client_secret: Option<SecretText>,
}

fn expose<S: Serializer>(secret: &Option<SecretText>, serializer: S) -> Result<S::Ok, S::Error> {
    secret
        .as_ref()
        .map(SecretText::expose)
        .serialize(serializer)
}

fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretText>, D::Error> {
    let secret = Option::<String>::deserialize(deserializer)?;
    Ok(secret.map(SecretText::new))
}

/// Why the demonstration could not be set up.
#[derive(Debug)]
pub enum DemoError {
    /// An address that cannot be used; the text says which and why.
    Address(String),
    /// A program that has a backend was registered without a secret; the text is its client id.
    NoSecret(String),
    /// The HTTP client that talks to Portico could not be made.
    Transport(reqwest::Error),
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(what) => write!(f, "an address of the demonstration is unusable: {what}"),
            Self::NoSecret(client_id) => write!(f, "the client {client_id} has no secret"),
            Self::Transport(_) => f.write_str("the demonstration's HTTP client could not be made"),
        }
    }
}

impl std::error::Error for DemoError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Address(_) | Self::NoSecret(_) => None,
            Self::Transport(cause) => Some(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_survives_demo_json_and_is_not_printed() {
        let client: DemoClient = serde_json::from_str(
            r#"{"client_id":"m1","client_secret":"s3cr3t","client_name":"Market"}"#,
        )
        .expect("the registration response has more members, which are ignored");
        assert!(!format!("{client:?}").contains("s3cr3t"));
        assert_eq!(
            serde_json::to_string(&client).expect("plain strings"),
            r#"{"client_id":"m1","client_secret":"s3cr3t"}"#
        );
    }
}
