//! npm's `oidc-provider`, started as `benches/peer` has it: the same two requests on the same core.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::child::{self, Server, Start};
use crate::load::Load;
use crate::requests::{basic, member, post};

/// The credentials that `peer/server.mjs` registers.
const CLIENT: (&str, &str) = ("bench", "bench-secret-bench-secret-bench-secret");
/// The resource server whose tokens are ES256 JWTs there.
const RESOURCE: &str = "urn:bench:orders";

/// Starts it.
pub(crate) fn start(load: &Load, core: u32, folder: &Path) -> Outcome<Server> {
    let address = child::free_address()?;
    let mut node = Command::new("node");
    node.arg("server.mjs")
        .arg(address.port().to_string())
        .current_dir(folder)
        .env("NODE_ENV", "production");
    let path = "/.well-known/openid-configuration";
    Server::start(Start::plainly(load, core), &node, address, path)
}

/// Client credentials, answered with an ES256 JWT.
pub(crate) fn client_credentials() -> Vec<Vec<u8>> {
    let body = format!("grant_type=client_credentials&resource={RESOURCE}");
    vec![post("/token", &credential(), &body)]
}

/// Introspection of opaque tokens, which is the format that it introspects.
pub(crate) fn introspections(load: &Load, server: &Server, count: usize) -> Outcome<Vec<Vec<u8>>> {
    let request = post("/token", &credential(), "grant_type=client_credentials");
    let ask = |_| {
        let (status, body) = load.once(server.address, &request)?;
        let token = member(&body, "access_token");
        let token = token.ok_or_else(|| format!("oidc-provider: {status} {body}"))?;
        Ok(post(
            "/token/introspection",
            &credential(),
            &format!("token={token}"),
        ))
    };
    (0..count).map(ask).collect()
}

fn credential() -> String {
    basic(CLIENT.0, CLIENT.1)
}
