//! Everything that is wrong with a manifest, and not only what is found first: each fault is supposed to be
//! mended, and the rest is read again. What would follow from a fault alone is not told beside it.

use std::collections::BTreeSet;

use protocol::client_metadata::UnknownMember;
use protocol::scope_catalog::ScopeCatalog;
use protocol::web_uri::{check_origin, origin_of};
use serde_json::{Map, Value};

use super::Refusal;
use super::mini_programs::{CheckedManifest, check_manifest};
use super::new_manifest::{NewManifest, ProgramKind};
use crate::answer_token_request::GrantTable;

/// Something that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFault {
    /// The member, such as `origins[1]` or `scope_purposes.phone.verified`.
    pub member: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What there is to say of a manifest.
#[derive(Debug)]
pub struct ReviewedManifest {
    /// The manifest, where nothing is wrong with it.
    pub checked: Option<CheckedManifest>,
    /// What is wrong with it.
    pub faults: Vec<ManifestFault>,
    /// Members that mean nothing here, as far as that can be told.
    pub not_understood: Vec<UnknownMember>,
}

/// Reads a manifest to its end; the publisher is not looked up.
pub fn review_manifest(
    manifest: &Value,
    catalog: &ScopeCatalog,
    grants: GrantTable,
) -> ReviewedManifest {
    let mut reviewed = ReviewedManifest {
        checked: None,
        faults: Vec::new(),
        not_understood: Vec::new(),
    };
    let mut supposed = manifest.clone();
    let good = good_manifest(manifest);
    let mut mended = BTreeSet::new();
    loop {
        let refusal = match check_manifest(&supposed, catalog, grants) {
            Ok(checked) => {
                reviewed.not_understood = checked.metadata.not_understood(manifest);
                reviewed.checked = Some(checked).filter(|_| reviewed.faults.is_empty());
                return reviewed;
            }
            Err(refusal) => refusal,
        };
        let (member, problem) = match refusal {
            Refusal::Invalid { what, problem } => (what, problem),
            other => ("manifest".to_owned(), other.to_string()),
        };
        let top = member
            .split(['.', '['])
            .next()
            .unwrap_or_default()
            .to_owned();
        // The same again follows from what was supposed, and says nothing of the manifest.
        if !mended.insert(top.clone()) {
            return reviewed;
        }
        reviewed.faults.push(ManifestFault { member, problem });
        let Some(members) = supposed.as_object_mut() else {
            return reviewed;
        };
        suppose(members, &top, &good);
    }
}

/// Supposes that a member were right.
fn suppose(members: &mut Map<String, Value>, name: &str, good: &Value) {
    match good.get(name) {
        Some(value) => members.insert(name.to_owned(), value.clone()),
        None => members.remove(name),
    };
    // Purposes of scopes that are not asked for would be the next fault, and are none.
    if name == "scope" {
        members.remove("scope_purposes");
    }
}

/// A manifest that is good, at the origin that this one seems to mean.
fn good_manifest(manifest: &Value) -> Value {
    let origins = manifest["origins"].as_array();
    let origins = origins.into_iter().flatten().filter_map(Value::as_str);
    let entry = manifest["entry_uri"].as_str().and_then(origin_of);
    let mut meant = origins.map(str::to_owned).chain(entry);
    let origin = meant.find(|origin| check_origin(origin).is_ok());
    let good = NewManifest {
        origin: origin.unwrap_or_else(|| "https://mini.example".to_owned()),
        kind: ProgramKind::Backend,
        name: None,
        publisher: Some("publisher".to_owned()),
        testers: Vec::new(),
    };
    let text = good.written().unwrap_or_default();
    let mut good: Value = serde_json::from_str(&text).unwrap_or_default();
    // These are right when they are not there; with others beside them they may be wrong.
    for name in ["launch_types", "backchannel_logout_uri", "scope_purposes"] {
        if let Some(members) = good.as_object_mut() {
            members.remove(name);
        }
    }
    good
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::answer_token_request::BUILT_IN;

    fn faults(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut manifest = json!({
            "client_name": "Market", "publisher": "pub1", "origins": ["https://market.example"],
            "entry_uri": "https://market.example/open", "redirect_uris": ["https://market.example/cb"],
            "scope": "openid profile.basic",
            "scope_purposes": { "profile.basic": { "en": "To greet you." } },
        });
        change(&mut manifest);
        let reviewed = review_manifest(&manifest, &ScopeCatalog::default(), BUILT_IN);
        assert_eq!(reviewed.checked.is_some(), reviewed.faults.is_empty());
        reviewed
            .faults
            .into_iter()
            .map(|fault| fault.member)
            .collect()
    }

    #[test]
    fn every_fault_is_told_and_none_that_only_follows() {
        assert!(faults(|_| {}).is_empty());
        let several = faults(|m| {
            m["origins"] = json!(["https://market.example", "market.example"]);
            m["redirect_uris"] = json!(["http://market.example/cb"]);
            m["scope"] = json!("openid profile.basic nonsense");
            m["state"] = json!("gone");
            m.as_object_mut().expect("an object").remove("client_name");
        });
        let several: BTreeSet<&str> = several.iter().map(String::as_str).collect();
        let expected = [
            "client_name",
            "origins[1]",
            "redirect_uris[0]",
            "scope",
            "state",
        ];
        assert_eq!(several, expected.into());
        assert_eq!(faults(|m| m["origins"] = json!([])), ["origins"]);
        assert_eq!(
            faults(|m| m["entry_uri"] = json!("https://elsewhere.example/")),
            ["entry_uri"]
        );
        let page = faults(|m| {
            m["token_endpoint_auth_method"] = json!("none");
            m["launch_types"] = json!(["code"]);
        });
        assert_eq!(page, ["launch_types"]);
    }

    #[test]
    fn what_is_no_object_is_one_fault() {
        let reviewed = review_manifest(&json!([]), &ScopeCatalog::default(), BUILT_IN);
        let [fault] = &reviewed.faults[..] else {
            panic!("{:?}", reviewed.faults)
        };
        assert_eq!(fault.problem, "must be a JSON object");
    }
}
