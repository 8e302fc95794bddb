//! What one person who is signed in, or a program that sends their browser around, can make the server
//! write: bounded in rows, in bytes and in time, for each session and for each person.

use domain::interaction::Interaction;
use foundation::clock::Span;

use crate::upgrade::first_release::rows_of;
use crate::world::person::Person;
use crate::world::program::Program;
use crate::world::request::Request;
use crate::world::{World, in_both_worlds};

fn rows(w: &World, table: &str) -> usize {
    rows_of(w.database())[table]
}

/// A request that needs a page and takes as much room as one may.
fn large(market: &Program) -> Request {
    let request = market.request().with("prompt", "consent");
    request.with("state", "s".repeat(4000))
}

/// Sends requests; gives how many were answered with a page or a code.
fn looked_at(person: &Person, market: &Program, times: usize) -> usize {
    let is_looked_at =
        |_: &usize| person.asked_silently(market).get("error") != "temporarily_unavailable";
    (0..times).filter(is_looked_at).count()
}

in_both_worlds! {
    fn attack_97_the_requests_of_one_session_take_the_room_of_so_many(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let bound = usize::try_from(Interaction::OF_SESSION).expect("a number");
        let first = ada.sends(large(&market));
        assert_eq!(first.at(), "/consent");
        for _ in 0..2 * bound {
            assert_eq!(ada.sends(large(&market)).at(), "/consent");
            w.passes(Span::millis(1));
        }
        assert_eq!(rows(w, "interactions"), bound);
        let newest = ada.sends(large(&market));
        assert_eq!(rows(w, "interactions"), bound);
        let code = newest.allows().code();
        assert_eq!(market.redeems(&code).status, 200, "the newest works");
        assert_eq!(first.presses("allow").page.status, 400, "the oldest is gone");
        assert!(market.finds_active(&tokens.access));
    }

    fn attack_97_the_requests_of_one_person_take_the_room_of_so_many(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        ada.uses(&market);
        let bound = usize::try_from(Interaction::OF_PERSON).expect("a number");
        for _ in 0..5 {
            let browser = ada.with_another_browser();
            browser.signs_in();
            for _ in 0..Interaction::OF_SESSION {
                assert_eq!(browser.sends(large(&market)).at(), "/consent");
                w.passes(Span::millis(1));
            }
            w.seconds_pass(60);
        }
        assert_eq!(rows(w, "interactions"), bound);
        let eve = w.person("eve");
        assert_eq!(eve.sends(large(&market)).signs_in().at(), "/consent");
        assert_eq!(rows(w, "interactions"), bound + 1, "others have their own");
    }

    fn attack_97_who_asks_without_end_is_told_to_wait(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let (ada, eve) = (w.person("ada"), w.person("eve"));
        ada.uses(&market);
        eve.uses(&market);
        let page = ada.sends(large(&market));
        let families = rows(w, "token_families");
        let answered = looked_at(&ada, &market, 320);
        assert!((280..300).contains(&answered), "{answered}");
        assert_eq!(rows(w, "token_families"), families + answered, "a refusal leaves nothing");
        assert_eq!(looked_at(&eve, &market, 1), 1, "nobody else waits");
        let reply = page.clone().presses("allow");
        assert_eq!(reply.page.status, 429, "{}", reply.says());
        assert_eq!(ada.removes(&market).status, 200, "taking back does not wait");
        assert_eq!(ada.asked_silently(&market).get("error"), "temporarily_unavailable");
        w.passes(Span::seconds(2));
        assert_eq!(looked_at(&ada, &market, 20), 10, "five come back each second");
    }

    fn attack_97_forms_without_end_leave_so_many_receipts(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        ada.uses(&market);
        let page = ada.looks_at("/account/language");
        let sent = (0..130).filter(|_| {
            let reply = ada.browser.presses(&page, "language-en", &[]);
            reply.status != 429
        });
        let done = sent.count();
        assert!((100..=120).contains(&done), "{done}");
        w.seconds_pass(5);
        assert_eq!(ada.browser.presses(&page, "language-en", &[]).status, 200);
    }

    fn attack_97_a_code_that_nobody_redeems_leaves_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        // Soon after a start nothing is forgotten.
        w.seconds_pass(15 * 60);
        let tokens = ada.uses(&market);
        let codes: Vec<String> = (0..20).map(|_| ada.opens(&market).code()).collect();
        assert_eq!(rows(w, "token_families"), 21);
        let forgets = || w.wait(w.services().upkeep.forget_unused_codes()).expect("no fault");
        w.seconds_pass(90);
        forgets();
        assert_eq!(rows(w, "token_families"), 21, "a node whose clock is behind may still ask");
        w.seconds_pass(31);
        forgets();
        assert_eq!((rows(w, "token_families"), rows(w, "one_time_credentials")), (1, 1));
        for code in &codes {
            assert_eq!(market.redeems(code).error(), "400 invalid_grant");
        }
        assert_eq!(market.refreshes(tokens.refresh()).status, 200, "what was used stays");
    }
}
