//! Rows 44 to 47, 70 to 75: forged, framed and stolen pages; names with markup.

use serde_json::json;

use crate::world::browser::{Browser, filled, form_body};
use crate::world::in_both_worlds;

in_both_worlds! {
    fn attack_45_70_a_step_works_in_the_browser_it_was_made_for(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let (ada, mallory) = (w.person("ada"), w.person("mallory"));
        ada.signs_in();
        // Mallory begins, and has ada finish: neither page opens in ada's browser.
        let begun = mallory.opens(&market);
        let (form, fields) = filled(&begun.page, "sign-in");
        let step = fields.iter().find(|(n, _)| n == "step").expect("a step").1.clone();
        let at_ada = ada.browser.get(&format!("/sign-in?step={step}"));
        assert_eq!(at_ada.status, 400, "{}", at_ada.words());
        let posted = ada.browser.post(&form.action, &fields);
        assert_eq!((posted.status, posted.delivered()), (400, None));
        let sheet = begun.signs_in();
        let (form, fields) = filled(&sheet.page, "allow");
        let posted = ada.browser.post(&form.action, &fields);
        assert_eq!((posted.status, posted.delivered()), (400, None), "{}", posted.words());
        assert!(!ada.looks_at("/account").words().contains("market"), "ada agreed to nothing");
        assert_eq!(sheet.allows().at(), "program", "and mallory's own goes on");
    }

    fn attack_71_a_form_without_its_token_decides_nothing(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let sheet = ada.sends(market.request().with("prompt", "consent"));
        let (form, fields) = filled(&sheet.page, "allow");
        for wrong in ["", "x", "a.b", &"y".repeat(500)] {
            let forged: Vec<_> = fields
                .iter()
                .map(|(n, v)| (n.clone(), if n == "step" { wrong.to_owned() } else { v.clone() }))
                .collect();
            let reply = ada.browser.post(&form.action, &forged);
            assert_eq!((reply.status, reply.delivered()), (400, None));
        }
        let no_button: Vec<_> = fields.iter().filter(|(n, _)| n != "decision").cloned().collect();
        assert_eq!(ada.browser.post(&form.action, &no_button).status, 403);
        let code = sheet.clone().presses("allow").code();
        assert_ne!(sheet.clone().presses("allow").code(), code, "a button pressed twice");
        w.seconds_pass(61);
        let late = sheet.presses("allow");
        assert_eq!((late.page.status, late.page.delivered()), (400, None), "a form sent once more");

        for (path, fields) in [
            ("/account", vec![("revoke", market.id.clone())]),
            ("/account", vec![("revoke", market.id.clone()), ("csrf", "x".into())]),
            ("/account", vec![("take_back", format!("{} profile.basic", market.id)), ("csrf", String::new())]),
            ("/account/sessions", vec![("end", ada.sessions()[0].clone())]),
            ("/account/sessions", vec![("end_others", "yes".into()), ("csrf", "x".into())]),
            ("/account/password", vec![("current_password", ada.password.clone()), ("new_password", "seven green bicycles".into())]),
            ("/sign-out", vec![("decision", "logout".into())]),
        ] {
            let fields: Vec<_> = fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            let reply = ada.browser.post(path, &fields);
            assert!([400, 403].contains(&reply.status), "{path} {fields:?}: {}", reply.status);
        }
        assert!(market.finds_active(&tokens.access));
        assert_eq!(ada.looks_at("/account").path, "/account");
    }

    fn attack_71_another_persons_form_token_is_worth_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, mallory) = (w.person("ada"), w.person("mallory"));
        let tokens = ada.uses(&market);
        mallory.uses(&market);
        let page = mallory.looks_at("/account");
        let (form, fields) = filled(&page, &format!("revoke-{}", market.id));
        assert_eq!(ada.browser.post(&form.action, &fields).status, 403);
        assert!(market.finds_active(&tokens.access));
    }

    fn attack_71_only_a_host_may_frame_and_only_a_programs_pages(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let shop = w.client(json!({}));
        let ada = w.person("ada");
        let ancestors = |page: &crate::world::reply::Reply| {
            let csp = page.header("content-security-policy").expect("a policy").to_owned();
            let rule = csp.split(';').map(str::trim).find(|rule| rule.starts_with("frame-ancestors"));
            rule.expect("a rule").to_owned()
        };
        let pages = [
            ada.opens(&market).page,
            ada.opens(&market).signs_in().page,
            ada.looks_at("/account"),
            ada.looks_at("/account/password"),
            ada.looks_at("/sign-out"),
            ada.looks_at("/nowhere"),
            ada.opens(&shop).page,
        ];
        for page in &pages {
            assert_eq!(ancestors(page), "frame-ancestors 'none'", "{}", page.path);
        }
        w.client(json!({ "portico:host": true, "client_name": "Nova", "redirect_uris": ["https://nova.example/cb"] }));
        assert_eq!(ancestors(&ada.opens(&market).page), "frame-ancestors https://nova.example");
        for page in [ada.looks_at("/account"), ada.opens(&shop).page, ada.looks_at("/sign-out")] {
            assert_eq!(ancestors(&page), "frame-ancestors 'none'", "{}", page.path);
        }
    }

    /// The page takes the place of the consent page, in the super app's frame.
    fn attack_71_the_page_that_posts_an_answer_is_framed_as_those_before_it(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let shop = w.client(json!({}));
        w.client(json!({ "portico:host": true, "client_name": "Nova", "redirect_uris": ["https://nova.example/cb"] }));
        let ada = w.person("ada");
        ada.signs_in();
        let posted = |program: &crate::world::program::Program| program.request().with("response_mode", "form_post");
        let ancestors = |visit: crate::world::visit::Visit| {
            assert_eq!(visit.at(), "program", "{}", visit.says());
            let csp = visit.page.header("content-security-policy").expect("a policy");
            csp.split(';').map(str::trim).find(|rule| rule.starts_with("frame-ancestors")).map(str::to_owned)
        };
        let hosts = Some("frame-ancestors https://nova.example".to_owned());
        assert_eq!(ancestors(ada.sends(posted(&market)).denies()), hosts);
        assert_eq!(ancestors(ada.sends(posted(&market)).allows()), hosts);
        assert_eq!(ancestors(ada.sends(posted(&market))), hosts, "with remembered consent");
        assert_eq!(ancestors(ada.sends(posted(&market).with("scope", "email"))), hosts, "an early error");
        let nobody = Some("frame-ancestors 'none'".to_owned());
        assert_eq!(ancestors(ada.sends(posted(&shop)).allows()), nobody);
    }

    fn attack_72_remembered_consent_covers_only_what_was_shown(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified kyc.status");
        let ada = w.person("ada");
        ada.uses(&market.asking("openid profile.basic"));
        for more in ["openid profile.basic phone.verified", "openid kyc.status"] {
            let silent = market.asking(more).request().with("prompt", "none");
            assert_eq!(ada.sends(silent).error(), "consent_required", "{more}");
        }
    }

    fn attack_75_markup_in_names_is_text(w: &World) {
        let markup = "<img src=x onerror=alert(1)>\"'&";
        let purposes = json!({ "profile.basic": { "en": "</p><script>alert(2)</script>" } });
        let publisher = w.new_publisher("<b>Bold</b> Goods");
        let market = w.mini_program_with("market", "openid profile.basic", json!({
            "client_name": markup, "publisher": publisher, "scope_purposes": purposes,
        }));
        let mut profile = crate::world::person::profile("ada");
        profile["name"] = json!("<script>alert(3)</script> Ada");
        profile["nickname"] = json!("\"><svg onload=alert(4)>");
        let ada = crate::world::person::Person::with_profile(w, "ada", profile);
        let mut pages = Vec::new();
        let visit = ada.sends(market.request().with("login_hint", "\"><script>alert(5)</script>"));
        pages.push(visit.page.clone());
        pages.push(ada.types_password(&visit.page, "\"><script>alert(6)</script>", "x"));
        let visit = visit.signs_in();
        pages.push(visit.page.clone());
        let tokens = visit.allows().tokens();
        pages.push(ada.looks_at("/account"));
        pages.push(ada.looks_at("/account/history"));
        pages.push(ada.looks_at(&format!("/end-session?client_id={}", market.id)));
        pages.push(ada.sends(market.request().with("redirect_uri", "https://evil.example/<script>")).page);
        for page in &pages {
            for tag in crate::world::html::tags(&page.body) {
                assert!(!["script", "svg", "b"].contains(&tag.name), "{}", page.path);
                assert!(tag.get("onerror").is_none() && tag.get("onload").is_none(), "{}", page.path);
                assert!(tag.name != "img" || tag.get("src").is_some_and(|src| src != "x"), "{}", page.path);
            }
        }
        assert!(pages[2].words().contains(markup), "{}", pages[2].words());
        assert_eq!(market.userinfo(&tokens.access).json()["name"], "<script>alert(3)</script> Ada", "data stays data");
        let rtl = json!({ "client_name": "safe\u{202E}evil", "redirect_uris": ["https://a.example/cb"] });
        assert!(w.wait(w.administration().add_client(&rtl)).expect("no fault").is_err(), "direction overrides are refused");
    }

    /// A cookie set from a parent domain must not hide the real one.
    /// "A request that carries two session cookies is refused": who can set a cookie for a parent
    /// domain could hide the real one behind theirs. Wherever the second stands, no page is shown,
    /// no form is read and no program hears anything.
    fn two_session_cookies_are_refused(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let own = format!("portico_session={}", ada.browser.session_cookie().expect("signed in"));
        let planted = "portico_session=ps_other".to_owned();
        let silently = market.request().with("prompt", "none").path();
        for cookies in [
            vec![format!("{own}; {planted}")],
            vec![format!("{planted}; {own}")],
            vec![format!("{own};{own}")],
            vec![own.clone(), planted.clone()],
        ] {
            for (method, path) in [
                ("GET", "/"),
                ("GET", "/account"),
                ("GET", "/account/sessions"),
                ("POST", "/account"),
                ("GET", "/sign-in"),
                ("POST", "/sign-in"),
                ("POST", "/consent"),
                ("GET", "/sign-out"),
                ("GET", "/end-session"),
                ("GET", market.request().path().as_str()),
                ("GET", silently.as_str()),
                ("POST", "/authorize"),
            ] {
                let mut request = form_body(w.http(method, path), &[]);
                for cookie in &cookies {
                    request = request.header("cookie", cookie);
                }
                let reply = w.send(request);
                assert_eq!((reply.status, reply.location()), (400, None), "{method} {path}");
                let says = reply.words();
                assert!(says.contains("two cookies of the same name"), "{method} {path}: {says}");
                assert_eq!(reply.header("set-cookie"), None, "{method} {path}");
            }
        }
        assert_eq!(ada.opens(&market).at(), "program", "her own browser goes on");
    }

    fn attack_74_103_nothing_of_a_request_is_in_cookies_or_page_addresses(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let request = market.request().with("login_hint", "somebody-special");
        let reply = ada.browser.send(w.http("GET", &request.path()));
        let location = reply.location().expect("to a page").to_owned();
        let cookies: Vec<String> = reply.all("set-cookie").iter().map(ToString::to_string).collect();
        for value in ["state", "nonce", "redirect_uri", "login_hint", "code_challenge", "client_id"] {
            let value = request.get(value);
            assert!(!location.contains(value) && cookies.iter().all(|c| !c.contains(value)), "{value}");
        }
        for cookie in &cookies {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    }

    /// A button may be pressed twice by the fingers that pressed it, in the browser where they did. The same
    /// post from anywhere else gets nothing, at once or later.
    fn a_post_that_comes_again_from_elsewhere_gets_nothing(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let (ada, mallory) = (w.person("ada"), w.person("mallory"));
        let typed = [("username", "ada"), ("password", ada.password.as_str())];
        let sign_in = ada.opens(&market);
        let sheet = sign_in.clone().signs_in();
        let chooser = ada.sends(market.request().with("prompt", "select_account"));
        let refused = ada.sends(market.request().with("prompt", "consent"));
        assert_eq!(sheet.clone().presses("allow").at(), "program");
        assert_eq!(chooser.clone().presses("continue").at(), "program");
        assert_eq!(refused.clone().presses("deny").error(), "access_denied");

        let thief = |kept: &str| {
            let thief = ada.browser.copied();
            thief.jar().retain(|name, _| name == kept);
            assert_eq!(thief.jar().len(), 1, "{kept}");
            thief
        };
        let elsewhere = ada.with_another_browser();
        elsewhere.signs_in();
        mallory.signs_in();
        let all = [
            ("no cookies", Browser::new(w)),
            ("somebody else", mallory.browser.clone()),
            ("the same person in another browser", elsewhere.browser.clone()),
            ("the cookie of the session alone", thief("portico_session")),
            ("the cookie of the pages alone", thief("portico_step")),
        ];
        for (who, browser) in &all {
            for (visit, button) in [(&sheet, "allow"), (&chooser, "continue"), (&refused, "deny")] {
                let reply = browser.presses(&visit.page, button, &[]);
                match reply.delivered() {
                    None => assert_eq!(reply.status, 400, "{who}, {button}: {}", reply.words()),
                    // That somebody said no is no secret in the browser where they did.
                    Some(told) => assert_eq!(
                        (*who, told.get("code"), told.get("error")),
                        ("the cookie of the pages alone", "", "access_denied"),
                        "{button}"
                    ),
                }
            }
        }
        for (who, browser) in &all[..3] {
            let before = browser.session_cookie();
            let reply = browser.presses(&sign_in.page, "sign-in", &typed);
            assert_eq!((reply.status, reply.delivered()), (400, None), "{who}");
            assert_eq!(browser.session_cookie(), before, "{who}");
        }
        w.seconds_pass(61);
        for (visit, button) in [(&sheet, "allow"), (&chooser, "continue"), (&refused, "deny")] {
            let late = visit.clone().presses(button).page;
            assert_eq!((late.status, late.delivered()), (400, None), "{button}: {}", late.words());
        }
        assert_eq!(ada.sessions().len(), 2, "the two that she began");
    }

    /// A sign-in form that another site posts signs nobody in: it has no step of this browser.
    fn a_sign_in_cannot_be_forged(w: &World) {
        let (ada, mallory) = (w.person("ada"), w.person("mallory"));
        let page = mallory.browser.get("/sign-in");
        let (form, mut fields) = filled(&page, "sign-in");
        fields.retain(|(n, _)| n == "step");
        fields.push(("username".into(), "mallory".into()));
        fields.push(("password".into(), mallory.password.clone()));
        for browser in [Browser::new(w), ada.signs_in().browser.clone()] {
            let reply = browser.send(form_body(w.http("POST", &form.action), &fields));
            assert_eq!((reply.status, reply.location()), (400, None));
        }
        assert!(mallory.sessions().is_empty());
    }
}
