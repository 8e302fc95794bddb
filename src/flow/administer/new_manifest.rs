//! A manifest to begin with. JSON has no comments; members that begin with `//` are ignored like all that
//! are not understood (RFC 7591 §2).

use protocol::client_metadata::parse_manifest;
use protocol::scope_catalog::ScopeCatalog;
use protocol::web_uri::check_origin;
use serde_json::{Value, json};

use super::Refusal;

const TEMPLATE: &str = include_str!("manifest_template.json");

/// What stands in the template where a publisher's id belongs.
pub(super) const NO_PUBLISHER: &str = "PUBLISHER_ID";

/// The parts that a program has, and so how it is launched and hears of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// A page and a backend, which takes logout tokens.
    Backend,
    /// A page and a backend that nobody can reach: it listens to session events.
    Listener,
    /// A page and nothing else.
    PageOnly,
}

/// What is known of a program before its manifest is written.
#[derive(Clone, Debug)]
pub struct NewManifest {
    /// Where its pages are.
    pub origin: String,
    /// Its parts.
    pub kind: ProgramKind,
    /// Its name, if it has one already.
    pub name: Option<String>,
    /// The publisher's id, if there is one already.
    pub publisher: Option<String>,
    /// For whom a draft works.
    pub testers: Vec<String>,
}

impl NewManifest {
    /// The manifest, with its comments.
    ///
    /// # Errors
    /// What is wrong with the origin, the name or a tester.
    pub fn written(&self) -> Result<String, Refusal> {
        let origin = self.origin.trim_end_matches('/');
        check_origin(origin).map_err(|error| Refusal::invalid("origin", error))?;
        let scopes = ScopeCatalog::default().for_mini_programs().join(", ");
        let mut manifest = TEMPLATE
            .replace("https://mini.example", origin)
            .replace("SCOPES", &scopes);
        for (name, value) in self.members(origin) {
            manifest = with_member(&manifest, name, value.as_ref());
        }
        let wrong = |error| Refusal::invalid("manifest", error);
        let json: Value = serde_json::from_str(&manifest).map_err(|e| wrong(e.to_string()))?;
        match parse_manifest(&json) {
            Ok(_) => Ok(manifest),
            Err(error) => Err(Refusal::invalid(error.field, error.description)),
        }
    }

    /// What differs from the template; nothing for what is left out.
    fn members(&self, origin: &str) -> Vec<(&'static str, Option<Value>)> {
        let mut members = match self.kind {
            ProgramKind::Backend => Vec::new(),
            ProgramKind::Listener => vec![
                ("backchannel_logout_uri", None),
                (
                    "grant_types",
                    Some(json!([
                        "authorization_code",
                        "refresh_token",
                        "client_credentials"
                    ])),
                ),
                ("scope", Some(json!("openid profile.basic portico:events"))),
            ],
            ProgramKind::PageOnly => vec![
                ("launch_types", Some(json!(["token"]))),
                ("backchannel_logout_uri", None),
                ("token_endpoint_auth_method", Some(json!("none"))),
                ("grant_types", Some(json!(["authorization_code"]))),
                ("redirect_uris", Some(json!([format!("{origin}/open")]))),
            ],
        };
        let given = |name, value: &Option<String>| {
            let value = value.as_ref().map(|text| json!(text));
            value.map(|value| (name, Some(value)))
        };
        members.extend(given("client_name", &self.name));
        members.extend(given("publisher", &self.publisher));
        if !self.testers.is_empty() {
            members.push(("testers", Some(json!(self.testers))));
        }
        members
    }
}

/// The text with another value in one member, or without it and its comment. Each member of the template
/// that is changed stands on a line of its own.
fn with_member(text: &str, name: &str, value: Option<&Value>) -> String {
    let (member, comment) = (format!("  \"{name}\": "), format!("  \"//{name}\": "));
    let mut kept = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match value {
            Some(value) if line.starts_with(&member) => {
                let comma = if line.ends_with(',') { "," } else { "" };
                kept.push(format!("{member}{}{comma}", spaced(value)));
            }
            // The line below the member is empty and goes with it.
            None if line.starts_with(&member) => drop(lines.next()),
            None if line.starts_with(&comment) => {}
            _ => kept.push(line.to_owned()),
        }
    }
    kept.join("\n") + "\n"
}

/// A list as people write it, with a blank after each comma.
fn spaced(value: &Value) -> String {
    match value.as_array() {
        Some(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use protocol::client_metadata::LaunchType;

    use super::*;
    use crate::administer::mini_programs::check_manifest;
    use crate::answer_token_request::BUILT_IN;

    fn new(origin: &str, kind: ProgramKind) -> NewManifest {
        NewManifest {
            origin: origin.to_owned(),
            kind,
            name: None,
            publisher: None,
            testers: Vec::new(),
        }
    }

    #[test]
    fn a_new_manifest_is_good_once_it_has_a_publisher() {
        let catalog = ScopeCatalog::default();
        for origin in [
            "https://market.example",
            "https://market.example/",
            "http://market.localhost:8080",
        ] {
            let mut manifest = new(origin, ProgramKind::Backend);
            let json = |m: &NewManifest| -> Value {
                serde_json::from_str(&m.written().expect("good")).expect("JSON")
            };
            let refusal = check_manifest(&json(&manifest), &catalog, BUILT_IN)
                .expect_err("nobody filled it in");
            assert!(
                refusal.to_string().starts_with("publisher: PUBLISHER_ID"),
                "{refusal}"
            );
            manifest.publisher = Some("pub1".to_owned());
            let checked = check_manifest(&json(&manifest), &catalog, BUILT_IN).expect("good");
            assert!(checked.not_understood.is_empty(), "its comments are none");
            let program = checked.metadata.mini_program.expect("a mini-program");
            assert_eq!(program.origins, [origin.trim_end_matches('/')]);
            assert!(program.testers.is_empty());
        }
    }

    #[test]
    fn each_kind_is_launched_and_told_in_its_own_way() {
        let catalog = ScopeCatalog::default();
        let written = |kind| {
            let manifest = NewManifest {
                name: Some("\"Notes\" & more".to_owned()),
                publisher: Some("pub1".to_owned()),
                testers: vec!["ada".to_owned(), "bob".to_owned()],
                ..new("https://notes.example", kind)
            };
            let text = manifest.written().expect("good");
            let json = serde_json::from_str(&text).expect("JSON");
            check_manifest(&json, &catalog, BUILT_IN)
                .expect("good")
                .metadata
        };
        let backend = written(ProgramKind::Backend);
        let listener = written(ProgramKind::Listener);
        let page = written(ProgramKind::PageOnly);
        let launched = |metadata: &protocol::client_metadata::ClientMetadata| {
            metadata
                .mini_program
                .as_ref()
                .expect("one")
                .launch_types
                .clone()
        };
        assert_eq!(launched(&backend), [LaunchType::Code]);
        assert!(backend.backchannel_logout_uri.is_some() && backend.is_confidential());
        assert_eq!(launched(&listener), [LaunchType::Code]);
        assert!(
            listener.backchannel_logout_uri.is_none() && listener.may_use("client_credentials")
        );
        assert!(listener.allowed_scope().contains("portico:events"));
        assert_eq!(launched(&page), [LaunchType::Token]);
        assert!(!page.is_confidential() && page.backchannel_logout_uri.is_none());
        for metadata in [backend, listener, page] {
            assert_eq!(metadata.client_name.as_deref(), Some("\"Notes\" & more"));
            let program = metadata.mini_program.expect("one");
            assert_eq!(program.testers, ["ada", "bob"]);
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for origin in [
            "market.example",
            "http://market.example",
            "https://market.example/shop",
            "\"",
            "",
        ] {
            let refused = new(origin, ProgramKind::Backend).written();
            assert!(refused.is_err(), "{origin:?}");
        }
        let unnamed = NewManifest {
            name: Some("\u{202e}".to_owned()),
            ..new("https://market.example", ProgramKind::Backend)
        };
        let refusal = unnamed
            .written()
            .expect_err("a name that turns the line round");
        assert!(
            refusal.to_string().starts_with("client_name: "),
            "{refusal}"
        );
    }
}
