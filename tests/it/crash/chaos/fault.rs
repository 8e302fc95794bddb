//! What goes wrong, and that it is over again.

use std::fmt;
use std::time::Duration;

use super::cluster::Cluster;
use crate::crash::chance::Chance;
use crate::gate::Way;

/// Something that goes wrong for a while, at a node or for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A node is killed, and started again at the end.
    Killed(usize),
    /// A node is asked to end, as for a new version, and started again at the end.
    Ended(usize),
    /// A node is stopped, as a virtual machine that moves, and goes on.
    Paused(usize),
    /// A node loses its connections to the database and gets no new ones.
    CutOff(usize),
    /// A node's connections to the database go silent.
    Unheard(usize),
    /// The database is away for everybody: it restarts.
    DatabaseAway,
    /// The database is there and answers nobody.
    DatabaseSilent,
    /// A node's clock jumps by so many seconds, and back at the end.
    ClockJumps(usize, i64),
}

/// The furthest that a clock jumps.
const JUMP: Duration = Duration::from_secs(2 * 60 * 60);

impl Fault {
    /// One that can happen to this cluster.
    pub(super) fn drawn(cluster: &Cluster, chance: &Chance) -> Self {
        let node = chance.below(cluster.nodes());
        // A file has no gate, and its time is its machine's: one that jumps is late for everybody.
        let kinds = if cluster.has_gates() { 8 } else { 3 };
        match chance.below(kinds) {
            0 => Self::Killed(node),
            1 => Self::Ended(node),
            2 => Self::Paused(node),
            3 => {
                let furthest = JUMP.as_secs();
                let drawn = chance.below(usize::try_from(2 * furthest).expect("small"));
                let seconds = i64::try_from(drawn).expect("small");
                Self::ClockJumps(node, seconds - i64::try_from(furthest).expect("small"))
            }
            4 => Self::CutOff(node),
            5 => Self::Unheard(node),
            6 => Self::DatabaseAway,
            _ => Self::DatabaseSilent,
        }
    }

    /// Whether the two do not meet at one place.
    pub(super) fn is_apart_from(self, other: Self) -> bool {
        match (self.node(), other.node()) {
            (Some(one), Some(another)) => one != another,
            // What goes wrong at the database meets whatever goes wrong on the way to it.
            (None, Some(_)) => !other.is_at_the_gate(),
            (Some(_), None) => !self.is_at_the_gate(),
            (None, None) => false,
        }
    }

    fn is_at_the_gate(self) -> bool {
        matches!(self, Self::CutOff(_) | Self::Unheard(_))
    }

    fn node(self) -> Option<usize> {
        match self {
            Self::Killed(node)
            | Self::Ended(node)
            | Self::Paused(node)
            | Self::CutOff(node)
            | Self::Unheard(node)
            | Self::ClockJumps(node, _) => Some(node),
            Self::DatabaseAway | Self::DatabaseSilent => None,
        }
    }

    pub(super) fn begins(self, cluster: &mut Cluster) {
        match self {
            Self::Killed(node) => cluster.node(node).is_killed(),
            Self::Ended(node) => cluster.node(node).is_sent("TERM"),
            Self::Paused(node) => cluster.node(node).is_sent("STOP"),
            Self::CutOff(node) => cluster.node(node).hears_the_database(Way::Closed),
            Self::Unheard(node) => cluster.node(node).hears_the_database(Way::Silent),
            Self::DatabaseAway => cluster.all(|node| node.hears_the_database(Way::Closed)),
            Self::DatabaseSilent => cluster.all(|node| node.hears_the_database(Way::Silent)),
            Self::ClockJumps(node, seconds) => cluster.node(node).says_it_is_later(seconds),
        }
    }

    pub(super) fn ends(self, cluster: &mut Cluster) {
        match self {
            Self::Killed(node) => cluster.node(node).starts(),
            Self::Ended(node) => {
                cluster.node(node).has_ended();
                cluster.node(node).starts();
            }
            Self::Paused(node) => cluster.node(node).is_sent("CONT"),
            Self::CutOff(node) | Self::Unheard(node) => {
                cluster.node(node).hears_the_database(Way::Open);
            }
            Self::DatabaseAway | Self::DatabaseSilent => {
                cluster.all(|node| node.hears_the_database(Way::Open));
            }
            Self::ClockJumps(node, _) => cluster.node(node).says_it_is_later(0),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(node) => write!(f, "node {node} is killed"),
            Self::Ended(node) => write!(f, "node {node} is asked to end"),
            Self::Paused(node) => write!(f, "node {node} is paused"),
            Self::CutOff(node) => write!(f, "node {node} loses the database"),
            Self::Unheard(node) => write!(f, "node {node} is not heard by the database"),
            Self::DatabaseAway => f.write_str("the database is away"),
            Self::DatabaseSilent => f.write_str("the database is silent"),
            Self::ClockJumps(node, by) => write!(f, "the clock of node {node} jumps by {by} s"),
        }
    }
}
