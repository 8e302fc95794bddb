//! Pages that somebody comes back to, or that lost their browser: where there is nothing more to decide,
//! true words lead on into the program.

use crate::world::browser::Browser;
use crate::world::in_both_worlds;
use crate::world::person::Person;
use crate::world::program::Program;
use crate::world::reply::Reply;

/// A page that leads nowhere any more: what it says, and where its way on leads.
fn stale(page: &Reply) -> (String, Option<String>) {
    assert_eq!(
        (page.status, page.delivered()),
        (400, None),
        "{}",
        page.words()
    );
    let words = page.words();
    assert!(!words.to_lowercase().contains("already"), "{words}");
    let links = crate::world::html::tags(&page.body).into_iter();
    let mut open = links.filter(|tag| tag.name == "a" && tag.get("id").as_deref() == Some("open"));
    (words, open.next().and_then(|link| link.get("href")))
}

in_both_worlds! {
    /// Only the same answer is the same press: who comes back and answers otherwise is not told that what
    /// they said before is what they say now.
    fn another_answer_is_not_the_same_press(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let ada = w.person("ada");
        let sheet = ada.opens(&market).signs_in();
        assert_eq!(sheet.clone().allows().at(), "program");
        let (words, way_on) = stale(&sheet.clone().allows_only(&["profile.basic"]).page);
        assert!(words.contains("Open market to go on."), "{words}");
        assert_eq!(way_on.as_deref(), Some("https://market.example/open"));
        assert_eq!(stale(&sheet.presses("other").page).1.as_deref(), Some("https://market.example/open"));
    }

    fn a_minute_later_a_page_is_over_and_leads_into_the_program(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let sign_in = ada.opens(&market);
        let sheet = sign_in.clone().signs_in();
        let code = sheet.clone().allows().code();
        w.seconds_pass(59);
        assert_ne!(sheet.clone().presses("allow").code(), code);
        w.seconds_pass(2);
        let late = [
            sheet.clone().presses("allow").page,
            sheet.clone().presses("deny").page,
            ada.looks_at(&sheet.page.address),
            ada.looks_at(&sign_in.page.address),
            sign_in.signs_in().page,
        ];
        for page in &late {
            let (words, way_on) = stale(page);
            assert!(words.contains("This page is not needed any more"), "{words}");
            assert_eq!(way_on.as_deref(), Some("https://market.example/open"));
        }
        market.is_suspended();
        let (words, way_on) = stale(&sheet.presses("allow").page);
        assert!(way_on.is_none() && !words.contains("market"), "nobody is led to a suspended program: {words}");
    }

    fn somebody_else_in_the_same_browser_gets_nothing_of_it(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let sheet = ada.opens(&market).signs_in();
        assert_eq!(sheet.clone().allows().at(), "program");
        ada.signs_out();
        stale(&ada.looks_at(&sheet.page.address));
        let bob = Person { browser: ada.browser.clone(), ..bob };
        bob.signs_in();
        stale(&sheet.clone().presses("allow").page);
        stale(&bob.looks_at(&sheet.page.address));
        assert!(!bob.looks_at("/account").words().contains("market"));
        // Nor does a form that waits count for whoever is signed in by then: they are asked themselves.
        let waits = bob.opens(&market);
        bob.signs_out();
        ada.signs_in();
        assert_eq!(waits.clone().presses("allow").at(), "program", "ada has agreed, and goes on as herself");
        assert_eq!(ada.sends(market.request().with("prompt", "none")).at(), "program");
        assert!(!bob.with_another_browser().signs_in().looks_at("/account").words().contains("market"));
    }

    fn what_was_taken_back_since_is_not_given_again(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let sheet = ada.opens(&market).signs_in();
        assert_eq!(sheet.clone().allows().at(), "program");
        ada.removes(&market);
        stale(&sheet.presses("allow").page);
        assert_eq!(ada.asked_silently(&market).get("error"), "consent_required");
    }

    fn a_page_without_its_cookies_says_so_and_leads_into_the_program(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let sign_in = ada.opens(&market);
        let sheet = sign_in.clone().signs_in();
        let open = Some("https://market.example/open".to_owned());
        let stranger = Browser::new(w);
        for page in [stranger.get(&sign_in.page.address), stranger.presses(&sheet.page, "allow", &[])] {
            let (words, way_on) = stale(&page);
            assert!(words.contains("Your browser sent no cookie"), "{words}");
            assert_eq!(way_on, open);
        }
        stranger.get("/sign-in");
        for page in [stranger.get(&sheet.page.address), stranger.presses(&sheet.page, "allow", &[])] {
            let (words, way_on) = stale(&page);
            assert!(words.contains("This page does not belong to this browser"), "{words}");
            assert_eq!(way_on, open);
        }
        let waits = ada.sends(market.request().with("prompt", "consent"));
        w.seconds_pass(1800);
        let (words, way_on) = stale(&waits.presses("allow").page);
        assert!(words.contains("This page was open for too long"), "{words}");
        assert_eq!(way_on, open);
        let (words, way_on) = stale(&ada.looks_at("/sign-in?step=nonsense"));
        assert!(words.contains("This address leads nowhere"), "{words}");
        assert_eq!(way_on, None, "there is no super app here");
    }

    /// Two windows of a browser that has not been here begin at the same moment: the cookie of one takes
    /// the place of the other's.
    fn two_windows_that_begin_at_the_same_moment_are_told_apart(w: &World) {
        let market = w.mini_program("market", "openid");
        let shop = w.client(serde_json::json!({ "client_name": "Shop", "initiate_login_uri": "https://shop.example/in" }));
        let ada = w.person("ada");
        let begun = |program: &Program| {
            let reply = Browser::new(w).send(w.http("GET", &program.request().path()));
            let set = reply.all("set-cookie")[0].split(';').next().expect("a pair").to_owned();
            (set, reply.location().expect("a page").to_owned())
        };
        let (_, at_shop) = begun(&shop);
        let (cookie, at_market) = begun(&market);
        let (name, value) = cookie.split_once('=').expect("a pair");
        ada.browser.jar().insert(name.to_owned(), value.to_owned());
        let (words, way_on) = stale(&ada.looks_at(&at_shop));
        assert!(words.contains("another tab took its place"), "{words}");
        let begins = format!("https://shop.example/in?iss={}", url::form_urlencoded::byte_serialize(w.issuer().as_bytes()).collect::<String>());
        assert_eq!(way_on, Some(begins));
        assert_eq!(ada.looks_at(&at_market).status, 200, "the other one works");
    }

    fn where_no_program_is_known_the_super_app_is_the_way_on(w: &World) {
        let home = "https://nova.example/";
        w.client(serde_json::json!({
            "portico:host": true, "client_name": "Nova", "client_uri": home, "redirect_uris": ["https://nova.example/cb"],
        }));
        for path in ["/sign-in?step=x", "/choose-account?step=x", "/consent?step=x", "/sign-out?step=x"] {
            let (words, way_on) = stale(&Browser::new(w).get(path));
            assert!(words.contains("Open Nova"), "{path}: {words}");
            assert_eq!(way_on.as_deref(), Some(home), "{path}");
        }
    }
}
