//! Rows 17, 35, 37, 95: what happens at the same moment.

use domain::sign_in::Throttle;
use serde_json::json;

use crate::world::at_once::at_once;
use crate::world::in_both_worlds;
use crate::world::program::Tokens;

/// How many do the same at once.
const MANY: usize = 64;
/// How many tries one account has at one moment: the free ones, and the one that starts the wait.
const AT_ONCE: usize = Throttle::FREE as usize + 1;

in_both_worlds! {
    fn attack_17_of_64_redemptions_at_once_one_wins_and_its_tokens_die(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let code = ada.opens(&market).signs_in().code();
        let replies = at_once(MANY, |_| market.redeems(&code));
        let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(won.len(), 1);
        assert!(replies.iter().all(|reply| reply.status == 200 || reply.error() == "400 invalid_grant"));
        let tokens = Tokens::of(won[0]);
        assert!(!market.finds_active(&tokens.access) && !market.finds_active(tokens.refresh()));
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");
    }

    fn attack_35_36_of_64_refreshes_at_once_all_get_one_answer(w: &World) {
        let app = w.client(json!({ "token_endpoint_auth_method": "none" }));
        let first = w.person("ada").uses(&app);
        let node = w.another_node();
        let there = app.at(&node);
        let replies = at_once(MANY, |number| {
            let program = if number % 2 == 0 { &app } else { &there };
            // Who is told to come again does so: that is what an honest retry is.
            let again = || Some(program.refreshes(first.refresh())).filter(|reply| reply.status != 503);
            (0..20).find_map(|_| again()).expect("it is not unavailable for ever")
        });
        for reply in &replies {
            assert_eq!((reply.status, reply.json()), (200, replies[0].json()), "equal answers");
        }
        let second = Tokens::of(&replies[0]);
        assert_eq!(app.refreshes(second.refresh()).status, 200, "one family, and it stands");
        assert_eq!(app.refreshes(first.refresh()).error(), "400 invalid_grant", "in the same second");
    }

    fn attack_37_after_a_revocation_nothing_that_a_refresh_gave_is_live(w: &World) {
        let shop = w.client(json!({ "portico:rotate_refresh_tokens": true }));
        let ada = w.person("ada");
        ada.signs_in();
        for _ in 0..5 {
            let first = ada.opens(&shop).allows().tokens();
            let replies = at_once(8, |number| match number {
                0 => shop.revokes(first.refresh()),
                _ => shop.refreshes(first.refresh()),
            });
            assert_eq!(replies[0].status, 200);
            for reply in replies.iter().skip(1).filter(|reply| reply.status == 200) {
                let second = Tokens::of(reply);
                assert!(!shop.finds_active(&second.access), "revoked is revoked");
                assert_eq!(shop.refreshes(second.refresh()).error(), "400 invalid_grant");
            }
        }
    }

    fn attack_95_guesses_at_the_same_moment_are_no_more_than_one_after_another(w: &World) {
        let ada = w.person("ada");
        let doors: Vec<_> = (0..40)
            .map(|_| {
                let person = ada.with_another_browser();
                let page = person.browser.get("/sign-in");
                (person, page)
            })
            .collect();
        let tries = |number: usize, password: &str| {
            let (person, page) = &doors[number];
            person.types_password(page, "ada", password)
        };
        let replies = at_once(40, |number| tries(number, "wrong").status);
        // Who is told to wait was not looked at.
        let tried = replies.iter().filter(|status| **status != 429).count();
        assert_eq!(tried, AT_ONCE, "{replies:?}");
        let late = at_once(8, |number| tries(number, &ada.password).status);
        assert_eq!(late, [429; 8], "a right guess among the late ones is not looked at");
        assert!(ada.sessions().is_empty());
        w.seconds_pass(1);
        assert_eq!(tries(0, &ada.password).path, "/account");
    }

    fn attack_95_guesses_in_a_borrowed_browser_at_the_same_moment_are_bounded(w: &World) {
        let ada = w.person("ada");
        let page = ada.signs_in().looks_at("/account/password");
        let change = |current: &str| {
            let typed = [("current_password", current), ("new_password", "seven green bicycles")];
            ada.browser.presses(&page, "change-password", &typed).words()
        };
        let replies = at_once(40, |_| change("wrong password"));
        let tried = replies.iter().filter(|said| said.contains("The current password does not match.")).count();
        assert_eq!(tried, AT_ONCE);
        let late = at_once(8, |_| change(&ada.password));
        assert!(late.iter().all(|said| said.contains("Too many tries. Try again in 1 second")), "{late:?}");
        w.seconds_pass(1);
        assert!(change(&ada.password).contains("Your password is changed."));
    }

    /// Each press is answered, and what was refused is not allowed afterwards.
    fn two_answers_to_one_sheet_at_once_decide_once(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let visit = ada.opens(&market).signs_in();
        let ends = at_once(8, |number| visit.clone().presses(["allow", "deny"][number % 2]));
        for (number, end) in ends.iter().enumerate() {
            let delivered = end.delivered();
            let is_refused = delivered.get("error") == "access_denied";
            assert!(is_refused || (number % 2 == 0 && !delivered.get("code").is_empty()), "{delivered:?}");
        }
        assert_eq!(visit.presses("allow").error(), "access_denied", "a refusal stands");
        let decided = ada.looks_at("/account/history").body.matches("class=\"row decision\"").count();
        assert!(decided <= 1, "{decided}");
    }
}
