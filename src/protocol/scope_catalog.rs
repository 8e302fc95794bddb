//! All scopes that there are: the rows of the table and those that the operator added.
//!
//! Owns every question about a scope that its row answers. What of a registration or a request a client
//! may ask for by it is `client_metadata::scopes`'; which of it a person is asked about is
//! `domain::consent`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scope::{self, ScopeName};

mod table;

pub use table::{AskedBy, BUILT_IN, Form, ScopeRow, Silent, Standard, TakenBack};

/// A scope that the operator added for their own resource servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorScope {
    /// Texts for the sheet, by language.
    pub description: BTreeMap<String, String>,
    /// Asked on a page of its own.
    #[serde(default)]
    pub sensitive: bool,
}

/// All scopes that Portico knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeCatalog {
    /// Those with a row, in the order in which people read them.
    pub rows: &'static [ScopeRow],
    /// The operator's, by name.
    pub operator: BTreeMap<ScopeName, OperatorScope>,
}

impl Default for ScopeCatalog {
    fn default() -> Self {
        Self {
            rows: BUILT_IN,
            operator: BTreeMap::new(),
        }
    }
}

impl ScopeCatalog {
    /// The row of a scope; none for the operator's.
    pub fn row(&self, name: &str) -> Option<&'static ScopeRow> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Whether the scope exists.
    pub fn knows(&self, name: &ScopeName) -> bool {
        self.row(name.as_str()).is_some() || self.operator.contains_key(name)
    }

    /// Whether it is asked on a page of its own, nothing ticked beforehand.
    pub fn is_sensitive(&self, name: &ScopeName) -> bool {
        match self.row(name.as_str()) {
            Some(row) => row.sensitive,
            None => self.operator.get(name).is_some_and(|s| s.sensitive),
        }
    }

    /// Whether it is about a person, and so means nothing where there is none
    /// (`client_credentials`). An operator's scope is about their services, and some of ours are for
    /// clients themselves.
    pub fn is_about_a_person(&self, name: &ScopeName) -> bool {
        self.row(name.as_str())
            .is_some_and(ScopeRow::is_about_a_person)
    }

    /// When it is given without a question.
    pub fn silent(&self, name: &ScopeName) -> Silent {
        self.row(name.as_str())
            .map_or(Silent::Never, |row| row.silent)
    }

    /// What a person can do about it.
    pub fn taken_back(&self, name: &ScopeName) -> TakenBack {
        self.row(name.as_str())
            .map_or(TakenBack::Alone, |row| row.taken_back)
    }

    /// Whether it has a checkbox, and is told of where people look up what they shared. `openid`
    /// alone goes with every answer.
    pub fn may_be_refused(&self, name: &ScopeName) -> bool {
        self.taken_back(name) != TakenBack::Never
    }

    /// The claims that it stands for; none for a scope that is not about claims.
    pub fn claims_of(&self, name: &ScopeName) -> &'static [&'static str] {
        self.row(name.as_str()).map_or(&[], |row| row.claims)
    }

    /// Scopes in the order in which people read them, the operator's own last.
    pub fn in_order<'a>(
        &self,
        names: impl IntoIterator<Item = &'a ScopeName>,
    ) -> Vec<&'a ScopeName> {
        let place = |name: &ScopeName| self.rows.iter().position(|row| row.name == name.as_str());
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_key(|name| place(name).unwrap_or(self.rows.len()));
        names
    }

    /// All names that discovery lists.
    pub fn names(&self) -> Vec<String> {
        let built_in = self.rows.iter().filter(|row| row.listed);
        built_in
            .map(|row| row.name.to_owned())
            .chain(self.operator.keys().map(ToString::to_string))
            .collect()
    }

    /// The names that a mini-program may ask for without the operator's having to agree to more.
    pub fn for_mini_programs(&self) -> Vec<&'static str> {
        let rows = self.rows.iter().filter(|row| match row.asked_by {
            AskedBy::Anyone | AskedBy::MiniPrograms => row.name != scope::OFFLINE_ACCESS,
            AskedBy::NotMiniPrograms { .. } | AskedBy::Hosts | AskedBy::ForThemselves => false,
        });
        rows.map(|row| row.name).collect()
    }

    /// Every claim that some scope stands for, each once.
    pub fn claims(&self) -> Vec<&'static str> {
        let mut claims = Vec::new();
        for claim in self.rows.iter().flat_map(|row| row.claims) {
            if !claims.contains(claim) {
                claims.push(*claim);
            }
        }
        claims
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client_metadata::{ClientMetadata, parse_manifest, parse_metadata};
    use crate::scope::ScopeSet;

    fn name(text: &str) -> ScopeName {
        ScopeName::parse(text).expect("a scope")
    }

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).expect("scopes")
    }

    fn with_orders() -> ScopeCatalog {
        let orders = OperatorScope {
            description: BTreeMap::from([("en".to_owned(), "Your orders".to_owned())]),
            sensitive: false,
        };
        ScopeCatalog {
            operator: BTreeMap::from([(name("orders:read"), orders)]),
            ..ScopeCatalog::default()
        }
    }

    fn mini_program(scope: &str) -> ClientMetadata {
        parse_manifest(&json!({
            "publisher": "pub1", "client_name": "Market", "scope": scope,
            "redirect_uris": ["https://market.example/cb"],
            "entry_uri": "https://market.example/", "origins": ["https://market.example"],
        }))
        .expect("a manifest")
    }

    fn ordinary(more: Value) -> ClientMetadata {
        let mut metadata = json!({ "redirect_uris": ["https://shop.example/cb"] });
        let members = metadata.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        parse_metadata(&metadata).expect("metadata")
    }

    fn problem(client: &ClientMetadata) -> String {
        let error = with_orders().check(client).expect_err("refused");
        assert_eq!(error.field, "scope");
        error.description
    }

    #[test]
    fn a_scope_that_nobody_defined_is_refused_with_the_one_that_was_meant() {
        for (written, meant) in [
            ("adresses", "addresses"),
            ("phone_verified", "phone.verified"),
            ("Profile.Basic", "profile.basic"),
            ("openId", "openid"),
            ("payment_method", "payment_methods"),
            ("orders:raed", "orders:read"),
        ] {
            let said = format!("nobody defined {written}: did you mean {meant}?");
            assert_eq!(problem(&mini_program(written)), said);
            assert_eq!(problem(&ordinary(json!({ "scope": written }))), said);
        }
        let said = problem(&mini_program("openid everything"));
        assert!(!said.contains("did you mean"), "{said}");
        // Nobody is told to ask for what they may not have.
        let said = problem(&mini_program("profil"));
        assert!(!said.contains("did you mean"), "{said}");
        let said = problem(&ordinary(json!({ "scope": "portico:lunch" })));
        assert!(!said.contains("launch"), "{said}");
    }

    #[test]
    fn a_scope_is_for_those_whom_its_row_names() {
        let catalog = with_orders();
        for fine in [
            mini_program("openid unionid profile.basic addresses orders:read"),
            ordinary(json!({ "scope": "openid profile email phone address orders:read" })),
            ordinary(json!({ "scope": "openid portico:launch", "portico:host": true })),
            ordinary(json!({})),
        ] {
            assert_eq!(catalog.check(&fine), Ok(()), "{:?}", fine.scope);
        }
        for (wide, narrow) in [
            ("profile", "profile.basic"),
            ("email", "email.verified"),
            ("phone", "phone.verified"),
            ("address", "addresses"),
        ] {
            let said = problem(&mini_program(&format!("openid {narrow} {wide}")));
            let hint = format!("{wide} is not for mini-programs: ask for {narrow},");
            assert!(said.starts_with(&hint), "{said}");
        }
        let launcher = ordinary(json!({ "scope": "openid portico:launch" }));
        assert!(problem(&launcher).contains("is for hosts"));
        assert!(problem(&mini_program("portico:launch")).contains("is for hosts"));
        let stranger = ordinary(json!({ "scope": "openid unionid" }));
        assert!(problem(&stranger).contains("is for mini-programs"));
    }

    #[test]
    fn a_wide_scope_of_a_mini_program_is_read_as_the_narrow_one_that_it_registered() {
        let catalog = with_orders();
        let read = |registered: &str, asked: &str| {
            let client = mini_program(registered);
            catalog.as_registered(&client, &set(asked)).to_string()
        };
        let narrow = "addresses email.verified openid phone.verified profile.basic";
        assert_eq!(read(narrow, "openid profile email phone address"), narrow);
        assert_eq!(
            read(
                "openid email.verified",
                "openid profile email email.verified"
            ),
            "email.verified openid profile"
        );
        let shop = ordinary(json!({ "scope": "openid profile profile.basic" }));
        let asked = set("openid profile");
        assert_eq!(catalog.as_registered(&shop, &asked), asked);
    }

    #[test]
    fn people_read_who_they_are_before_how_to_reach_them_and_the_operators_own_last() {
        let catalog = with_orders();
        let asked = set("addresses email.verified orders:read phone.verified profile.basic");
        let order: Vec<_> = catalog.in_order(&asked).into_iter().cloned().collect();
        let wanted = [
            "profile.basic",
            "phone.verified",
            "email.verified",
            "addresses",
            "orders:read",
        ];
        assert_eq!(order, wanted.map(name));
    }

    #[test]
    fn an_operators_scope_is_not_about_a_person() {
        let catalog = with_orders();
        assert!(catalog.is_about_a_person(&name("openid")));
        assert!(!catalog.is_about_a_person(&name("orders:read")));
        assert!(catalog.claims_of(&name("orders:read")).is_empty());
        assert!(catalog.may_be_refused(&name("orders:read")));
        assert!(catalog.names().contains(&"orders:read".to_owned()));
        assert!(!catalog.names().contains(&"portico:launch".to_owned()));
    }
}
