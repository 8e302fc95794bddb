//! The acts, and how they are drawn.

use proptest::prelude::*;

use super::oracle::{Pair, THREE};

/// Something that happens. What cannot happen at the moment (nobody is signed in, there is nothing
/// to take back) is left out when its turn comes.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A person opens a program, answers what is asked with some boxes ticked, and the program
    /// redeems its code. `again` is `prompt=consent`.
    Allow {
        pair: Pair,
        again: bool,
        ticked: [bool; 2],
    },
    /// A person takes one scope back.
    Narrow { pair: Pair, scope: usize },
    /// A person takes everything back.
    Remove { pair: Pair },
    /// The program of some authorization refreshes.
    Refresh { family: prop::sample::Index },
    /// Somebody presents a used code.
    ReplayCode { family: prop::sample::Index },
    /// Somebody presents the first refresh token of a family whose tokens rotate.
    ReplayRefresh { family: prop::sample::Index },
    /// A person signs out.
    SignOut { person: usize },
    /// The operator suspends a program, or releases it again.
    Suspend { program: usize, suspend: bool },
    /// Time passes.
    Expire { minutes: i64 },
    /// A server is restarted.
    Restart,
}

/// Ninety-one days: longer than any session.
pub(super) const LONG: i64 = 91 * 24 * 60;

/// An act, and a number that chooses the node.
pub(super) fn act() -> impl Strategy<Value = (Act, bool)> {
    let pair = || (0..THREE, 0..THREE);
    let family = any::<prop::sample::Index>;
    let minutes =
        prop_oneof![4 => Just(1), 4 => Just(9), 3 => Just(11), 2 => Just(61), 1 => Just(LONG)];
    let act = prop_oneof![
        12 => (pair(), prop::bool::weighted(0.3), any::<[bool; 2]>())
            .prop_map(|(pair, again, ticked)| Act::Allow { pair, again, ticked }),
        4 => (pair(), 1..3_usize).prop_map(|(pair, scope)| Act::Narrow { pair, scope }),
        2 => pair().prop_map(|pair| Act::Remove { pair }),
        8 => family().prop_map(|family| Act::Refresh { family }),
        2 => family().prop_map(|family| Act::ReplayCode { family }),
        3 => family().prop_map(|family| Act::ReplayRefresh { family }),
        2 => (0..THREE).prop_map(|person| Act::SignOut { person }),
        3 => (0..THREE, prop::bool::weighted(0.4))
            .prop_map(|(program, suspend)| Act::Suspend { program, suspend }),
        4 => minutes.prop_map(|minutes| Act::Expire { minutes }),
        2 => Just(Act::Restart),
    ];
    (act, any::<bool>())
}
