//! From the first release to this one: nothing that was stored is lost, and every token, session and
//! grant of before still works. `upgrade/first_release.json` was recorded from that release itself;
//! every table has rows in it.

use std::collections::BTreeMap;

use foundation::clock::Span;
use foundation::id::Position;
use serde_json::json;
use store::SchemaState;

use crate::database::Database;
use crate::world::program::Tokens;
use crate::world::{on_postgres, on_sqlite};

pub(crate) mod first_release;

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

/// How many rows the tables have that this release added, after it took over what was there: the code
/// of each family, each program that got tokens in a session, and the first history of the log.
fn new_tables() -> BTreeMap<String, usize> {
    let (families, participants) = first_release::codes_and_participants();
    assert!(
        participants < families,
        "some codes were not redeemed, some by one program twice"
    );
    let rows = [
        ("announcements", 0),
        ("deliveries", 0),
        ("node_streams", 0),
        ("destinations", 0),
        ("histories", 1),
        ("one_time_credentials", families),
        ("participants", participants),
        ("consent_sheets", 0),
        ("postponements", 0),
        ("web_sessions", 0),
    ];
    rows.map(|(table, rows)| (table.to_owned(), rows)).into()
}

on_what_the_first_release_left! {
    fn every_row_is_still_there(first: FirstRelease) {
        let recorded = first_release::recorded_rows();
        assert!(recorded.values().all(|rows| *rows > 0), "{recorded:?}");
        assert_eq!(first.rows(), recorded, "as it was left");
        first.its_node_has_ended();
        let store = first.store_at(first_release::recorded_at());
        store.migrate().expect("it is upgraded");
        let mut expected = recorded;
        expected.extend(new_tables());
        assert_eq!(first.rows(), expected);
    }

    fn nothing_is_migrated_while_a_node_of_the_first_release_serves(first: FirstRelease) {
        let before = first.rows();
        let since = first_release::recorded_at();
        for silent in [Span::seconds(0), Span::seconds(30), Span::hours(-2)] {
            let fault = first.store_at(since + silent).migrate().expect_err("it serves");
            assert_eq!(
                fault.chain(),
                "the database cannot be used: a server of the first release is running on it, and \
                 cannot go on beside this one; stop all of them and try again (one that was killed \
                 counts as gone 30 seconds later)"
            );
        }
        assert_eq!(first.rows(), before);
        let store = first.store_at(since + Span::seconds(31));
        assert_eq!(store.schema().expect("it answers"), SchemaState::Older);
        store.migrate().expect("it is gone");
        assert_eq!(store.schema().expect("it answers"), SchemaState::Current);
        // Nodes of this release do not keep each other from starting.
        first.store_at(since).migrate().expect("there is nothing to do");
    }
}

/// SQLite migrates with foreign keys off, and looks itself whether all lead somewhere.
#[test]
fn a_row_whose_parent_is_missing_stops_the_migration() {
    let first = FirstRelease::on(Database::sqlite());
    first.its_node_has_ended();
    let mut beside = first.database.beside();
    beside.run("PRAGMA foreign_keys = OFF; DELETE FROM token_families WHERE ended_at IS NULL");
    let before = first.rows();
    let store = first.store_at(first_release::recorded_at());
    let fault = store.migrate().expect_err("refresh tokens lead nowhere");
    assert_eq!(
        fault.chain(),
        "the database cannot be used: a row of refresh_tokens refers to one of token_families that \
         is not there"
    );
    assert_eq!(first.rows(), before);
    assert_eq!(store.schema().expect("it answers"), SchemaState::Older);
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

    fn whoever_took_part_in_a_session_is_known_by_the_sid_of_before(then: &Upgraded) {
        let (of_ada, of_bo) = (then.sids("ada"), then.sids("bo"));
        let sid = |who: &str, name: &str| (then.program(name).id, then.text(who, name, "sid"));
        let all = |who: &str| ["market", "app", "drone"].map(|name| sid(who, name)).into();
        assert_eq!(of_ada, all("ada"));
        assert_eq!(of_bo, all("bo"), "also of one that has ended");
    }

    fn a_sid_stays_when_the_secret_changes_that_it_was_derived_with(then: &Upgraded) {
        then.gets_a_new_pairwise_secret();
        let market = then.program("market");
        let ada = then.person("ada");
        let again = ada.opens(&market).tokens();
        let refreshed = Tokens::of(&market.refreshes(&then.text("ada", "market", "refresh")));
        for tokens in [again, refreshed] {
            assert_eq!(tokens.claims()["sid"], then.of("ada", "market")["sid"]);
            assert_eq!(tokens.claims()["sub"], then.of("ada", "market")["sub"]);
        }
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

    /// The table of `docs/architecture.md`: what grows goes, and nothing else does.
    fn what_grows_is_swept(then: &Upgraded) {
        let (acts, market) = (then.world.administration(), then.program("market").id);
        then.world.operator(acts.add_client_secret(&market));
        then.world.operator(acts.retire_client_secret(&market, None));
        let services = then.world.services();
        let killed = services.upkeep.new_node_id();
        then.world.wait(services.upkeep.heartbeat(killed, Position(1))).expect("it lives");
        let mut left = first_release::recorded_rows();
        let ended_grants = first_release::count_where("grants", "ended_at");
        left.insert("grants".to_owned(), left["grants"] - ended_grants);
        for over in [
            "sign_in_throttles", "known_browsers", "used_jti", "sessions", "interactions", "refusals",
            "token_families", "refresh_tokens", "audit",
        ] {
            left.insert(over.to_owned(), 0);
        }
        // The last one says how far the log is.
        left.insert("events".to_owned(), 1);
        left.extend(new_tables().into_keys().map(|table| (table, 0)));
        left.insert("histories".to_owned(), 1);
        for _ in 0..2 {
            then.world.passes(Span::days(3 * 365));
            let services = then.world.services();
            then.world.wait(services.upkeep.expire_sessions()).expect("sessions end");
            then.world.wait(services.upkeep.sweep()).expect("it is swept");
        }
        let mut found = first_release::rows_of(then.world.database());
        // This node comes and goes with its heartbeat.
        left.remove("nodes");
        assert!(found.remove("nodes") <= Some(1), "the killed one is gone");
        assert_eq!(found, left);
    }

    fn a_password_still_opens(then: &Upgraded) {
        let bo = then.person("bo");
        bo.signs_in();
        assert_eq!(bo.looks_at("/account").path, "/account");
    }
}
