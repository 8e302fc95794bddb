//! What a client may ask for by the table of scopes: in its registration, and in a request.

use super::{ClientMetadata, MetadataError};
use crate::grant_type;
use crate::scope::{ScopeName, ScopeSet};
use crate::scope_catalog::{AskedBy, ScopeCatalog};
use crate::spelling;

impl ScopeCatalog {
    /// What a request asks for, in the scopes that the client registered: a mini-program whose
    /// library asks for a wide scope means the narrow one, if it registered that; what a client has for
    /// itself is asked of no person. Whoever is
    /// answered is told, because "if the issued access token scope is different from the one
    /// requested by the client, the authorization server MUST include the "scope" response
    /// parameter" (RFC 6749 §3.3).
    #[must_use]
    pub fn as_registered(&self, client: &ClientMetadata, requested: &ScopeSet) -> ScopeSet {
        let registered = client.allowed_scope();
        let read = |name: &ScopeName| {
            let narrow = self
                .narrow(name)
                .filter(|_| client.mini_program.is_some())
                .filter(|narrow| registered.contains(narrow.as_str()));
            narrow.unwrap_or_else(|| name.clone())
        };
        let of_nobody = |name: &&ScopeName| {
            let row = self.row(name.as_str());
            row.is_some_and(|row| !row.is_about_a_person())
        };
        let of_a_person = requested.iter().filter(|name| !of_nobody(name));
        of_a_person.map(read).collect()
    }

    fn narrow(&self, name: &ScopeName) -> Option<ScopeName> {
        match self.row(name.as_str())?.asked_by {
            AskedBy::NotMiniPrograms { narrow } => ScopeName::parse(narrow).ok(),
            AskedBy::Anyone | AskedBy::MiniPrograms | AskedBy::Hosts | AskedBy::ForThemselves => {
                None
            }
        }
    }

    /// Checks what a client wants to register.
    ///
    /// # Errors
    /// A scope that nobody defined, with the one that was meant, most likely; or one that is not for
    /// this kind of client.
    pub fn check(&self, client: &ClientMetadata) -> Result<(), MetadataError> {
        let Some(scope) = &client.scope else {
            return Ok(());
        };
        match scope.iter().find_map(|name| self.problem(client, name)) {
            Some(problem) => Err(MetadataError::new("scope", problem)),
            None => Ok(()),
        }
    }

    fn problem(&self, client: &ClientMetadata, name: &ScopeName) -> Option<String> {
        let Some(row) = self.row(name.as_str()) else {
            return (!self.knows(name)).then(|| self.unknown(client, name));
        };
        match row.asked_by {
            _ if row.asked_by.admits(client) => None,
            AskedBy::Anyone => None,
            AskedBy::NotMiniPrograms { narrow } => Some(format!(
                "{name} is not for mini-programs: ask for {narrow}, which is what {name} is read as then"
            )),
            AskedBy::MiniPrograms => Some(format!("{name} is for mini-programs only")),
            AskedBy::Hosts => Some(format!("{name} is for hosts (portico:host) only")),
            AskedBy::ForThemselves => Some(format!(
                "{name} is for clients with a credential of their own and the grant client_credentials"
            )),
        }
    }

    fn unknown(&self, client: &ClientMetadata, name: &ScopeName) -> String {
        match self.meant(client, name) {
            Some(meant) => format!("nobody defined {name}: did you mean {meant}?"),
            None => format!("nobody defined {name}: the operator can, in [scopes]"),
        }
    }

    /// The scope that was meant by a misspelt one: the nearest that the client may ask for.
    fn meant(&self, client: &ClientMetadata, name: &ScopeName) -> Option<&str> {
        let rows = self.rows.iter().filter(|row| row.asked_by.admits(client));
        let names = rows
            .map(|row| row.name)
            .chain(self.operator.keys().map(ScopeName::as_str));
        spelling::closest(name.as_str(), names)
    }
}

impl AskedBy {
    fn admits(self, client: &ClientMetadata) -> bool {
        match self {
            Self::Anyone => true,
            Self::NotMiniPrograms { .. } => client.mini_program.is_none(),
            Self::MiniPrograms => client.mini_program.is_some(),
            Self::Hosts => client.host,
            Self::ForThemselves => {
                client.is_confidential() && client.may_use(grant_type::CLIENT_CREDENTIALS)
            }
        }
    }
}
