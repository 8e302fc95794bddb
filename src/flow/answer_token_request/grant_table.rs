//! The grants of the token endpoint: a row each. Registration, discovery and the endpoint read it.

use protocol::client_metadata::ClientMetadata;
use protocol::grant_type;

use super::authorization_code::AuthorizationCodeGrant;
use super::client_credentials::ClientCredentialsGrant;
use super::grant_handler::GrantHandler;
use super::makings::GrantMakings;
use super::refresh_token::RefreshTokenGrant;
use super::token_exchange::TokenExchangeGrant;

/// A grant.
#[derive(Clone, Copy)]
pub struct GrantTypeRow {
    /// Its `grant_type`.
    pub grant_type: &'static str,
    /// Who may use it.
    pub callers: GrantCallers,
    /// Makes it of what it uses.
    pub make: fn(&GrantMakings<'_>) -> Box<dyn GrantHandler>,
}

/// Who may use a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantCallers {
    /// Every client that registered it. What a public one gets hangs on something else: that it
    /// proves with PKCE that it began the request, or that a stolen token is noticed.
    All,
    /// Those that proved who they are.
    Confidential,
    /// Hosts, which launch programs.
    Hosts,
}

/// All rows.
#[derive(Clone, Copy)]
pub struct GrantTable(pub &'static [GrantTypeRow]);

/// The grants of RFC 6749 that OAuth 2.1 has left, and that of RFC 8693.
pub const BUILT_IN: GrantTable = GrantTable(&[
    GrantTypeRow {
        grant_type: grant_type::AUTHORIZATION_CODE,
        callers: GrantCallers::All,
        make: AuthorizationCodeGrant::make,
    },
    GrantTypeRow {
        grant_type: grant_type::REFRESH_TOKEN,
        callers: GrantCallers::All,
        make: RefreshTokenGrant::make,
    },
    // "The client credentials grant type MUST only be used by confidential clients" (RFC 6749 §4.4)
    GrantTypeRow {
        grant_type: grant_type::CLIENT_CREDENTIALS,
        callers: GrantCallers::Confidential,
        make: ClientCredentialsGrant::make,
    },
    GrantTypeRow {
        grant_type: grant_type::TOKEN_EXCHANGE,
        callers: GrantCallers::Hosts,
        make: TokenExchangeGrant::make,
    },
]);

impl Default for GrantTable {
    fn default() -> Self {
        BUILT_IN
    }
}

impl GrantTable {
    /// What is wrong with the grants that a client registers, if something is.
    pub fn problem_of(self, metadata: &ClientMetadata) -> Option<String> {
        metadata.grant_types.iter().find_map(|registered| {
            let name = registered.as_str();
            let Some(row) = self.0.iter().find(|row| row.grant_type == name) else {
                return Some(format!("{name} is not supported"));
            };
            let (may, whom) = match row.callers {
                GrantCallers::All => (true, "everybody"),
                GrantCallers::Confidential => (metadata.is_confidential(), "confidential clients"),
                GrantCallers::Hosts => (metadata.host, "hosts (portico:host)"),
            };
            (!may).then(|| format!("{name} is for {whom} only"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::client_metadata::parse_metadata;
    use serde_json::json;

    #[test]
    fn attack_32_no_grant_is_registered_that_is_not_in_the_table_or_not_for_this_client() {
        let of = |grant_type: &str, method: &str, host: bool| {
            let metadata = parse_metadata(&json!({
                "redirect_uris": ["https://shop.example/cb"], "token_endpoint_auth_method": method,
                "grant_types": ["authorization_code", grant_type], "portico:host": host,
            }));
            BUILT_IN.problem_of(&metadata.expect("metadata"))
        };
        let problem = |grant_type: &str, method: &str| of(grant_type, method, false);
        for name in BUILT_IN.0.iter().map(|row| row.grant_type) {
            assert_eq!(of(name, "client_secret_basic", true), None, "{name}");
        }
        let exchange = grant_type::TOKEN_EXCHANGE;
        let said = format!("{exchange} is for hosts (portico:host) only");
        assert_eq!(problem(exchange, "client_secret_basic"), Some(said));
        for name in ["implicit", "password", "Refresh_Token"] {
            let said = format!("{name} is not supported");
            assert_eq!(problem(name, "client_secret_basic"), Some(said));
        }
        let said = "client_credentials is for confidential clients only";
        assert_eq!(problem("client_credentials", "none").as_deref(), Some(said));
        assert_eq!(problem("refresh_token", "none"), None);
    }
}
