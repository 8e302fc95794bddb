//! Ways in which a program loses what it holds, each done at one node.

use crate::world::World;
use crate::world::person::Person;
use crate::world::program::{Program, Tokens};

/// What the program asks for, in the order in which answers name it.
pub(super) const SCOPE: &str = "openid phone.verified profile.basic";

/// Somebody who uses a program.
pub(super) struct Use {
    pub(super) person: Person,
    pub(super) program: Program,
    pub(super) tokens: Tokens,
}

impl Use {
    /// A person of their own who uses a program of their own, at a node.
    pub(super) fn new(node: &World, name: &str) -> Self {
        let person = node.person(name);
        let program = node.mini_program(name, SCOPE);
        let tokens = person.uses(&program);
        Self {
            person,
            program,
            tokens,
        }
    }

    /// What introspection at a node says that the access token may do; nothing if it is dead.
    pub(super) fn scope_at(&self, node: &World) -> String {
        let answer = self
            .program
            .at(node)
            .introspects(&self.tokens.access)
            .json();
        answer["scope"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether a node gives new tokens for the refresh token.
    pub(super) fn refreshes_at(&self, node: &World) -> bool {
        self.program
            .at(node)
            .refreshes(self.tokens.refresh())
            .status
            == 200
    }
}

/// A way to lose something: its name, how it is done at a node, and what is left of the access
/// token.
pub(super) struct Ending {
    pub(super) name: &'static str,
    pub(super) happens: fn(&Use, &World),
    pub(super) leaves: &'static str,
    pub(super) ends_family: bool,
}

const fn ending(name: &'static str, happens: fn(&Use, &World)) -> Ending {
    Ending {
        name,
        happens,
        leaves: "",
        ends_family: true,
    }
}

/// All of them.
pub(super) const ENDINGS: &[Ending] = &[
    Ending {
        ends_family: false,
        ..ending("access-token-revoked", |held, node| {
            held.program.at(node).revokes(&held.tokens.access);
        })
    },
    ending("refresh-token-revoked", |held, node| {
        held.program.at(node).revokes(held.tokens.refresh());
    }),
    ending("signed-out", |held, node| held.person.at(node).signs_out()),
    ending("access-removed", |held, node| {
        held.person.at(node).removes(&held.program);
    }),
    Ending {
        leaves: "openid profile.basic",
        ends_family: false,
        ..ending("phone-taken-back", |held, node| {
            held.person
                .at(node)
                .takes_back(&held.program, "phone.verified");
        })
    },
    ending("suspended", |held, node| {
        held.program.at(node).is_suspended()
    }),
    ending("user-deleted", |held, node| {
        node.operator(node.administration().delete_user(&held.person.username));
    }),
    ending("user-disabled", |held, node| {
        node.operator(node.administration().disable_user(&held.person.username));
    }),
];
