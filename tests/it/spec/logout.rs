//! RP-Initiated Logout 1.0: what leads back, what must not, who is asked.

use domain::lifetimes::Lifetimes;
use flow::administer::signing_keys::RotateWhen;
use foundation::clock::Span;
use protocol::client_metadata::SignatureAlgorithm;
use serde_json::json;

use crate::world::person::Person;
use crate::world::program::Program;
use crate::world::reply::Reply;
use crate::world::{World, in_both_worlds, jwt};

/// Where market ends its logouts.
const BYE: &str = "https://market.example/bye";

fn logs_out(person: &Person, parameters: &[(&str, &str)]) -> Reply {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    person.browser.get(&format!("/end-session?{query}"))
}

fn kid_of(token: &str) -> String {
    let header = jwt::header(token);
    header["kid"].as_str().expect("a kid").to_owned()
}

/// The keys rotate, and so much time passes that the old ones leave the JWKS.
fn keys_grow_old(w: &World) {
    let services = w.services();
    w.operator(w.signing_keys().rotate(RotateWhen::Now));
    w.passes(Lifetimes::ENDED_MEMORY);
    w.wait(services.signing_keys.rotate_by_age())
        .expect("no fault");
}

/// Whether signing out with this hint names the program, and what asking silently with it says.
fn said_to_hint(person: &Person, market: &Program, hint: &str) -> (bool, String) {
    let page = logs_out(
        person,
        &[("id_token_hint", hint), ("post_logout_redirect_uri", BYE)],
    );
    let silent = market
        .request()
        .with("prompt", "none")
        .with("id_token_hint", hint);
    let delivered = person.sends(silent).delivered();
    let error = delivered.get("error");
    let named = page.words().contains("Leave market only");
    (
        named,
        if error.is_empty() {
            "a code".into()
        } else {
            error.to_owned()
        },
    )
}

in_both_worlds! {
    fn with_a_hint_and_a_registered_uri_it_leads_back_with_only_state(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let hint = tokens.id_token.clone().expect("one");
        let uri = "https://market.example/bye";
        let page = logs_out(&ada, &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri), ("state", "a b&c")]);
        assert_eq!((page.status, page.path.as_str()), (200, "/sign-out"));
        assert!(market.finds_active(&tokens.access), "nothing ends before the person says so");
        let back = ada.browser.presses(&page, "logout", &[]);
        assert_eq!(back.location(), Some("https://market.example/bye?state=a+b%26c"));
        assert!(!market.finds_active(&tokens.access));
        assert_eq!(ada.asked_silently(&market).get("error"), "login_required");
        // Nobody is signed in any more: there is nothing to ask.
        let again = logs_out(&ada, &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]);
        assert_eq!(again.location(), Some(uri));
    }

    fn leave_it_ends_one_program_and_keeps_the_session(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let ada = w.person("ada");
        let (at_market, at_bank) = (ada.uses(&market), ada.uses(&bank));
        let page = logs_out(&ada, &[("id_token_hint", at_market.id_token.as_deref().expect("one"))]);
        assert!(page.words().contains("Leave market only"), "{}", page.words());
        let done = ada.browser.presses(&page, "leave", &[]);
        assert!(done.words().contains("You left market"), "{}", done.words());
        assert!(!market.finds_active(&at_market.access) && !market.finds_active(at_market.refresh()));
        assert!(bank.finds_active(&at_bank.access) && bank.finds_active(at_bank.refresh()));
        assert_eq!(ada.opens(&market).at(), "program", "the person is still signed in");
    }

    fn leaving_one_device_leaves_the_other_alone(w: &World) {
        let market = w.mini_program("market", "openid");
        let here = w.person("ada");
        let there = here.with_another_browser();
        let (held_here, held_there) = (here.uses(&market), there.uses(&market));
        let page = logs_out(&here, &[("client_id", &market.id)]);
        here.browser.presses(&page, "leave", &[]);
        assert!(!market.finds_active(&held_here.access) && market.finds_active(&held_there.access));
        there.signs_out();
        assert_eq!(here.looks_at("/account").path, "/account", "each browser has its own session");
    }

    fn a_person_may_stay(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let page = logs_out(&ada, &[("client_id", &market.id)]);
        assert_eq!(ada.browser.presses(&page, "stay", &[]).path, "/account");
        assert!(market.finds_active(&tokens.access));
    }

    fn without_a_redirect_it_ends_on_our_own_page(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for parameters in [&[][..], &[("state", "x")], &[("ui_locales", "en")], &[("logout_hint", "ada")]] {
            let tokens = ada.uses(&market);
            let page = logs_out(&ada, parameters);
            let done = ada.browser.presses(&page, "logout", &[]);
            assert_eq!((done.status, done.location()), (200, None));
            assert!(done.words().contains("You are signed out"), "{}", done.words());
            assert!(!market.finds_active(&tokens.access));
        }
        let nobody = logs_out(&ada, &[]);
        assert!(nobody.words().contains("You were not signed in"), "{}", nobody.words());
    }

    fn what_nothing_vouches_for_does_not_redirect(w: &World) {
        let market = w.mini_program("market", "openid");
        let bank = w.mini_program("bank", "openid");
        let ada = w.person("ada");
        let hint = ada.uses(&market).id_token.expect("one");
        let foreign = ada.uses(&bank).id_token.expect("one");
        let uri = "https://market.example/bye";
        let [header, claims, signature] = jwt::parts(&hint);
        let none = format!("{}.{claims}.", jwt::encoded(r#"{"alg":"none","typ":"JWT"}"#));
        let key = jwt::ClientKey::new("stranger");
        let forged = key.sign("ES256", &jwt::payload(&hint));
        let other = if signature.starts_with('A') { 'B' } else { 'A' };
        let broken = format!("{header}.{claims}.{other}{}", &signature[1..]);
        let swapped = format!("{header}.{}.{signature}", jwt::parts(&foreign)[1]);
        let access = ada.opens(&market).tokens().access;
        let with_uri = |hint: &str, uri: &str| logs_out(&ada, &[("id_token_hint", hint), ("post_logout_redirect_uri", uri)]);
        for (reply, what) in [
            (with_uri(&hint, "https://market.example/other"), "an unregistered URI"),
            (with_uri(&hint, "https://market.example/bye?x=1"), "an added query"),
            (with_uri(&hint, "https://market.example/bye/"), "an added slash"),
            (with_uri(&hint, "javascript:alert(1)"), "a script"),
            (with_uri(&foreign, uri), "another client's hint"),
            (with_uri(&none, uri), "alg none"),
            (with_uri(&forged, uri), "another key"),
            (with_uri(&broken, uri), "a broken signature"),
            (with_uri(&swapped, uri), "another payload"),
            (with_uri(&access, uri), "an access token"),
            (logs_out(&ada, &[("post_logout_redirect_uri", uri)]), "no hint"),
            (logs_out(&ada, &[("client_id", &bank.id), ("post_logout_redirect_uri", uri)]), "another client's id"),
            (logs_out(&ada, &[("client_id", "nobody"), ("post_logout_redirect_uri", uri)]), "an id of nobody"),
            (logs_out(&ada, &[("client_id", "<b>"), ("post_logout_redirect_uri", uri)]), "no id"),
            (logs_out(&ada, &[("client_id", &bank.id), ("id_token_hint", &hint)]), "two clients"),
            (logs_out(&ada, &[("client_id", &market.id), ("id_token_hint", &broken), ("post_logout_redirect_uri", uri)]), "a name for a broken hint"),
        ] {
            assert_eq!((reply.status, reply.path.as_str()), (200, "/sign-out"), "{what}: the person is asked");
            assert!(!reply.body.contains(r#"id="leave""#), "{what}: nobody is named");
            assert!(!reply.body.contains("market.example"), "{what}");
            let done = ada.browser.presses(&reply, "stay", &[]);
            assert_eq!(done.path, "/account", "{what}: and nothing has ended");
        }
    }

    /// Whatever is wrong with a program's request, the person wants to be signed out.
    fn a_flaw_of_the_program_keeps_nobody_signed_in(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for flawed in [
            &[("id_token_hint", "nonsense"), ("post_logout_redirect_uri", BYE)][..],
            &[("post_logout_redirect_uri", BYE)],
            &[("client_id", &market.id), ("post_logout_redirect_uri", "https://evil.example/bye")],
            &[("client_id", "nobody")],
        ] {
            let tokens = ada.uses(&market);
            let done = ada.browser.presses(&logs_out(&ada, flawed), "logout", &[]);
            assert_eq!((done.status, done.location()), (200, None), "{flawed:?}");
            assert!(done.words().contains("You are signed out"), "{}", done.words());
            assert!(!market.finds_active(&tokens.access), "{flawed:?}");
            let nobody = logs_out(&ada, flawed);
            assert_eq!((nobody.status, nobody.location()), (200, None), "{flawed:?}");
            assert!(!nobody.body.contains(".example"), "{flawed:?}");
        }
    }

    fn what_cannot_be_read_in_one_way_is_refused(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        let long = "x".repeat(4097);
        for unclear in [&[("state", "1"), ("state", "2")][..], &[("client_id", "a"), ("client_id", "b")], &[("state", &long)]] {
            assert_eq!(logs_out(&ada, unclear).status, 400);
        }
        assert_eq!(ada.looks_at("/account").path, "/account", "and nothing has ended");
    }

    /// "The most common use case for this parameter is to specify the Client Identifier when
    /// post_logout_redirect_uri is used but id_token_hint is not" (§2); it is no proof, so somebody has
    /// to say yes before anything leads back.
    fn a_program_that_only_names_itself_is_gone_back_to_when_the_person_says_so(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let named = [("client_id", market.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", "7")];
        for (button, remains) in [("leave", true), ("logout", false)] {
            ada.uses(&market);
            let page = logs_out(&ada, &named);
            assert_eq!((page.status, page.path.as_str()), (200, "/sign-out"));
            let back = ada.browser.presses(&page, button, &[]);
            assert_eq!(back.location(), Some("https://market.example/bye?state=7"));
            assert_eq!(!ada.sessions().is_empty(), remains, "{button}");
        }
        let nobody = logs_out(&ada, &named);
        assert_eq!((nobody.status, nobody.location()), (200, None), "nobody was asked");
        assert!(nobody.words().contains("You were not signed in"), "{}", nobody.words());
        assert!(nobody.body.contains(r#"id="back" href="https://market.example/bye?state=7""#), "{}", nobody.body);
    }

    /// Attack 48: whoever holds an old id_token must not be able to sign the person out.
    fn a_hint_is_no_proof(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let hint = ada.uses(&market).id_token.expect("one");
        bob.signs_in();
        let uri = "https://market.example/bye";
        for parameters in [
            vec![("id_token_hint", hint.as_str())],
            vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", uri)],
        ] {
            let page = logs_out(&bob, &parameters);
            assert_eq!(page.path, "/sign-out", "bob is asked, whoever the hint names");
        }
        let stranger = ada.with_another_browser();
        logs_out(&stranger, &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]);
        assert_eq!((ada.sessions().len(), bob.sessions().len()), (1, 1));
    }

    fn by_post_it_works_the_same(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let hint = ada.uses(&market).id_token.expect("one");
        let fields = [
            ("id_token_hint".to_owned(), hint),
            ("post_logout_redirect_uri".to_owned(), "https://market.example/bye".to_owned()),
        ];
        let page = ada.browser.post("/end-session", &fields);
        assert_eq!(page.path, "/sign-out");
        let back = ada.browser.presses(&page, "logout", &[]);
        assert_eq!(back.location(), Some("https://market.example/bye"));
    }

    fn signing_out_ends_every_program_at_once_but_not_offline_access(w: &World) {
        let programs: Vec<_> = ["market", "bank", "taxi"]
            .iter()
            .map(|name| w.mini_program(name, "openid"))
            .collect();
        let drone = w.mini_program_with("drone", "openid offline_access", json!({ "background_access": true }));
        let ada = w.person("ada");
        ada.signs_in();
        let held: Vec<_> = programs.iter().map(|program| ada.uses(program)).collect();
        let offline = ada.uses(&drone);
        ada.signs_out();
        for (program, tokens) in programs.iter().zip(&held) {
            assert!(!program.finds_active(&tokens.access) && !program.finds_active(tokens.refresh()));
        }
        assert!(drone.finds_active(offline.refresh()), "the person agreed to that");
    }

    /// "The OP SHOULD accept ID Tokens when the RP identified by the ID Token's aud claim and/or sid
    /// claim has a current session or had a recent session at the OP, even when the exp time has
    /// passed" (§2): the key that signed one may be gone before the session is.
    fn a_hint_outlives_the_key_that_signed_it(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let hint = ada.uses(&market).id_token.expect("one");
        keys_grow_old(w);
        assert!(!w.get("/jwks").body.contains(&kid_of(&hint)), "the key is published no more");
        assert_eq!(said_to_hint(&ada, &market, &hint), (true, "a code".into()));
        w.restart();
        assert_eq!(said_to_hint(&ada, &market, &hint), (true, "a code".into()));
        let page = logs_out(&ada, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]);
        assert_eq!(ada.browser.presses(&page, "logout", &[]).location(), Some(BYE));
        // No session that the key has seen is left after the longest life of one.
        w.passes(Span::days(91));
        w.wait(w.services().signing_keys.rotate_by_age()).expect("no fault");
        ada.uses(&market);
        assert_eq!(said_to_hint(&ada, &market, &hint), (false, "invalid_request".into()));
    }

    fn a_hint_of_a_revoked_key_is_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let old = ada.uses(&market).id_token.expect("one");
        keys_grow_old(w);
        let newer = ada.uses(&market).id_token.expect("one");
        assert_ne!(kid_of(&old), kid_of(&newer));
        for hint in [&old, &newer] {
            assert_eq!(said_to_hint(&ada, &market, hint), (true, "a code".into()));
            w.operator(w.signing_keys().revoke(&kid_of(hint)));
            assert_eq!(said_to_hint(&ada, &market, hint), (false, "invalid_request".into()));
        }
        w.restart();
        for hint in [&old, &newer] {
            assert_eq!(said_to_hint(&ada, &market, hint), (false, "invalid_request".into()));
        }
    }

    fn an_old_key_is_good_for_hints_and_for_nothing_else(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        // What somebody could sign who has got hold of the old key.
        let mut claims = jwt::payload(&tokens.access);
        claims["exp"] = json!(w.now().seconds() + 86_400);
        let old_keys = w.services().keys.current();
        let access = old_keys.sign(SignatureAlgorithm::ES256, "at+jwt", &claims).expect("signed");
        assert!(market.finds_active(&access), "the control: nothing else is wrong with it");
        keys_grow_old(w);
        assert!(!market.finds_active(&access));
        assert_eq!(market.userinfo(&access).status, 401);
        let page = logs_out(&ada, &[("id_token_hint", &access)]);
        assert!(!page.words().contains("market"), "an access token is no hint: {}", page.words());
    }
}
