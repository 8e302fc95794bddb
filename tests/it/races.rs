//! Two acts of one person at the same moment: whatever the order, what both left behind is what one
//! after the other would have left.

use std::sync::{Mutex, PoisonError};

use crate::world::at_once::at_once;
use crate::world::person::Person;
use crate::world::visit::Visit;
use crate::world::{World, in_both_worlds};

mod interleaved;
mod scene;
mod stops;

/// How often two acts meet: what goes wrong seldom is to go wrong here.
const ROUNDS: usize = 15;
const NEW: &str = "seven green bicycles";

/// Does two things at once, of which each is done once.
fn both<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    let (one, other) = (Mutex::new(Some(one)), Mutex::new(Some(other)));
    let (first, second) = (Mutex::new(None), Mutex::new(None));
    at_once(2, |number| {
        if number == 0 {
            *first.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken(&one)());
        } else {
            *second.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken(&other)());
        }
    });
    (taken(&first), taken(&second))
}

fn taken<T>(place: &Mutex<Option<T>>) -> T {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place.take().expect("once")
}

/// Each round has a person of its own.
fn rounds(w: &World, act: impl Fn(&Person)) {
    for round in 0..ROUNDS {
        act(&w.person(&format!("person{round}")));
    }
}

fn types_password(person: &Person, password: &str) -> String {
    let page = person.looks_at("/sign-in");
    person
        .types_password(&page, &person.username, password)
        .path
}

/// Gives how the page of the password is filled in and sent; what it answers is whether it is changed.
fn changing_password(person: &Person) -> impl FnOnce() -> bool + Send {
    let page = person.looks_at("/account/password");
    move || {
        let typed = [
            ("current_password", person.password.as_str()),
            ("new_password", NEW),
        ];
        let said = person
            .browser
            .presses(&page, "change-password", &typed)
            .words();
        said.contains("Your password is changed.")
    }
}

in_both_worlds! {
    fn two_scopes_taken_back_in_two_windows_are_both_gone(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        rounds(w, |ada| {
            let tokens = ada.uses(&market);
            let other_window = ada.with_browser(ada.browser.copied());
            both(
                || ada.takes_back(&market, "profile.basic"),
                || other_window.takes_back(&market, "phone.verified"),
            );
            assert_eq!(market.scope_now(&tokens.access), "openid");
            assert_eq!(ada.opens(&market).tokens().scope, "openid");
        });
    }

    fn two_sheets_allowed_at_once_lose_nothing(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let asking = |scope| market.asking(scope);
        rounds(w, |ada| {
            ada.signs_in();
            let other_window = ada.with_browser(ada.browser.copied());
            let one = ada.opens(&asking("openid profile.basic"));
            let other = other_window.opens(&asking("openid phone.verified"));
            let tokens = both(|| one.allows().tokens(), || other.allows().tokens());
            assert!(tokens.0.scope.contains("profile.basic"), "{}", tokens.0.scope);
            assert!(tokens.1.scope.contains("phone.verified"), "{}", tokens.1.scope);
            let next = ada.opens(&market);
            assert_eq!(next.at(), "program", "both were answered: {}", next.says());
            let scope = next.tokens().scope;
            assert!(scope.contains("profile.basic") && scope.contains("phone.verified"), "{scope}");
        });
    }

    fn taking_back_and_allowing_at_once_end_in_one_of_two_orders(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        rounds(w, |ada| {
            ada.opens(&market.asking("openid profile.basic")).signs_in().allows();
            let other_window = ada.with_browser(ada.browser.copied());
            let sheet = other_window.opens(&market.asking("openid phone.verified"));
            both(
                || ada.takes_back(&market, "profile.basic"),
                || sheet.allows().code(),
            );
            assert_eq!(ada.opens(&market).tokens().scope, "openid phone.verified");
        });
    }

    fn a_sign_in_with_the_old_password_leaves_no_session(w: &World) {
        rounds(w, |ada| {
            ada.signs_in();
            let stranger = ada.with_another_browser();
            let (_, changed) = both(
                || types_password(&stranger, &ada.password),
                changing_password(ada),
            );
            assert!(changed);
            assert_eq!(stranger.looks_at("/account").path, "/sign-in");
            assert_eq!(ada.looks_at("/account").path, "/account");
            assert_eq!(types_password(&stranger, NEW), "/account");
        });
    }

    fn whoever_is_switched_off_while_signing_in_is_out(w: &World) {
        rounds(w, |ada| {
            both(
                || types_password(ada, &ada.password),
                || w.operator(w.administration().disable_user(&ada.username)),
            );
            assert!(ada.sessions().is_empty());
            w.operator(w.administration().enable_user(&ada.username));
            assert_eq!(ada.looks_at("/account").path, "/sign-in", "what it lost stays lost");
        });
    }

    /// Each ends the other's session with it.
    fn of_two_changes_of_the_password_one_stands(w: &World) {
        rounds(w, |ada| {
            ada.signs_in();
            let other = ada.with_another_browser();
            other.signs_in();
            let (one, another) = both(changing_password(ada), changing_password(&other));
            assert_ne!(one, another, "one of the two");
            let (winner, loser) = if one { (ada, &other) } else { (&other, ada) };
            assert_eq!(winner.looks_at("/account").path, "/account");
            assert_eq!(loser.looks_at("/account").path, "/sign-in");
            assert_eq!(ada.sessions().len(), 1);
        });
    }

    fn a_sheet_that_is_allowed_while_its_session_ends_gives_nothing_that_works(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        rounds(w, |ada| {
            ada.signs_in();
            let other = ada.with_another_browser();
            other.signs_in();
            let sheet: Visit = other.opens(&market);
            let (visit, _) = both(|| sheet.presses("allow"), changing_password(ada));
            if visit.at() == "program" {
                let redeemed = market.redeems(&visit.code());
                assert_eq!(redeemed.error(), "400 invalid_grant");
            }
        });
    }
}
