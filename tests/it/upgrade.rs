//! From the first release to this one: nothing that was stored is lost, and every token, session and
//! grant of before still works. `upgrade/first_release.json` was recorded from that release itself;
//! every table has rows in it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::database::Database;
use crate::world::program::Tokens;
use crate::world::{on_postgres, on_sqlite};

mod first_release;

use first_release::{FirstRelease, Upgraded};

/// Makes two tests of each function, one per database that the first release left.
macro_rules! on_what_the_first_release_left {
    ($($(#[doc = $doc:expr])* fn $name:ident($first:ident: FirstRelease) $body:block)*) => {$(
        $(#[doc = $doc])*
        fn $name($first: FirstRelease) $body

        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                super::$name(FirstRelease::on(Database::sqlite()));
            }

            #[test]
            fn postgres() {
                if let Some(database) = Database::postgres() {
                    super::$name(FirstRelease::on(database));
                }
            }
        }
    )*};
}

/// The same, upgraded and served.
macro_rules! in_upgraded_worlds {
    ($($(#[doc = $doc:expr])* fn $name:ident($then:ident: &Upgraded) $body:block)*) => {$(
        $(#[doc = $doc])*
        fn $name($then: &Upgraded) $body

        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                on_sqlite(first_release::upgrade, |w| super::$name(&Upgraded::at(w)));
            }

            #[test]
            fn postgres() {
                on_postgres(first_release::upgrade, |w| super::$name(&Upgraded::at(w)));
            }
        }
    )*};
}

/// How many rows the tables have that this release added, after it took over what was there.
fn new_tables() -> BTreeMap<String, usize> {
    BTreeMap::new()
}

on_what_the_first_release_left! {
    fn every_row_is_still_there(first: FirstRelease) {
        let recorded = first_release::recorded_rows();
        assert!(recorded.values().all(|rows| *rows > 0), "{recorded:?}");
        assert_eq!(first.rows(), recorded, "as it was left");
        first.its_node_has_ended();
        first.database.open();
        let mut expected = recorded;
        expected.extend(new_tables());
        assert_eq!(first.rows(), expected);
    }
}

in_upgraded_worlds! {
    fn a_session_goes_on(then: &Upgraded) {
        let ada = then.person("ada");
        let page = ada.looks_at("/account");
        assert_eq!((page.status, page.path.as_str()), (200, "/account"), "{}", page.words());
        // What she allowed needs no question, and she is the same person to the program.
        let tokens = ada.opens(&then.program("market")).tokens();
        for claim in ["sub", "sid", "auth_time", "acr"] {
            assert_eq!(tokens.claims()[claim], then.of("ada", "market")[claim], "{claim}");
        }
        assert_eq!(tokens.claims()["amr"], json!(["pwd"]));
        assert_eq!(then.person("bo").looks_at("/account").path, "/sign-in", "he had signed out");
    }

    fn an_access_token_goes_on_or_stays_dead(then: &Upgraded) {
        for name in ["market", "app", "drone"] {
            let program = then.program(name);
            let (of_ada, of_bo) = (then.text("ada", name, "access"), then.text("bo", name, "access"));
            assert_eq!(program.userinfo(&of_ada).status, 200, "{name}");
            assert_eq!(program.userinfo(&of_ada).text("sub"), then.text("ada", name, "sub"));
            // Bo took his grant back from the market, and signed out of the rest but the drone, which
            // may go on without him.
            let expected = if name == "drone" { 200 } else { 401 };
            assert_eq!(program.userinfo(&of_bo).status, expected, "{name}");
        }
    }

    fn a_refresh_token_goes_on_or_stays_dead(then: &Upgraded) {
        for name in ["market", "drone"] {
            let program = then.program(name);
            let tokens = Tokens::of(&program.refreshes(&then.text("ada", name, "refresh")));
            for claim in ["sub", "sid", "auth_time", "acr"] {
                assert_eq!(tokens.claims()[claim], then.of("ada", name)[claim], "{name}: {claim}");
            }
        }
        assert_eq!(then.program("drone").refreshes(&then.text("bo", "drone", "refresh")).status, 200);
        for name in ["market", "app"] {
            let reply = then.program(name).refreshes(&then.text("bo", name, "refresh"));
            assert_eq!(reply.json()["error"], "invalid_grant", "{name}");
        }
    }

    // An honest retry comes within ten seconds, and this release does not start before those of the
    // first have been silent for longer.
    fn a_rotation_goes_on_and_the_token_of_before_is_known_as_used(then: &Upgraded) {
        let app = then.program("app");
        let answer = then.of("ada", "app_rotated");
        let next = Tokens::of(&app.refreshes(answer["refresh_token"].as_str().expect("a token")));
        assert_eq!(next.claims()["sid"], then.of("ada", "app")["sid"]);
        assert_eq!(app.refreshes(&then.text("ada", "app", "refresh")).status, 400);
        assert_eq!(app.userinfo(&next.access).status, 401);
    }

    fn a_code_is_still_redeemed_once(then: &Upgraded) {
        let market = then.program("market");
        let code = then.known("ada", "open_code");
        let tokens = Tokens::of(&market.redeems(&code));
        assert_eq!(tokens.claims()["sid"], then.of("ada", "market")["sid"]);
        then.world.seconds_pass(7200);
        assert_eq!(market.refreshes(tokens.refresh()).status, 200, "it lives as long as any");
        assert_eq!(market.redeems(&code).json()["error"], "invalid_grant");
        assert_eq!(market.refreshes(tokens.refresh()).status, 400, "its family has ended");
    }

    fn a_code_that_was_redeemed_before_is_known(then: &Upgraded) {
        let market = then.program("market");
        let tokens = then.of("ada", "of_redeemed_code");
        let access = tokens["access"].as_str().expect("a token");
        assert_eq!(market.userinfo(access).status, 200);
        assert_eq!(market.redeems(&then.known("ada", "redeemed_code")).status, 400);
        assert_eq!(market.userinfo(access).status, 401);
        assert_eq!(market.refreshes(tokens["refresh"].as_str().expect("a token")).status, 400);
    }

    fn an_old_id_token_still_says_who_asks_to_sign_out(then: &Upgraded) {
        let hint = then.text("ada", "market", "id_token");
        let bye = "https://market.example/bye";
        let path = format!("/end-session?id_token_hint={hint}&post_logout_redirect_uri={bye}");
        let ada = then.person("ada");
        let page = ada.looks_at(&path);
        assert_eq!(page.path, "/sign-out", "{}", page.words());
        let reply = ada.browser.presses(&page, "logout", &[]);
        assert_eq!(reply.location(), Some(bye));
        let market = then.program("market");
        assert_eq!(market.userinfo(&then.text("ada", "market", "access")).status, 401);
    }

    fn a_password_still_opens(then: &Upgraded) {
        let bo = then.person("bo");
        bo.signs_in();
        assert_eq!(bo.looks_at("/account").path, "/account");
    }
}
