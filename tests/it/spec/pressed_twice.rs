//! A button that is pressed twice: no answer is kept, the request is decided again.

use crate::world::at_once::at_once;
use crate::world::browser::Browser;
use crate::world::in_both_worlds;
use crate::world::person::Person;
use crate::world::reply::Reply;
use crate::world::visit::Visit;

/// What a browser does with the answer to the first press, when it sends the second.
#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    /// It gave up waiting, and keeps nothing of it.
    GivenUp,
    /// It had read its cookies.
    Read,
}

const BOTH: [First; 2] = [First::GivenUp, First::Read];

/// Presses a button of a page twice.
fn twice(browser: &Browser, first: First, press: impl Fn(&Browser) -> Reply) -> [Reply; 2] {
    let one = match first {
        First::GivenUp => press(&browser.copied()),
        First::Read => press(browser),
    };
    [one, press(browser)]
}

/// Presses a button of a request's page twice.
fn twice_on(visit: &Visit, first: First, button: &str) -> [Visit; 2] {
    let press = |browser: &Browser| match button {
        "sign-in" => {
            let (name, password) = (&visit.person.username, &visit.person.password);
            let typed = [("username", name.as_str()), ("password", password.as_str())];
            browser.presses(&visit.page, button, &typed)
        }
        _ => browser.presses(&visit.page, button, &[]),
    };
    twice(&visit.person.browser, first, press).map(|page| Visit {
        page,
        ..visit.clone()
    })
}

/// Both answers carry a code of their own, and both are good; gives the scope of what comes of them.
fn both_are_good(visits: &[Visit; 2]) -> String {
    let [one, two] = visits;
    assert_ne!(one.code(), two.code());
    let (one, two) = (one.tokens(), two.tokens());
    for tokens in [&one, &two] {
        assert!(visits[0].program().finds_active(&tokens.access));
    }
    assert_eq!(one.claims()["sub"], two.claims()["sub"]);
    assert_eq!(one.scope, two.scope);
    two.scope
}

fn receipts(person: &Person) -> usize {
    let page = person.looks_at("/account/history");
    page.body.matches("class=\"row decision\"").count()
}

fn changes_password(browser: &Browser, page: &Reply, current: &str, new: &str) -> Reply {
    let typed = [("current_password", current), ("new_password", new)];
    browser.presses(page, "change-password", &typed)
}

const NEW: &str = "seven green bicycles";
const CHANGED: &str = "Your password is changed.";

in_both_worlds! {
    fn sign_in_pressed_twice_is_one_session_and_leads_on(w: &World) {
        let (market, taxi) = (w.mini_program("market", "openid"), w.mini_program("taxi", "openid profile.basic"));
        for first in BOTH {
            let ada = w.person(if first == First::Read { "ada" } else { "eve" });
            both_are_good(&twice_on(&ada.opens(&market), first, "sign-in"));
            assert_eq!(ada.sessions().len(), 1, "{first:?}");
            assert_eq!(ada.looks_at("/account").path, "/account", "{first:?}: the browser has its cookie");
            ada.signs_out();
            let [_, sheet] = twice_on(&ada.opens(&taxi), first, "sign-in");
            assert_eq!(sheet.at(), "/consent", "{first:?}: {}", sheet.says());
            assert_eq!(sheet.allows().at(), "program");
            assert_eq!(ada.sessions().len(), 1, "{first:?}");
        }
    }

    fn sign_in_pressed_twice_for_the_account_is_one_session(w: &World) {
        for first in BOTH {
            let ada = w.person(if first == First::Read { "ada" } else { "eve" });
            let page = ada.browser.get("/sign-in");
            let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
            let pages = twice(&ada.browser, first, |browser| browser.presses(&page, "sign-in", &typed));
            assert!(pages.iter().all(|page| page.path == "/account"), "{first:?}");
            assert_eq!(ada.sessions().len(), 1, "{first:?}");
            // Whoever signs in again within their session has the same one under a new cookie, once.
            let again = ada.sends(w.mini_program(&format!("m{}", ada.username), "openid").request().with("prompt", "login"));
            both_are_good(&twice_on(&again, first, "sign-in"));
            assert_eq!(ada.sessions().len(), 1, "{first:?}");
            assert_eq!(ada.looks_at("/account").path, "/account", "{first:?}");
        }
    }

    /// The page of a sign-in can be sent once more much later: that is a new sign-in, not the old one.
    fn a_sign_in_page_that_is_used_again_later_begins_a_new_session(w: &World) {
        let ada = w.person("ada");
        let page = ada.browser.get("/sign-in");
        ada.types_password(&page, "ada", &ada.password);
        let (cookie, session) = (ada.browser.session_cookie(), ada.sessions());
        ada.signs_out();
        assert_eq!(ada.types_password(&page, "ada", &ada.password).path, "/account");
        assert_ne!(ada.browser.session_cookie(), cookie, "not one that was ended");
        assert_ne!(ada.sessions(), session);
        let cookie = ada.browser.session_cookie();
        w.seconds_pass(61);
        assert_eq!(ada.types_password(&page, "ada", &ada.password).path, "/account");
        assert_ne!(ada.browser.session_cookie(), cookie, "and a minute later there is a new cookie");
        assert_eq!(ada.sessions().len(), 1);
    }

    /// Two windows, or a browser that lost its cookies: it has one session cookie, and so one session.
    fn a_second_sign_in_ends_what_this_browser_cannot_reach_any_more(w: &World) {
        let ada = w.person("ada");
        let elsewhere = ada.with_another_browser();
        elsewhere.signs_in();
        let page = ada.browser.get("/sign-in");
        for _ in 0..2 {
            // The answer to the first never came, and the second is from another window.
            assert_eq!(ada.with_browser(ada.browser.copied()).types_password(&page, "ada", &ada.password).path, "/account");
            let window = ada.browser.get("/sign-in");
            assert_eq!(ada.types_password(&window, "ada", &ada.password).path, "/account");
            assert_eq!(ada.sessions().len(), 2, "this one and the one elsewhere");
            ada.browser.jar().remove("portico_session");
            w.seconds_pass(61);
        }
        assert_eq!(elsewhere.looks_at("/account").path, "/account");
        let bob = w.person("bob").with_browser(ada.browser.clone());
        bob.signs_in();
        assert_eq!((bob.sessions().len(), elsewhere.sessions().len()), (1, 2), "of nobody else's");
    }

    fn continue_pressed_twice_leads_on(w: &World) {
        let (market, taxi) = (w.mini_program("market", "openid"), w.mini_program("taxi", "openid profile.basic"));
        let ada = w.person("ada");
        ada.signs_in();
        for first in BOTH {
            let chooser = ada.sends(market.request().with("prompt", "select_account"));
            assert_eq!(chooser.at(), "/choose-account");
            both_are_good(&twice_on(&chooser, first, "continue"));
            let chooser = ada.sends(taxi.request().with("prompt", "select_account consent"));
            let [_, sheet] = twice_on(&chooser, first, "continue");
            assert_eq!(sheet.at(), "/consent", "{first:?}: {}", sheet.says());
            assert_eq!(sheet.allows().at(), "program");
        }
    }

    fn allow_pressed_twice_decides_once_and_gives_a_code_each_time(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        for first in BOTH {
            let ada = w.person(if first == First::Read { "ada" } else { "eve" });
            let sheet = ada.opens(&market).signs_in();
            both_are_good(&twice_on(&sheet, first, "allow"));
            assert_eq!(receipts(&ada), 1, "{first:?}");
        }
    }

    fn allow_on_a_sensitive_page_answers_one_page(w: &World) {
        let bank = w.mini_program("bank", "openid kyc.status payment_methods");
        let ada = w.person("ada");
        ada.signs_in();
        for first in BOTH {
            let page = ada.sends(bank.request().with("prompt", "consent"));
            let [_, next] = twice_on(&page, first, "allow");
            assert_eq!(next.at(), "/consent", "{first:?}");
            assert_ne!(next.page.body, page.page.body, "{first:?}: it is the next page");
            assert!(next.says().contains("4242"), "{first:?}: {}", next.says());
            let scope = both_are_good(&twice_on(&next, first, "withhold"));
            assert_eq!(scope, "kyc.status openid", "{first:?}");
        }
    }

    fn not_now_pressed_twice_is_a_refusal_twice_and_stays_one(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        ada.signs_in();
        for first in BOTH {
            let sheet = ada.opens(&market);
            for visit in twice_on(&sheet, first, "deny") {
                assert_eq!(visit.error(), "access_denied", "{first:?}");
            }
            for visit in twice_on(&sheet, first, "allow") {
                assert_eq!(visit.error(), "access_denied", "{first:?}: what was refused is not allowed");
            }
            let page = ada.looks_at(&sheet.page.address);
            assert_eq!(page.delivered().expect("an answer").get("error"), "access_denied");
        }
        let chooser = ada.sends(market.request().with("prompt", "select_account"));
        for visit in twice_on(&chooser, First::Read, "cancel") {
            assert_eq!(visit.error(), "access_denied");
        }
        assert_eq!(chooser.presses("continue").error(), "access_denied");
        assert_eq!(receipts(&ada), 0, "nothing was agreed to");
    }

    fn not_now_after_allow_is_obeyed_and_stands(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let sheet = ada.opens(&market).signs_in();
        assert_eq!(sheet.clone().allows().at(), "program");
        assert_eq!(sheet.clone().denies().error(), "access_denied");
        assert_eq!(sheet.presses("allow").error(), "access_denied");
    }

    fn cancel_pressed_twice_is_a_refusal_twice(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for visit in twice_on(&ada.opens(&market), First::GivenUp, "cancel") {
            assert_eq!(visit.error(), "access_denied");
        }
        ada.signs_in();
        for visit in twice_on(&ada.sends(market.request().with("prompt", "login")), First::Read, "cancel") {
            assert_eq!(visit.error(), "access_denied");
        }
    }

    fn sign_out_pressed_twice_is_signed_out(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for first in BOTH {
            let hint = ada.uses(&market).id_token.expect("one");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", "https://market.example/bye")])
                .finish();
            let page = ada.looks_at(&format!("/end-session?{query}"));
            for reply in twice(&ada.browser, first, |browser| browser.presses(&page, "logout", &[])) {
                assert_eq!(reply.location(), Some("https://market.example/bye"), "{first:?}: {}", reply.words());
            }
            assert!(ada.browser.session_cookie().is_none(), "{first:?}");
            ada.signs_in();
            let page = ada.looks_at("/sign-out");
            for reply in twice(&ada.browser, first, |browser| browser.presses(&page, "logout", &[])) {
                assert!(reply.words().contains("You are signed out"), "{first:?}: {}", reply.words());
            }
            assert!(ada.looks_at(&page.address).words().contains("You are signed out"), "Back, within a minute");
            w.seconds_pass(61);
            let late = ada.browser.presses(&page, "logout", &[]);
            assert!(late.words().contains("You were not signed in"), "{first:?}: {}", late.words());
            assert!(ada.sessions().is_empty());
        }
    }

    fn leave_pressed_twice_leaves(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.uses(&market);
        let page = ada.looks_at(&format!("/end-session?client_id={}", market.id));
        for reply in twice(&ada.browser, First::Read, |browser| browser.presses(&page, "leave", &[])) {
            assert!(reply.words().contains("You left market"), "{}", reply.words());
        }
        assert_eq!(ada.sessions().len(), 1);
    }

    /// A form of before signs nobody out who came since: they are asked.
    fn a_sign_out_of_another_session_is_asked_again(w: &World) {
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        ada.signs_in();
        let page = ada.looks_at("/sign-out");
        ada.browser.presses(&page, "logout", &[]);
        let bob = Person { browser: ada.browser.clone(), ..bob };
        bob.signs_in();
        let asked = ada.browser.presses(&page, "logout", &[]);
        assert_eq!((asked.status, asked.path.as_str()), (200, "/sign-out"));
        assert_eq!(bob.sessions().len(), 1, "nothing has ended");
        assert!(ada.browser.presses(&asked, "logout", &[]).words().contains("You are signed out"));
        assert!(bob.sessions().is_empty());
    }

    fn change_password_pressed_twice_has_changed_it(w: &World) {
        let ada = w.person("ada");
        let there = ada.with_another_browser();
        there.signs_in();
        let there_page = there.looks_at("/account/password");
        let page = ada.signs_in().looks_at("/account/password");
        let change = |new: &str| changes_password(&ada.browser, &page, &ada.password, new).words();
        for _ in 0..2 {
            let said = change(NEW);
            assert!(said.contains(CHANGED), "{said}");
        }
        let said = change("nine yellow tramways");
        assert!(said.contains("The current password does not match."), "it is not what was changed to: {said}");
        let elsewhere = changes_password(&there.browser, &there_page, &ada.password, NEW);
        assert_eq!(elsewhere.path, "/sign-in", "the other session has ended");
        w.seconds_pass(61);
        let said = change(NEW);
        assert!(said.contains("The current password does not match."), "a minute later: {said}");
        ada.signs_out();
        let ada = Person { password: NEW.to_owned(), ..ada };
        ada.signs_in();
        let page = ada.looks_at("/account/password");
        let other = changes_password(&ada.browser, &page, "open sesame ada 27", NEW).words();
        assert!(other.contains("The current password does not match."), "another session changed it: {other}");
    }

    fn buttons_pressed_at_the_same_moment_all_get_true_answers(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid profile.basic"), w.mini_program("bank", "openid kyc.status"));
        let ada = w.person("ada");
        // Each press is of a browser that has not read the answer to any other.
        let press = |visit: &Visit, button: &str| {
            let presses = at_once(4, |_| twice_on(visit, First::GivenUp, button));
            presses.into_iter().flatten().collect::<Vec<_>>()
        };
        let sign_in = ada.opens(&market);
        let sheets = press(&sign_in, "sign-in");
        assert!(sheets.iter().all(|visit| visit.at() == "/consent"), "{:?}", sheets.iter().map(Visit::says).collect::<Vec<_>>());
        assert_eq!(ada.sessions().len(), 1);
        let codes: std::collections::BTreeSet<_> = press(&sheets[0], "allow").iter().map(Visit::code).collect();
        assert_eq!(codes.len(), 8, "each has its own");
        assert_eq!(receipts(&ada), 1);
        for code in &codes {
            assert_eq!(market.redeems(code).status, 200);
        }
        let chooser = ada.sends(bank.request().with("prompt", "select_account"));
        let pages = press(&chooser, "continue");
        assert!(pages.iter().all(|visit| visit.at() == "/consent"));
        let refused = press(&pages[0], "deny");
        assert!(refused.iter().all(|visit| visit.error() == "access_denied"));

        let page = ada.looks_at("/account/password");
        let changed = at_once(4, |_| changes_password(&ada.browser, &page, &ada.password, NEW).words());
        assert!(changed.iter().all(|said| said.contains(CHANGED)), "{changed:?}");
        let page = ada.looks_at("/sign-out");
        let out = at_once(4, |_| ada.browser.copied().presses(&page, "logout", &[]).words());
        assert!(out.iter().all(|said| said.contains("You are signed out")), "{out:?}");
    }
}
