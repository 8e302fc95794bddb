//! What an update of a registration changes: its members one by one, what people will be asked again,
//! and what the program loses. Decides nothing about who may update: an operator reads this first.

use std::collections::BTreeSet;

use protocol::scope::ScopeName;
use protocol::scope_catalog::ScopeCatalog;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::consent::is_silent_for;

/// A member of the registration that is not what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedMember {
    /// Its name.
    pub member: String,
    /// What it was; `None` where it was not there.
    pub before: Option<Value>,
    /// What it will be; `None` where it goes.
    pub after: Option<Value>,
}

/// Why people will be asked about a scope that the program asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyAsked {
    /// The program could not ask for it before.
    New,
    /// The words that say what for are other ones.
    OtherPurpose,
    /// Nothing is remembered any more: the identity of the client cannot be assured (RFC 8252 §8.6).
    NothingRemembered,
}

impl WhyAsked {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::OtherPurpose => "other_purpose",
            Self::NothingRemembered => "nothing_remembered",
        }
    }
}

/// All that an update does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegistrationChange {
    /// What differs, in the order of the names.
    pub members: Vec<ChangedMember>,
    /// What everybody who allowed it, or was never asked, will be asked.
    pub asked: Vec<(ScopeName, WhyAsked)>,
    /// What it cannot ask for any more: missing from the next answers.
    pub lost: Vec<ScopeName>,
}

impl RegistrationChange {
    /// What lies between a client as it is and as it will be.
    pub fn between(before: &Client, after: &Client, catalog: &ScopeCatalog) -> Self {
        let scopes = (before.allowed_scope(), after.allowed_scope());
        let forgets = before.may_be_remembered() && !after.may_be_remembered();
        let asked = scopes.1.iter().filter_map(|name| {
            if is_silent_for(after, name, catalog) {
                return None;
            }
            let why = if !scopes.0.contains(name.as_str()) {
                WhyAsked::New
            } else if before.purpose_version(name) != after.purpose_version(name) {
                WhyAsked::OtherPurpose
            } else if forgets {
                WhyAsked::NothingRemembered
            } else {
                return None;
            };
            Some((name.clone(), why))
        });
        let lost = scopes.0.iter().filter(|n| !scopes.1.contains(n.as_str()));
        Self {
            members: changed_members(&before.metadata.to_json(), &after.metadata.to_json()),
            asked: asked.collect(),
            lost: lost.cloned().collect(),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// The state is no part of it: `release` and `suspend` change that.
const NOT_CHANGED_HERE: &str = "state";

fn changed_members(before: &Value, after: &Value) -> Vec<ChangedMember> {
    let none = Map::new();
    let (before, after) = (
        before.as_object().unwrap_or(&none),
        after.as_object().unwrap_or(&none),
    );
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| *name != NOT_CHANGED_HERE && before.get(*name) != after.get(*name))
        .map(|name| ChangedMember {
            member: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use foundation::clock::Instant;
    use foundation::id::ClientId;
    use protocol::client_metadata::parse_manifest;
    use serde_json::json;

    use super::*;
    use crate::mini_program::MiniProgramState;

    fn market(more: Value) -> Client {
        let mut manifest = json!({
            "publisher": "pub1", "client_name": "Market", "state": "draft",
            "entry_uri": "https://market.example/open", "origins": ["https://market.example"],
            "redirect_uris": ["https://market.example/callback"],
            "scope": "openid profile.basic phone.verified",
            "scope_purposes": { "phone.verified": { "en": "To ring when the parcel is there." } },
        });
        for (name, value) in more.as_object().expect("an object") {
            manifest[name] = value.clone();
        }
        let at = Instant::from_seconds(0);
        Client {
            id: ClientId::parse("market").expect("an id"),
            metadata: parse_manifest(&manifest).expect("a manifest"),
            state: MiniProgramState::Released,
            publisher: None,
            secrets: Vec::new(),
            created_at: at,
            updated_at: at,
        }
    }

    fn asked(change: &RegistrationChange) -> Vec<(&str, &str)> {
        let asked = change.asked.iter();
        asked
            .map(|(name, why)| (name.as_str(), why.word()))
            .collect()
    }

    fn between(before: &Client, after: &Client) -> RegistrationChange {
        RegistrationChange::between(before, after, &ScopeCatalog::default())
    }

    #[test]
    fn nothing_is_nothing_whatever_the_state_says() {
        let change = between(&market(json!({})), &market(json!({ "state": "released" })));
        assert!(change.is_empty(), "{change:?}");
    }

    #[test]
    fn a_new_scope_and_a_new_purpose_are_asked_and_a_lost_one_is_named() {
        let after = market(json!({
            "scope": "openid phone.verified addresses",
            "scope_purposes": { "phone.verified": { "en": "To send you offers." } },
        }));
        let change = between(&market(json!({})), &after);
        assert_eq!(
            asked(&change),
            [("addresses", "new"), ("phone.verified", "other_purpose")]
        );
        let lost: Vec<&str> = change.lost.iter().map(ScopeName::as_str).collect();
        assert_eq!(lost, ["profile.basic"]);
        let members: Vec<&str> = change.members.iter().map(|m| m.member.as_str()).collect();
        assert_eq!(members, ["scope", "scope_purposes"]);
    }

    #[test]
    fn a_program_that_cannot_keep_a_secret_any_more_asks_every_time() {
        let public = json!({
            "token_endpoint_auth_method": "none", "redirect_uris": ["market.example:/callback"],
            "application_type": "native",
        });
        let change = between(&market(json!({})), &market(public));
        assert_eq!(
            asked(&change),
            [
                ("phone.verified", "nothing_remembered"),
                ("profile.basic", "nothing_remembered")
            ]
        );
    }
}
