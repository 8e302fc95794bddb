//! Whether a server runs on a database, for whoever may act only where none does.
//!
//! A node that was killed leaves a heartbeat behind, as one that lives does. The difference is that one
//! that lives is heard of again. So that is waited for, no longer than until a silent node counts as gone,
//! and whoever waits is told for which node and for how long.

use std::time::Duration;

use domain::lifetimes::Lifetimes;
use foundation::clock::{Instant, SharedClock, Span};
use foundation::fault::Fault;
use store::Store;
use store::nodes::Node;

/// How often it is looked whether somebody was heard of.
const LOOK: Duration = Duration::from_millis(100);

/// Nodes that are gone: nothing came after what they said last.
pub(super) struct GoneNodes(Vec<Node>);

impl GoneNodes {
    /// Somebody who was heard of since, if there is one.
    fn somebody_else<'a>(&self, heard_of: &'a [Node]) -> Option<&'a Node> {
        heard_of.iter().find(|node| !self.0.contains(node))
    }

    /// Looks once more, in the transaction that relies on it.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) fn are_all_there_were(
        &self,
        db: &mut store::Connection,
        now: Instant,
    ) -> Result<bool, Fault> {
        let heard_of = store::nodes::live(db, now - Lifetimes::NODE_SILENCE)?;
        Ok(self.somebody_else(&heard_of).is_none())
    }
}

/// Waits until every node is gone that a database knows of, where there is one that is silent. A node
/// that ends meanwhile, and says so, is waited for no longer.
///
/// # Errors
/// A node was heard of: a server is running. Or the database does not answer.
pub(super) fn wait_until_nobody_serves(
    store: &Store,
    clock: &SharedClock,
) -> Result<GoneNodes, Fault> {
    let (now, began) = (store.time()?.time, clock.uptime());
    let since = now - Lifetimes::NODE_SILENCE;
    let heard_of = || store.read_blocking(move |db| store::nodes::live(db, since));
    let silent = GoneNodes(heard_of()?);
    let longest = silent.0.iter().map(|node| says_how_long(node, now)).max();
    let until = began + longest.unwrap_or(Span::millis(0));
    while clock.uptime() < until {
        std::thread::sleep(LOOK);
        let nodes = heard_of()?;
        if let Some(node) = silent.somebody_else(&nodes) {
            return Err(is_served(Some(node)));
        }
        if nodes.is_empty() {
            break;
        }
    }
    Ok(silent)
}

/// Says for which node is waited, and gives how long. A heartbeat from later than now is one by a clock
/// that was wrong, and no reason to wait for longer.
fn says_how_long(node: &Node, now: Instant) -> Span {
    let silence = Lifetimes::NODE_SILENCE;
    let age = now.since(node.seen_at).clamp(Span::millis(0), silence);
    let left = silence - age;
    tracing::warn!(
        "node {} was last heard of {} s ago: if it was killed, this goes on in {} s; if it is heard of again, \
         it runs, and this is refused",
        node.id,
        age.as_seconds(),
        left.as_seconds() + 1
    );
    left
}

/// That a server runs, by which node that is known.
pub(super) fn is_served(by: Option<&Node>) -> Fault {
    let node = by.map_or_else(String::new, |node| {
        format!(" (node {} was heard of just now)", node.id)
    });
    let cause = format!("a server is running on it{node}; stop all of them and try again");
    Fault::unusable("the database", cause)
}
