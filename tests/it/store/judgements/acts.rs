//! The acts, and how they are drawn.

use proptest::prelude::*;
use proptest::sample::Index;

/// Something that happens, and how it is written down.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) what: What,
    /// Whether its event is of a kind that this program has never heard of.
    pub(super) is_from_the_future: bool,
}

/// What cannot happen at the moment is left out when its turn comes.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A person authorizes a client; with a new session or grant where the old one has ended.
    Authorize {
        user: usize,
        client: usize,
        offline: bool,
    },
    /// A family that stands gives a token, at a node that is some events behind.
    Issue {
        family: Index,
        behind: i64,
    },
    /// A client gets a token for itself.
    IssueToClient {
        client: usize,
        behind: i64,
    },
    EndSession {
        user: usize,
    },
    LeaveClient {
        user: usize,
        client: usize,
    },
    EndGrant {
        user: usize,
        client: usize,
    },
    ChangeGrant {
        user: usize,
        client: usize,
        scopes: &'static str,
    },
    EndFamily {
        family: Index,
    },
    RevokeToken {
        token: Index,
    },
    /// Disables a person, or lets a disabled one in again.
    DisableUser {
        user: usize,
    },
    RevokeUser {
        user: usize,
    },
    RevokeClient {
        client: usize,
    },
    /// Suspends a client, or releases a suspended one.
    SuspendClient {
        client: usize,
    },
    RevokeAll,
    SetClockBack,
    /// Something that says nothing about tokens.
    ChangeClient {
        client: usize,
    },
    /// So much later that access tokens have run out, this family and all older ones have ended, and
    /// everything that may be purged is purged.
    Purge {
        oldest: Index,
    },
}

/// How many people there are, and how many clients.
pub(super) const TWO: usize = 2;

pub(super) fn act() -> impl Strategy<Value = Act> {
    let index = any::<Index>;
    let two = || 0..TWO;
    let pair = || (two(), two());
    let behind = || 0..6_i64;
    let scopes = prop_oneof![
        Just("openid"),
        Just("openid profile"),
        Just("email openid profile"),
    ];
    let what = prop_oneof![
        12 => (pair(), any::<bool>())
            .prop_map(|((user, client), offline)| What::Authorize { user, client, offline }),
        12 => (index(), behind()).prop_map(|(family, behind)| What::Issue { family, behind }),
        2 => (two(), behind())
            .prop_map(|(client, behind)| What::IssueToClient { client, behind }),
        2 => two().prop_map(|user| What::EndSession { user }),
        2 => pair().prop_map(|(user, client)| What::LeaveClient { user, client }),
        2 => pair().prop_map(|(user, client)| What::EndGrant { user, client }),
        4 => (pair(), scopes)
            .prop_map(|((user, client), scopes)| What::ChangeGrant { user, client, scopes }),
        2 => index().prop_map(|family| What::EndFamily { family }),
        2 => index().prop_map(|token| What::RevokeToken { token }),
        2 => two().prop_map(|user| What::DisableUser { user }),
        1 => two().prop_map(|user| What::RevokeUser { user }),
        1 => two().prop_map(|client| What::RevokeClient { client }),
        2 => two().prop_map(|client| What::SuspendClient { client }),
        1 => Just(What::RevokeAll),
        1 => Just(What::SetClockBack),
        1 => two().prop_map(|client| What::ChangeClient { client }),
        3 => index().prop_map(|oldest| What::Purge { oldest }),
    ];
    (what, prop::bool::weighted(0.3)).prop_map(|(what, is_from_the_future)| Act {
        what,
        is_from_the_future,
    })
}
