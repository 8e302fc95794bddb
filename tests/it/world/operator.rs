//! What the operator of every world has set up besides the defaults.

use std::collections::BTreeMap;

use protocol::scope::ScopeName;
use protocol::scope_catalog::OperatorScope;

/// Scopes of their own resource servers.
pub(super) fn scopes() -> BTreeMap<ScopeName, OperatorScope> {
    let scope = |name, text: &str| {
        let described = OperatorScope {
            description: BTreeMap::from([("en".to_owned(), text.to_owned())]),
            sensitive: false,
        };
        (ScopeName::parse(name).expect("a scope"), described)
    };
    [
        scope("orders", "Your orders"),
        scope("stock", "What is in stock"),
    ]
    .into()
}
