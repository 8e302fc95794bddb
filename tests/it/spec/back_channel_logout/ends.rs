//! The ways in which what a client got can end, and who is told of each.

use flow::administer::revoke::TokensOf;

use crate::world::World;
use crate::world::person::Person;
use crate::world::program::{Program, Tokens};

/// Which of them hear of it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Hears {
    /// The market, of Ada.
    Market,
    /// The taxi, of Ada.
    Taxi,
    /// The market, of Bob.
    Bob,
}

pub(super) use Hears::{Bob, Market, Taxi};

/// Ada at the market.
pub(super) struct Stay<'t> {
    pub(super) w: &'t World,
    pub(super) ada: &'t Person,
    pub(super) market: &'t Program,
    pub(super) tokens: &'t Tokens,
}

/// A way in which something ends.
pub(super) struct End {
    pub(super) name: &'static str,
    pub(super) happens: fn(&Stay<'_>),
    pub(super) tells: &'static [Hears],
}

pub(super) const ENDS: &[End] = &[
    End {
        name: "signed out",
        happens: |stay| stay.ada.signs_out(),
        tells: &[Market, Taxi],
    },
    End {
        name: "session ended by the operator",
        happens: |stay| {
            let session = stay.ada.sessions().remove(0);
            let w = stay.w;
            w.operator(w.administration().end_session_by_operator(&session));
        },
        tells: &[Market, Taxi],
    },
    End {
        name: "password set",
        happens: |stay| {
            let password = foundation::secret::SecretText::new("another good password");
            let name = &stay.ada.username;
            stay.w
                .operator(stay.w.administration().set_user_password(name, password));
        },
        tells: &[Market, Taxi],
    },
    End {
        name: "left",
        happens: |stay| leaves(stay.ada, stay.market, stay.tokens),
        tells: &[Market],
    },
    End {
        name: "access removed",
        happens: |stay| drop(stay.ada.removes(stay.market)),
        tells: &[Market],
    },
    End {
        name: "a scope taken back",
        happens: |stay| drop(stay.ada.takes_back(stay.market, "profile.basic")),
        tells: &[],
    },
    End {
        name: "a refresh token used twice",
        happens: |stay| {
            let refresh = stay.tokens.refresh();
            Tokens::of(&stay.market.refreshes(refresh));
            stay.w.seconds_pass(60);
            assert_eq!(stay.market.refreshes(refresh).error(), "400 invalid_grant");
        },
        tells: &[Market],
    },
    End {
        name: "given back by the program",
        happens: |stay| drop(stay.market.revokes(stay.tokens.refresh())),
        tells: &[],
    },
    End {
        name: "user disabled",
        happens: |stay| {
            let name = &stay.ada.username;
            stay.w.operator(stay.w.administration().disable_user(name));
        },
        tells: &[Market, Taxi],
    },
    End {
        name: "user deleted",
        happens: |stay| {
            let name = &stay.ada.username;
            stay.w.operator(stay.w.administration().delete_user(name));
        },
        tells: &[Market, Taxi],
    },
    End {
        name: "tokens of a user revoked",
        happens: |stay| {
            let whose = TokensOf::User(stay.ada.username.clone());
            stay.w
                .operator(stay.w.administration().revoke_tokens(whose));
        },
        tells: &[Market, Taxi],
    },
    End {
        name: "tokens of a client revoked",
        happens: |stay| {
            let whose = TokensOf::Client(stay.market.id.clone());
            stay.w
                .operator(stay.w.administration().revoke_tokens(whose));
        },
        tells: &[Market, Bob],
    },
    End {
        name: "suspended",
        happens: |stay| stay.market.is_suspended(),
        tells: &[Market, Bob],
    },
];

pub(super) fn leaves(ada: &Person, program: &Program, tokens: &Tokens) {
    let hint = tokens.id_token.as_deref().expect("an id_token");
    let page = ada
        .browser
        .get(&format!("/end-session?id_token_hint={hint}"));
    let page = ada.browser.presses(&page, "leave", &[]);
    assert_eq!(page.status, 200, "{} {}", program.id, page.words());
}
