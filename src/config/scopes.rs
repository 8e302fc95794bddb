//! `[scopes."orders.read"]`: the operator's own scopes, with what people read about them.

use std::collections::BTreeMap;

use foundation::bounded_text::BoundedText;
use protocol::scope::ScopeName;
use protocol::scope_catalog::{OperatorScope, ScopeCatalog};
use serde::Deserialize;

use super::ConfigError;

/// As it is written: texts by language, and whether it is asked on a page of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    description: BTreeMap<String, String>,
    #[serde(default)]
    sensitive: bool,
}

pub(super) fn check(written: BTreeMap<String, Section>) -> Result<ScopeCatalog, ConfigError> {
    let built_in = ScopeCatalog::default();
    let mut catalog = ScopeCatalog::default();
    for (name, scope) in written {
        let key = format!("scopes.\"{name}\"");
        let wrong = |problem: &str| ConfigError::new(key.as_str(), problem);
        let parsed =
            ScopeName::parse(&name).map_err(|_| wrong("is not a scope name (RFC 6749 §3.3)"))?;
        if built_in.knows(&parsed) {
            return Err(wrong("is built in and cannot be described anew"));
        }
        if !scope.description.contains_key("en") {
            return Err(wrong(
                "needs a description in English: description.en = \"…\"",
            ));
        }
        for (language, text) in &scope.description {
            BoundedText::<200>::parse(text).map_err(|e| {
                ConfigError::new(format!("{key}.description.{language}"), e.to_string())
            })?;
        }
        let scope = OperatorScope {
            description: scope.description,
            sensitive: scope.sensitive,
        };
        catalog.operator.insert(parsed, scope);
    }
    Ok(catalog)
}
