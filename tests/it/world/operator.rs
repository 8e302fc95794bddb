//! What the operator of a world has set up besides the defaults.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use protocol::scope::ScopeName;
use protocol::scope_catalog::OperatorScope;

use super::World;

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

impl World {
    /// The id of the publisher that programs have unless they name another.
    pub(crate) fn publisher(&self) -> String {
        let mut publisher = self
            .0
            .place
            .publisher
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        publisher
            .get_or_insert_with(|| self.new_publisher("Harbour Goods"))
            .clone()
    }

    /// Adds a publisher; gives its id.
    pub(crate) fn new_publisher(&self, name: &str) -> String {
        self.operator(self.administration().add_publisher(name, true))
            .id
            .to_string()
    }
}
