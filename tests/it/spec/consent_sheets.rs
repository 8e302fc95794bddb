//! The consent sheet of a launch: what a host shows as its own when a program asks for something that the
//! person never decided about.

use flow::administer::audit::{AuditQuery, ShownEntry};
use serde_json::{Value, json};

use crate::world::host::{self, Launcher};
use crate::world::person::Person;
use crate::world::program::{Program, Tokens};
use crate::world::sheet::Sheet;
use crate::world::{World, in_both_worlds};

/// Ada in the super app.
fn ada_in_nova(w: &World) -> (Launcher, Person) {
    let ada = w.person("ada");
    (Launcher::of(&host::host(w), &ada), ada)
}

/// The sheet that a launch with these scopes names.
fn sheet(w: &World, nova: &Launcher, program: &Program, scope: &str) -> Sheet {
    Sheet::of(w, &nova.token(program, &[("scope", scope)]))
}

/// What an operator reads of decisions about a program.
fn decisions(w: &World, program: &Program) -> Vec<Value> {
    let about = AuditQuery {
        client: Some(program.id.clone()),
        action: Some("consent.decided".to_owned()),
        limit: 100,
        ..AuditQuery::default()
    };
    let page = w.operator(w.administration().audit(about));
    page.rows.iter().map(ShownEntry::to_json).collect()
}

const ALL: &str = "openid phone.verified profile.basic";

in_both_worlds! {
    fn a_host_shows_the_sheet_and_asks_again(w: &World) {
        let market = host::program(w, "market", ALL);
        let (nova, ada) = ada_in_nova(w);
        let sheet = sheet(w, &nova, &market, ALL);
        let page = sheet.opens();
        assert_eq!(page.status, 200);
        let words = page.words();
        for part in ["Share with market?", "ada of Harbour Street", "Allow", "Not now"] {
            assert!(words.contains(part), "{part}: {words}");
        }
        for way_out in ["Not you?", "/account", "password"] {
            assert!(!page.body.contains(way_out), "{way_out}: {}", page.body);
        }
        assert!(page.all("set-cookie").is_empty());
        let done = sheet.browser.presses(&page, "allow", &[]);
        assert_eq!((done.status, sheet.result(&done).as_str()), (303, "allowed"));
        assert!(done.all("set-cookie").is_empty() && sheet.browser.jar().is_empty());
        assert_eq!(nova.token(&market, &[("scope", ALL)]).json()["scope"], ALL);
        let history = ada.looks_at("/account/history").words();
        assert!(history.contains("You shared with market"), "{history}");
        let decided = decisions(w, &market);
        assert_eq!(decided.len(), 1);
        assert_eq!(decided[0]["detail"]["allowed"], "phone.verified profile.basic");
    }

    fn a_page_in_the_hosts_frame_tells_it(w: &World) {
        let market = host::program(w, "market", ALL);
        let (nova, _) = ada_in_nova(w);
        let asked = [("scope", ALL), ("interaction_mode", "web_message")];
        let sheet = Sheet::of(w, &nova.code(&market, &asked));
        let done = sheet.presses("allow");
        assert_eq!((done.status, sheet.result(&done).as_str()), (200, "allowed"));
        let policy = done.header("content-security-policy").expect("a policy");
        assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors https://nova.example;"), "{policy}");
        assert!(done.body.contains("https://nova.example/back?interaction="), "a link for a browser without scripts");
        let code = nova.code(&market, &asked).text("access_token");
        assert_eq!(Tokens::of(&market.redeems(&code)).scope, "openid phone.verified profile.basic");
        let wrong = nova.code(&market, &[("scope", ALL), ("interaction_mode", "popup")]);
        assert_eq!(wrong.error(), "400 invalid_request");
    }

    fn the_result_says_how_much_is_allowed(w: &World) {
        let (nova, _) = ada_in_nova(w);
        let (market, taxi) = (host::program(w, "market", ALL), host::program(w, "taxi", ALL));
        let some = sheet(w, &nova, &market, ALL);
        assert_eq!(some.result(&some.allows_only(&["profile.basic"])), "partial");
        assert_eq!(nova.token(&market, &[("scope", ALL)]).json()["scope"], "openid profile.basic");
        let none = sheet(w, &nova, &taxi, ALL);
        assert_eq!(none.result(&none.allows_only(&[])), "denied");
        assert_eq!(nova.token(&taxi, &[("scope", ALL)]).json()["scope"], "openid");
    }

    fn sensitive_scopes_have_pages_of_their_own(w: &World) {
        let bank = host::program(w, "bank", "openid profile.basic kyc.status payment_methods");
        let (nova, _) = ada_in_nova(w);
        let sheet = sheet(w, &nova, &bank, "openid profile.basic kyc.status payment_methods");
        let page = sheet.presses("allow");
        assert!(page.words().contains("Share the result of your identity check with bank?"), "{}", page.words());
        let page = sheet.browser.presses(&page, "withhold", &[]);
        assert!(page.words().contains("your payment methods"), "{}", page.words());
        let done = sheet.browser.presses(&page, "allow", &[]);
        assert_eq!(sheet.result(&done), "partial");
        assert_eq!(nova.token(&bank, &[]).json()["scope"], "openid payment_methods profile.basic");
    }

    fn not_now_is_remembered_for_the_session(w: &World) {
        let market = host::program(w, "market", ALL);
        let (nova, ada) = ada_in_nova(w);
        let later = sheet(w, &nova, &market, ALL);
        let another = sheet(w, &nova, &market, ALL);
        assert_eq!(later.result(&later.presses("deny")), "later");
        assert_eq!(another.result(&another.opens()), "later", "it was put off in another window");
        assert_eq!(nova.token(&market, &[("scope", ALL)]).json()["scope"], "openid", "what stands");
        assert!(decisions(w, &market).is_empty(), "nothing was decided");
        // After a tap the host may ask again; then it is decided, and Not now is over.
        let again = || nova.token(&market, &[("scope", ALL), ("prompt", "consent")]);
        let reopened = Sheet::of(w, &again());
        assert_eq!(reopened.result(&reopened.presses("deny")), "later");
        let reopened = Sheet::of(w, &again());
        assert_eq!(reopened.result(&reopened.allows_only(&["profile.basic"])), "partial");
        assert_eq!(again().json()["scope"], "openid profile.basic", "a refusal is no Not now: once a day");
        // Another session has put off nothing.
        let taxi = host::program(w, "taxi", "openid profile.basic");
        let asked = [("scope", "openid profile.basic")];
        let put_off = Sheet::of(w, &nova.token(&taxi, &asked));
        put_off.presses("deny");
        assert_eq!(nova.token(&taxi, &asked).status, 200);
        let phone = Launcher::of(&nova.host, &ada.with_another_browser());
        assert_eq!(phone.token(&taxi, &asked).error(), "400 consent_required");
    }

    fn a_draft_introduces_itself_to_its_testers_and_can_be_put_off(w: &World) {
        let more = json!({ "state": "draft", "testers": ["ada"], "launch_types": ["token"] });
        let draft = w.mini_program_with("draft", "openid", more);
        let (nova, ada) = ada_in_nova(w);
        let asked = [("scope", "openid")];
        let first = Sheet::of(w, &nova.token(&draft, &asked));
        assert_eq!(first.result(&first.presses("deny")), "later");
        assert!(!ada.looks_at("/account").words().contains("draft"), "nothing came of it");
        assert_eq!(nova.token(&draft, &asked).status, 200);
        let second = Launcher::of(&nova.host, &ada.with_another_browser());
        let again = second.token(&draft, &[("scope", "openid"), ("prompt", "consent")]);
        assert_eq!(again.status, 200, "it is known by then");
    }

    fn the_host_chooses_the_language(w: &World) {
        let market = host::program(w, "market", ALL);
        let (nova, ada) = ada_in_nova(w);
        let asked = |locales: &str| {
            let asked = [("scope", ALL), ("ui_locales", locales)];
            Sheet::of(w, &nova.token(&market, &asked)).opens()
        };
        assert_eq!(asked("xx ru").language(), "ru ltr");
        assert_eq!(asked("").language(), "en ltr");
        ada.chooses_language("ru");
        assert_eq!(asked("").language(), "ru ltr", "else the person's own");
        assert_eq!(asked("en").language(), "en ltr");
        assert!(asked("ru").all("set-cookie").is_empty());
    }

    fn it_waits_five_minutes_to_be_opened_and_fifteen_once_it_is(w: &World) {
        let market = host::program(w, "market", ALL);
        let (nova, _) = ada_in_nova(w);
        let unopened = sheet(w, &nova, &market, ALL);
        let opened = sheet(w, &nova, &market, ALL);
        let page = opened.opens();
        w.seconds_pass(300);
        assert_eq!(unopened.result(&unopened.opens()), "expired");
        w.seconds_pass(599);
        let still = opened.opens();
        assert_eq!(still.status, 200, "opening it again is no new beginning");
        w.seconds_pass(1);
        assert_eq!(opened.result(&opened.browser.presses(&page, "allow", &[])), "expired");
        assert!(decisions(w, &market).is_empty());
        w.passes(foundation::clock::Span::hours(1));
        w.seconds_pass(1);
        w.wait(w.services().upkeep.sweep()).expect("it sweeps");
        assert_eq!(opened.opens().status, 410, "it is forgotten");
    }

    fn what_is_pressed_twice_says_the_same_and_later_nothing(w: &World) {
        let market = host::program(w, "market", ALL);
        let (nova, _) = ada_in_nova(w);
        let sheet = sheet(w, &nova, &market, ALL);
        let page = sheet.opens();
        let press = |button: &str| sheet.browser.presses(&page, button, &[]);
        assert_eq!(sheet.result(&press("allow")), "allowed");
        assert_eq!(sheet.result(&press("allow")), "allowed");
        assert_eq!(press("deny").status, 410, "it says something else");
        let closed = sheet.opens();
        assert_eq!(closed.status, 410);
        assert!(closed.words().contains("This question is closed"), "{}", closed.words());
        assert!(!closed.body.contains("/account"), "{}", closed.body);
        w.seconds_pass(61);
        assert_eq!(press("allow").status, 410);
        assert_eq!(decisions(w, &market).len(), 1);
    }

    fn without_a_place_to_hear_of_it_there_is_no_sheet(w: &World) {
        let market = host::program(w, "market", ALL);
        let silent = host::host_with(w, json!({ "application_type": "native", "interaction_return_uri": "com.example.nova:/back" }));
        let nova = Launcher::of(&silent, &w.person("ada"));
        let refused = nova.token(&market, &[("scope", ALL), ("interaction_mode", "web_message")]);
        assert_eq!(refused.error(), "400 consent_required");
        assert_eq!(refused.json().get("interaction_uri"), None, "an app's own scheme has no origin");
        let sheet = sheet(w, &nova, &market, ALL);
        let done = sheet.presses("allow");
        let location = done.location().expect("a redirect");
        assert_eq!(location, format!("com.example.nova:/back?interaction={}&result=allowed", sheet.interaction));
    }

    fn a_program_that_says_something_else_by_then_is_shown_again(w: &World) {
        let market = host::program(w, "market", ALL);
        let (nova, _) = ada_in_nova(w);
        let sheet = sheet(w, &nova, &market, ALL);
        let page = sheet.opens();
        market.changes(&json!({ "scope_purposes": { "phone.verified": { "en": "To call you." } } }));
        let again = sheet.browser.presses(&page, "allow", &[]);
        assert!(again.words().contains("To call you."), "{}", again.words());
        assert!(decisions(w, &market).is_empty());
        assert_eq!(sheet.result(&sheet.browser.presses(&again, "allow", &[])), "allowed");
    }
}
