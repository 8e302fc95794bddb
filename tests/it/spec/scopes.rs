//! Scopes (design §7): one row of a table for each, and nothing else that names it; what clients may
//! register, and what is understood by what they ask for.

use flow::administer::clients::Allowed;
use protocol::claim;
use protocol::scope_catalog::{BUILT_IN, Form, ScopeRow};
use serde_json::{Value, json};

use crate::database::Database;
use crate::world::person::Person;
use crate::world::{World, in_both_worlds, on_postgres, on_sqlite};

/// A new scope, as whoever adds one writes it: a row. Its sentences are those of `profile.basic`, which
/// end in the same words.
const BORN: ScopeRow = ScopeRow {
    sensitive: true,
    claims: &[claim::BIRTHDATE, claim::ZONEINFO],
    shown: &[(claim::BIRTHDATE, Form::Named)],
    ..ScopeRow::plain("profile:basic")
};

fn with_one_more_row(database: Database) -> World {
    let rows: Vec<ScopeRow> = BUILT_IN.iter().copied().chain([BORN]).collect();
    World::with(database, |config| config.scopes.rows = rows.leak())
}

fn a_row_is_all_it_takes(w: &World) {
    let market = w.mini_program("market", "openid phone.verified profile:basic");
    let ada = w.person("ada");
    let sheet = ada.opens(&market).signs_in();
    assert_eq!(sheet.asks_for(), ["phone.verified"]);
    let apart = sheet.presses("allow");
    let says = apart.says();
    assert!(
        says.contains("Born: 1990-05-01") && !says.contains("Time zone"),
        "{says}"
    );
    let tokens = apart.presses("allow").tokens();
    assert_eq!(tokens.scope, "openid phone.verified profile:basic");
    let said = market.userinfo(&tokens.access).json();
    assert_eq!(
        (&said["birthdate"], &said["zoneinfo"]),
        (&json!("1990-05-01"), &json!("Europe/Vilnius"))
    );
    assert_eq!(said.get("name"), None);
    let names = json!({ "id_token": { "birthdate": null } }).to_string();
    let named = ada.sends(market.request().with("claims", names)).tokens();
    assert_eq!(named.claims()["birthdate"], "1990-05-01");
    let account = ada.looks_at("/account").words();
    assert!(
        account.contains("Your name and picture Born: 1990-05-01"),
        "{account}"
    );
    ada.takes_back(&market, "profile:basic");
    assert_eq!(
        market.userinfo(&tokens.access).json().get("birthdate"),
        None
    );
    let history = ada.looks_at("/account/history").words();
    assert!(
        history.contains("You stopped sharing with market Your name and picture"),
        "{history}"
    );
    let discovery = w.get("/.well-known/openid-configuration").json();
    let listed = |member: &str, name: &str| -> bool {
        discovery[member]
            .as_array()
            .is_some_and(|all| all.contains(&json!(name)))
    };
    assert!(listed("scopes_supported", "profile:basic") && listed("claims_supported", "birthdate"));
}

mod a_row_is_all_it_takes {
    use super::*;

    #[test]
    fn sqlite() {
        on_sqlite(with_one_more_row, super::a_row_is_all_it_takes);
    }

    #[test]
    fn postgres() {
        on_postgres(with_one_more_row, super::a_row_is_all_it_takes);
    }
}

in_both_worlds! {
    fn a_scope_that_nobody_defined_is_refused_with_the_one_that_was_meant(w: &World) {
        let client = json!({ "redirect_uris": ["https://shop.example/callback"], "scope": "openid emial" });
        let said = w.refuses(w.administration().add_client(&client));
        assert_eq!(said, "scope: nobody defined emial: did you mean email?");
        let mut manifest = w.mini_program("market", "openid profile.basic orders").registration();
        for (scope, said) in [
            ("openid adresses", "scope: nobody defined adresses: did you mean addresses?"),
            ("openid profile:basic", "scope: nobody defined profile:basic: did you mean profile.basic?"),
            ("openid order", "scope: nobody defined order: did you mean orders?"),
            ("openid email", "scope: email is not for mini-programs: ask for email.verified, which is what email is read as then"),
        ] {
            manifest["scope"] = json!(scope);
            assert_eq!(w.refuses(w.administration().add_mini_program(&manifest, Allowed::default())), said);
        }
    }

    /// Half of the client libraries ask for `profile email` unless they are told otherwise.
    fn a_library_that_asks_for_wide_scopes_gets_the_narrow_ones(w: &World) {
        let narrow = "addresses email.verified openid phone.verified profile.basic";
        let market = w.mini_program("market", narrow);
        let ada = w.person("ada");
        let visit = ada.opens(&market.asking("openid profile email phone address")).signs_in();
        assert_eq!(visit.asks_for(), ["profile.basic", "phone.verified", "email.verified"]);
        let tokens = visit.allows().tokens();
        assert_eq!(tokens.scope, narrow, "the answer says so");
        let said = market.userinfo(&tokens.access).json();
        let member = |name: &str| said.get(name).cloned().unwrap_or_default();
        assert_eq!(member("email"), "ada@example.com");
        assert_eq!((member("email_verified"), member("phone_number_verified")), (json!(true), json!(true)));
        assert_eq!((member("family_name"), member("address")), (Value::Null, Value::Null));
        let refreshed = market.refreshes_with(tokens.refresh(), &[("scope", "openid email")]);
        assert_eq!(refreshed.text("scope"), "email.verified openid");
        assert_eq!(ada.opens(&market.asking("openid profile")).tokens().scope, "openid profile.basic");
        let other = w.mini_program("other", "openid email.verified");
        let refused = ada.opens(&other.asking("openid profile email"));
        assert_eq!(refused.error(), "invalid_scope", "what it did not register at all");
    }

    fn what_is_verified_is_said_to_be_and_what_is_not_is_not_given(w: &World) {
        let market = w.mini_program("market", "openid phone.verified email.verified");
        let mut profile = crate::world::person::profile("eve");
        profile["email_verified"] = json!(false);
        let eve = Person::with_profile(w, "eve", profile);
        let names = json!({ "id_token": { "phone_number_verified": null, "email_verified": null } });
        let visit = eve.sends(market.request().with("claims", names.to_string())).signs_in();
        assert!(visit.says().contains("You have no verified e-mail address yet"), "{}", visit.says());
        let tokens = visit.allows().tokens();
        let said = market.userinfo(&tokens.access).json();
        for given in [&said, &tokens.claims()] {
            assert_eq!(given["phone_number_verified"], true);
            assert_eq!((given.get("email"), given.get("email_verified")), (None, None));
        }
    }

    /// The operator took a scope out of the settings that people had allowed.
    fn no_raw_name_is_shown_to_a_person(w: &World) {
        let market = w.mini_program("market", "openid orders stock");
        let ada = w.person("ada");
        let visit = ada.opens(&market).signs_in();
        let says = visit.says();
        assert!(says.contains("Your orders") && says.contains("What is in stock"), "{says}");
        visit.allows();
        let pages = |node: &World| {
            let ada = ada.at(node);
            ["/account", "/account/history"].map(|path| ada.looks_at(path).words())
        };
        for words in pages(w) {
            assert_eq!(words.matches("orders").count(), words.matches("Your orders").count(), "{words}");
            assert!(words.contains("Your orders"), "{words}");
        }
        let later = w.another_node_with(|config| config.scopes.operator.clear());
        for words in pages(&later) {
            assert!(words.contains("A service that is no longer offered here"), "{words}");
            assert!(!words.contains("orders") && !words.contains("stock"), "{words}");
        }
    }
}
