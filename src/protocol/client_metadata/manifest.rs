//! The manifest of a mini-program: client metadata with a publisher, an entry and purposes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::reader::{Reader, shown};
use super::{
    ClientMetadata, LaunchType, MetadataError, MiniProgramStateName, consistency, registration,
};
use crate::scope::{self, ScopeName, ScopeSet};
use crate::web_uri;

/// What a mini-program says besides client metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MiniProgramManifest {
    /// The publisher's id.
    pub publisher: String,
    /// Its icon.
    pub icon_uri: Option<String>,
    /// Where the host opens it; on one of its origins.
    pub entry_uri: String,
    /// Its pages' origins, 1 to 20.
    pub origins: Vec<String>,
    /// Why it wants each scope, by language; at most 200 characters each.
    pub scope_purposes: BTreeMap<ScopeName, BTreeMap<String, String>>,
    /// The state that the operator wants it to have.
    pub state: Option<MiniProgramStateName>,
    /// The usernames for whom a draft works.
    pub testers: Vec<String>,
    /// What a host may launch it with; without any, what fits a program of its kind.
    #[serde(default)]
    pub launch_types: Vec<LaunchType>,
    /// Whether it asks to act while the person is away.
    pub background_access: bool,
}

/// Reads a manifest: client metadata whose `mini_program` is there.
///
/// # Errors
/// As [`super::parse_metadata`]; or a required member is missing.
pub fn parse_manifest(json: &Value) -> Result<ClientMetadata, MetadataError> {
    let reader = Reader::of(json)?;
    let mut metadata = registration::read(reader)?;
    // Without a list there is nothing but the pairwise id: never "all standard scopes".
    let scope = metadata
        .scope
        .get_or_insert(ScopeName::parse(scope::OPENID).into_iter().collect());
    let manifest = read(reader, scope)?;
    check_scope(scope, manifest.background_access)?;
    check_launch_types(&manifest, metadata.is_confidential())?;
    // They are the manifest's.
    metadata.origins.clear();
    for (field, is_wrong, description) in [
        ("client_name", metadata.client_name.is_none(), "is required"),
        ("portico:host", metadata.host, "is not for mini-programs"),
        (
            "sector_identifier_uri",
            metadata.sector_identifier_uri.is_some(),
            "is not for mini-programs: each is its own sector",
        ),
    ] {
        if is_wrong {
            return Err(MetadataError::new(field, description));
        }
    }
    consistency::check(&metadata)?;
    metadata.mini_program = Some(manifest);
    Ok(metadata)
}

fn read(reader: Reader<'_>, scope: &ScopeSet) -> Result<MiniProgramManifest, MetadataError> {
    let required = |name| MetadataError::new(name, "is required");
    let origins = reader.origins("origins")?;
    if origins.is_empty() {
        let description = "must have at least one entry";
        return Err(MetadataError::new("origins", description));
    }
    let entry_uri = reader
        .page("entry_uri")?
        .ok_or_else(|| required("entry_uri"))?;
    if !web_uri::origin_of(&entry_uri).is_some_and(|origin| origins.contains(&origin)) {
        return Err(MetadataError::new(
            "entry_uri",
            "must be on one of the origins",
        ));
    }
    let testers = reader.strings("testers", 100)?.unwrap_or_default();
    Ok(MiniProgramManifest {
        publisher: reader
            .text::<64>("publisher")?
            .ok_or_else(|| required("publisher"))?,
        icon_uri: reader.page("icon_uri")?,
        entry_uri,
        origins,
        scope_purposes: scope_purposes(reader, scope)?,
        state: reader.named("state", MiniProgramStateName::parse)?,
        testers: testers
            .into_iter()
            .map(|tester| shown::<320>("testers", tester))
            .collect::<Result<_, _>>()?,
        launch_types: launch_types(reader)?,
        background_access: reader.flag("background_access")?,
    })
}

fn launch_types(reader: Reader<'_>) -> Result<Vec<LaunchType>, MetadataError> {
    let field = "launch_types";
    let types = reader.named_list(field, LaunchType::parse)?;
    match types {
        Some(types) if types.is_empty() => {
            Err(MetadataError::new(field, "must have at least one entry"))
        }
        types => Ok(types.unwrap_or_default()),
    }
}

/// A launch code is redeemed with the credentials of the program's backend, which a public client has not.
fn check_launch_types(
    manifest: &MiniProgramManifest,
    is_confidential: bool,
) -> Result<(), MetadataError> {
    if manifest.launch_types.contains(&LaunchType::Code) && !is_confidential {
        return Err(MetadataError::new(
            "launch_types",
            "code needs a client that authenticates: a public program has token",
        ));
    }
    Ok(())
}

fn check_scope(scope: &ScopeSet, background_access: bool) -> Result<(), MetadataError> {
    if scope.contains(scope::OFFLINE_ACCESS) && !background_access {
        return Err(MetadataError::new(
            "scope",
            "offline_access needs background_access: true",
        ));
    }
    Ok(())
}

/// `{scope: {language: text}}`, for scopes that are asked for.
fn scope_purposes(
    reader: Reader<'_>,
    scope: &ScopeSet,
) -> Result<BTreeMap<ScopeName, BTreeMap<String, String>>, MetadataError> {
    let mut purposes = BTreeMap::new();
    let field = "scope_purposes";
    let Some(value) = reader.member(field)? else {
        return Ok(purposes);
    };
    let object = |value: &Value, field: &str| {
        value
            .as_object()
            .cloned()
            .ok_or_else(|| MetadataError::new(field, "must be an object"))
    };
    for (name, texts) in object(value, field)? {
        let field = format!("{field}.{name}");
        let name = ScopeName::parse(&name)
            .ok()
            .filter(|name| scope.contains(name.as_str()))
            .ok_or_else(|| MetadataError::new(&field, "is not one of the scopes asked for"))?;
        purposes.insert(name, purpose(&field, object(&texts, &field)?)?);
    }
    Ok(purposes)
}

fn purpose(
    field: &str,
    texts: Map<String, Value>,
) -> Result<BTreeMap<String, String>, MetadataError> {
    if texts.is_empty() || texts.len() > 50 {
        return Err(MetadataError::new(field, "must have 1 to 50 languages"));
    }
    let mut purpose = BTreeMap::new();
    for (language, text) in texts {
        let is_tag = (2..=35).contains(&language.len())
            && language
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let Some(text) = text.as_str().filter(|_| is_tag) else {
            return Err(MetadataError::new(field, "must map language tags to texts"));
        };
        let text = shown::<200>(field, text)?;
        purpose.insert(language, text);
    }
    Ok(purpose)
}

impl MiniProgramManifest {
    /// Its members beside those of the client; null for what is not there.
    #[rustfmt::skip]
    pub(super) fn members(&self) -> Vec<(&'static str, Value)> {
        let purposes = Some(&self.scope_purposes).filter(|purposes| !purposes.is_empty());
        vec![
            ("publisher", json!(self.publisher)),
            ("icon_uri", json!(self.icon_uri)),
            ("entry_uri", json!(self.entry_uri)),
            ("origins", json!(self.origins)),
            ("scope_purposes", json!(purposes)),
            ("state", json!(self.state)),
            ("testers", json!(self.testers)),
            ("launch_types", json!(self.launch_types)),
            ("background_access", json!(self.background_access)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Value {
        json!({
            "publisher": "pub1", "client_name": "Market",
            "redirect_uris": ["http://market.localhost:8700/cb"],
            "entry_uri": "http://market.localhost:8700/", "icon_uri": "https://market.example/i.png",
            "origins": ["http://market.localhost:8700"],
            "scope": "openid profile.basic phone.verified",
            "scope_purposes": { "phone.verified": { "en": "So that the courier can call you." } },
            "state": "draft", "testers": ["ada"],
        })
    }

    fn with(field: &str, value: Value) -> Result<ClientMetadata, MetadataError> {
        let mut json = manifest();
        json[field] = value;
        parse_manifest(&json)
    }

    #[test]
    fn a_manifest_reads_back_as_the_same() {
        let client = parse_manifest(&manifest()).expect("complete");
        let program = client.mini_program.clone().expect("a mini-program");
        assert_eq!(program.state, Some(MiniProgramStateName::Draft));
        assert_eq!(program.testers, ["ada"]);
        assert_eq!(parse_manifest(&client.to_json()), Ok(client.clone()));
        let stored = serde_json::to_string(&client).expect("JSON");
        assert_eq!(
            serde_json::from_str::<ClientMetadata>(&stored).ok(),
            Some(client)
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let mut json = manifest();
        for name in [
            "testrs",
            "scop_purposes",
            "portico:hosts",
            "//testers",
            "client_name#de",
        ] {
            json[name] = json!("x");
        }
        let client = parse_manifest(&json).expect("complete");
        let named = client.not_understood(&json);
        let mut named: Vec<_> = named.iter().map(|m| m.name.as_str()).collect();
        named.sort_unstable();
        assert_eq!(
            named,
            ["client_name#de", "portico:hosts", "scop_purposes", "testrs"]
        );
        assert!(client.not_understood(&client.to_json()).is_empty());
    }

    #[test]
    fn what_is_required_is_named() {
        for field in [
            "publisher",
            "client_name",
            "entry_uri",
            "origins",
            "redirect_uris",
        ] {
            let mut json = manifest();
            json.as_object_mut().expect("an object").remove(field);
            assert_eq!(parse_manifest(&json).expect_err("incomplete").field, field);
        }
    }

    #[test]
    fn acting_while_the_person_is_away_is_asked_for_as_such() {
        let scope = || json!("openid phone.verified offline_access");
        assert_eq!(with("scope", scope()).expect_err("refused").field, "scope");
        let mut json = manifest();
        json["scope"] = scope();
        json["background_access"] = json!(true);
        assert!(parse_manifest(&json).is_ok());
    }

    #[test]
    fn without_a_scope_there_is_the_pairwise_id_only() {
        let mut json = manifest();
        let members = json.as_object_mut().expect("an object");
        members.remove("scope");
        members.remove("scope_purposes");
        let client = parse_manifest(&json).expect("complete");
        assert_eq!(client.allowed_scope().to_string(), "openid");
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (field, value) in [
            ("entry_uri", json!("https://elsewhere.example/")),
            ("origins", json!(["http://market.localhost:8700/"])),
            ("origins", json!(["null"])),
            ("portico:host", json!(true)),
            (
                "sector_identifier_uri",
                json!("https://market.example/s.json"),
            ),
            (
                "scope_purposes",
                json!({ "kyc.status": { "en": "Because." } }),
            ),
            ("scope_purposes", json!({ "openid": { "en": "\u{202E}" } })),
            (
                "scope_purposes",
                json!({ "openid": { "en": "x".repeat(201) } }),
            ),
            ("scope_purposes", json!({ "openid": { "<b>": "x" } })),
            ("scope_purposes", json!({ "openid": "x" })),
            ("state", json!("gone")),
            ("testers", json!([null])),
        ] {
            assert!(with(field, value.clone()).is_err(), "{field}: {value}");
        }
    }
}
