//! Rows 20, 42, 59, 70, 71, 72, 96 where they meet the consent sheet of a host.

use serde_json::json;

use crate::world::at_once::at_once;
use crate::world::browser::filled;
use crate::world::host::{self, Launcher};
use crate::world::program::Program;
use crate::world::sheet::Sheet;
use crate::world::{World, in_both_worlds};

const ALL: &str = "openid phone.verified profile.basic";

fn sheet(w: &World, nova: &Launcher, program: &Program) -> Sheet {
    Sheet::of(w, &nova.token(program, &[("scope", ALL)]))
}

in_both_worlds! {
    fn attack_71_only_the_host_that_asked_frames_its_sheet(w: &World) {
        let market = host::program(w, "market", ALL);
        let other = json!({ "client_name": "Other", "redirect_uris": ["https://other.example/cb"],
            "interaction_return_uri": "https://other.example/back" });
        host::host_with(w, other);
        let framed = json!({ "origins": ["https://app.nova.example"] });
        let nova = Launcher::of(&host::host_with(w, framed), &w.person("ada"));
        let sheet = sheet(w, &nova, &market);
        let ancestors = "frame-ancestors https://app.nova.example https://nova.example;";
        let page = sheet.opens();
        for reply in [&page, &sheet.browser.presses(&page, "allow", &[]), &sheet.opens()] {
            assert_eq!(reply.header("x-frame-options"), None);
            if reply.status != 303 {
                let policy = reply.header("content-security-policy").expect("a policy");
                assert!(policy.contains(ancestors), "{policy}");
            }
        }
    }

    fn attack_42_a_sheet_ends_with_its_session(w: &World) {
        let market = host::program(w, "market", ALL);
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let (unopened, opened) = (sheet(w, &nova, &market), sheet(w, &nova, &market));
        let page = opened.opens();
        ada.signs_out();
        assert_eq!(unopened.result(&unopened.opens()), "ended");
        assert_eq!(opened.result(&opened.browser.presses(&page, "allow", &[])), "ended");
        let again = Launcher::of(&nova.host, &ada);
        assert_eq!(again.token(&market, &[("scope", ALL)]).error(), "400 consent_required", "nothing was decided");
        // A race of the two leaves a decision of a session that went on, or none.
        let raced = sheet(w, &again, &market);
        let page = raced.opens();
        let replies = at_once(2, |number| match number {
            0 => { ada.signs_out(); None }
            _ => Some(raced.browser.presses(&page, "allow", &[])),
        });
        let result = raced.result(replies.iter().flatten().next().expect("an answer"));
        assert!(["allowed", "ended"].contains(&result.as_str()), "{result}");
        let once_more = Launcher::of(&nova.host, &ada).token(&market, &[("scope", ALL)]);
        assert_eq!(once_more.status == 200, result == "allowed");
    }

    fn attack_59_72_what_is_gone_by_then_is_not_decided(w: &World) {
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let market = host::program(w, "market", ALL);
        let suspended = sheet(w, &nova, &market);
        let page = suspended.opens();
        market.is_suspended();
        assert_eq!(suspended.result(&suspended.browser.presses(&page, "allow", &[])), "ended");
        assert_eq!(suspended.result(&suspended.opens()), "ended");
        market.is_released();
        assert_eq!(suspended.opens().status, 200);
        // What the manifest lost since the page was shown is not given, however the form says it.
        let narrowed = sheet(w, &nova, &market);
        let page = narrowed.opens();
        market.changes(&json!({ "scope": "openid profile.basic" }));
        assert!(!narrowed.opens().body.contains("phone.verified"), "it is not asked any more");
        assert_eq!(narrowed.result(&narrowed.browser.presses(&page, "allow", &[])), "allowed");
        market.changes(&json!({ "scope": ALL }));
        assert_eq!(nova.token(&market, &[]).json()["scope"], "openid profile.basic");
        // Neither is what a person who is gone would have said.
        let taxi = host::program(w, "taxi", ALL);
        let left = sheet(w, &nova, &taxi);
        let page = left.opens();
        w.operator(w.administration().disable_user("ada"));
        assert_eq!(left.result(&left.browser.presses(&page, "allow", &[])), "ended");
    }

    fn attack_70_71_72_a_form_of_one_sheet_is_worth_nothing_at_another(w: &World) {
        let market = host::program(w, "market", ALL);
        let taxi = host::program(w, "taxi", ALL);
        let host = host::host(w);
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (of_ada, of_bob) = (Launcher::of(&host, &ada), Launcher::of(&host, &bob));
        let mine = sheet(w, &of_ada, &market);
        let (form, mut fields) = filled(&mine.opens(), "allow");
        let step_of = |sheet: &Sheet| {
            let (_, fields) = filled(&sheet.opens(), "allow");
            fields.into_iter().find(|(name, _)| name == "step").expect("a step").1
        };
        let by_redirect = filled(&ada.opens(&taxi).page, "allow").1;
        let by_redirect = by_redirect.into_iter().find(|(name, _)| name == "step").expect("a step").1;
        let others = [step_of(&sheet(w, &of_bob, &market)), step_of(&sheet(w, &of_ada, &taxi)), by_redirect, String::new()];
        for other in others {
            for field in fields.iter_mut().filter(|(name, _)| name == "step") {
                field.1.clone_from(&other);
            }
            assert_eq!(mine.browser.post(&form.action, &fields).status, 403);
        }
        assert_eq!(of_ada.token(&market, &[("scope", ALL)]).error(), "400 consent_required");
        // More than was shown is not allowed by a form that says so.
        let narrow = Sheet::of(w, &of_ada.token(&market, &[("scope", "openid profile.basic")]));
        let (form, mut fields) = filled(&narrow.opens(), "allow");
        fields.push(("scope".to_owned(), "phone.verified".to_owned()));
        assert_eq!(narrow.result(&narrow.browser.post(&form.action, &fields)), "allowed");
        assert_eq!(of_ada.token(&market, &[]).json()["scope"], "openid profile.basic");
    }

    fn attack_20_96_a_secret_of_another_kind_opens_nothing_and_neither_does_a_long_one(w: &World) {
        let market = host::program(w, "market", ALL);
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        let sheet = sheet(w, &nova, &market);
        let secret = sheet.path.split("sheet=").nth(1).expect("a secret").to_owned();
        assert!(secret.len() > 43, "256 bits: {secret}");
        let code = nova.hands_over(&market);
        let wrong = [String::new(), sheet.interaction.clone(), code.replacen("pl_", "pi_", 1), code,
            secret.replacen("pi_", "pc_", 1), "x".repeat(4_000), format!("{secret}x"), "%00".to_owned()];
        for wrong in &wrong {
            let gone = sheet.browser.get(&format!("/interaction?sheet={wrong}"));
            assert!([400, 410].contains(&gone.status), "{wrong}: {}", gone.status);
        }
        assert_eq!(sheet.browser.get("/interaction").status, 410);
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (form, fields) = filled(&sheet.opens(), "allow");
        let with = |more: Vec<(String, String)>| {
            let all = [fields.clone(), more].concat();
            sheet.browser.post(&form.action, &all).status
        };
        assert_eq!(with(vec![field("padding", &"x".repeat(2_000_000))]), 400);
        assert_eq!(with(vec![field("sheet", &secret)]), 410, "named twice");
        let other = vec![field("sheet", &secret), field("step", &"x".repeat(10_000)), field("decision", "allow")];
        assert_eq!(sheet.browser.post(&form.action, &other).status, 400);
        let other = vec![field("sheet", &secret), field("step", &"x".repeat(2_000)), field("decision", "allow")];
        assert_eq!(sheet.browser.post(&form.action, &other).status, 403);
        let as_other = [fields.iter().filter(|(name, _)| name != "decision").cloned().collect(), vec![field("decision", "other")]];
        assert_eq!(sheet.browser.post(&form.action, &as_other.concat()).status, 403);
        assert_eq!(sheet.result(&sheet.presses("allow")), "allowed", "none of it was in the way");
    }

    fn attack_71_of_many_presses_at_once_one_decides(w: &World) {
        let market = host::program(w, "market", ALL);
        let node = w.another_node();
        let host = host::host(w);
        for round in 0..3 {
            let ada = w.person(&format!("ada{round}"));
            let nova = Launcher::of(&host, &ada);
            let sheet = sheet(w, &nova, &market);
            let page = sheet.opens();
            let replies = at_once(8, |number| {
                let browser = if number % 2 == 0 { sheet.browser.clone() } else { sheet.browser.at(&node) };
                browser.presses(&page, "allow", &[])
            });
            for reply in &replies {
                assert!(reply.status == 410 || sheet.result(reply) == "allowed", "{reply:?}");
            }
            let history = ada.looks_at("/account/history").words();
            assert_eq!(history.matches("You shared with market").count(), 1, "{history}");
        }
    }

    fn attack_96_sheets_of_a_session_are_counted(w: &World) {
        let market = host::program(w, "market", ALL);
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        let first = sheet(w, &nova, &market);
        w.seconds_pass(1);
        let second = sheet(w, &nova, &market);
        w.seconds_pass(1);
        for _ in 0..29 {
            sheet(w, &nova, &market);
        }
        assert_eq!(first.opens().status, 410, "the oldest went");
        assert_eq!(second.opens().status, 200);
    }
}
