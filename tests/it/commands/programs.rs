//! `portico publisher …`, `portico mini-program …`, `portico client …`.

use std::fs;

use serde_json::{Value, json};

use super::{Operator, on_both};
use crate::database::Database;

/// An operator with a publisher.
fn operator(database: &Database) -> (Operator, String) {
    let operator = Operator::on(database);
    operator.does("migrate");
    let added = operator.says("publisher add --name Harbour");
    let publisher = added["publisher_id"].as_str().expect("an id").to_owned();
    (operator, publisher)
}

fn manifest(publisher: &str, name: &str, more: Value) -> Value {
    let origin = format!(
        "https://{}.example",
        name.to_lowercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-")
    );
    let mut manifest = json!({
        "client_name": name, "publisher": publisher, "scope": "openid profile.basic",
        "entry_uri": format!("{origin}/open"), "origins": [origin],
        "redirect_uris": [format!("{origin}/callback")],
        "scope_purposes": { "profile.basic": { "en": "To greet you." } },
    });
    for (member, value) in more.as_object().expect("an object") {
        manifest[member] = value.clone();
    }
    manifest
}

impl Operator {
    fn writes(&self, file: &str, json: &Value) {
        fs::write(self.path().join(file), json.to_string()).expect("our own folder");
    }

    fn adds(&self, json: &Value) -> String {
        self.writes("m.json", json);
        let added = self.says("mini-program add --manifest m.json");
        added["client_id"].as_str().expect("an id").to_owned()
    }
}

#[test]
fn a_manifest_added_twice_is_a_question() {
    on_both(|database| {
        let (operator, publisher) = operator(database);
        let market = manifest(&publisher, "Market", json!({}));
        let id = operator.adds(&market);
        let asked = format!("Change that one with `portico mini-program update {id}`");
        operator.refuses("mini-program add --manifest m.json", &asked);
        operator.writes(
            "m.json",
            &manifest(
                &publisher,
                "MARKET",
                json!({
                    "origins": ["https://other.example"], "entry_uri": "https://other.example/",
                }),
            ),
        );
        operator.refuses(
            "mini-program add --manifest m.json",
            "has this name: Market",
        );
        operator.writes(
            "m.json",
            &manifest(
                &publisher,
                "Bazaar",
                json!({
                    "origins": ["https://market.example"], "entry_uri": "https://market.example/",
                }),
            ),
        );
        operator.refuses(
            "mini-program add --manifest m.json",
            "is at https://market.example: Market",
        );
        operator.writes("m.json", &market);
        operator.does("mini-program add --manifest m.json --again");
        let list = operator.says("mini-program list --search mark");
        assert_eq!(list["mini_programs"].as_array().expect("a list").len(), 2);
    });
}

#[test]
fn who_is_at_a_terminal_answers_the_question() {
    on_both(|database| {
        let (operator, publisher) = operator(database);
        let id = operator.adds(&manifest(&publisher, "Market", json!({})));
        let number = || {
            let list = operator.says("mini-program list");
            list["mini_programs"].as_array().expect("a list").len()
        };
        let line = "mini-program add --manifest m.json";
        let asked = operator.types_at_a_terminal(line, "n\n");
        assert!(!asked.good, "{}", asked.out);
        for part in [
            "Add another one? [y/N]",
            &format!("mini-program update {id}"),
            "nothing was done",
        ] {
            assert!(asked.out.contains(part), "{part}: {}", asked.out);
        }
        assert_eq!(number(), 1);
        let asked = operator.types_at_a_terminal(line, "y\n");
        assert!(asked.good, "{}", asked.out);
        assert!(asked.out.contains("Market is registered."), "{}", asked.out);
        assert_eq!(number(), 2);
        let entries = operator.says("audit --action client.added --limit 1");
        assert_eq!(entries["entries"][0]["detail"]["again"], true);
    });
}

#[test]
fn a_publisher_may_have_more_programs_than_a_page() {
    on_both(|database| {
        let (operator, publisher) = operator(database);
        let zoo = manifest(&publisher, "Zoo", json!({}));
        let id = operator.adds(&zoo);
        database.beside().run(
            "INSERT INTO clients (id, publisher_id, state, is_host, metadata, created_at, updated_at, \
             name, folded_name) \
             WITH RECURSIVE numbers (n) AS \
             (SELECT 1000 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000) \
             SELECT 'copy-' || n, publisher_id, state, is_host, \
             replace(replace(metadata, 'Zoo', 'Ant ' || n), 'zoo.', 'ant.'), created_at, updated_at, \
             'Ant ' || n, 'ant ' || n FROM clients, numbers",
        );
        operator.refuses(
            "mini-program add --manifest m.json",
            &format!("portico mini-program update {id}"),
        );
        let shown = operator.says(&format!("publisher show {publisher}"));
        assert_eq!(
            shown["mini_programs"].as_array().expect("a list").len(),
            100
        );
        let next = shown["next"].as_str().expect("there is more");
        let line = format!("mini-program list --publisher {publisher} --after {next}");
        let text = operator.does(&format!("publisher show {publisher}"));
        assert!(
            text.contains(&format!("There are more: portico {line}")),
            "{text}"
        );
        let rest = operator.says(&line);
        assert_eq!(rest["mini_programs"][0]["client_name"], "Ant 1100");
    });
}

#[test]
fn an_update_says_what_changes_and_what_people_are_asked_again() {
    on_both(|database| {
        let (operator, publisher) = operator(database);
        let id = operator.adds(&manifest(&publisher, "Market", json!({})));
        let other = json!({
            "scope": "openid profile.basic phone.verified",
            "scope_purposes": { "profile.basic": { "en": "To sell your name." } },
            "policy_uri": "https://market.example/policy",
        });
        operator.writes("m2.json", &manifest(&publisher, "Market", other));
        let line = format!("mini-program update {id} --manifest m2.json");
        let planned = operator.says(&format!("{line} --dry-run"));
        assert_eq!(planned["updated"], false);
        assert_eq!(
            planned["asked_again"],
            json!([
                { "scope": "phone.verified", "why": "new" },
                { "scope": "profile.basic", "why": "other_purpose" },
            ])
        );
        let text = operator.does(&format!("{line} --dry-run"));
        assert!(text.contains("+ https://market.example/policy"), "{text}");
        assert!(text.contains("phone.verified  (new)"), "{text}");
        assert!(
            text.contains("Nobody has allowed it anything yet."),
            "{text}"
        );
        let before = operator.says(&format!("mini-program show {id}"));
        operator.refuses(&line, "Update it? Nobody is there to answer: say --yes");
        assert_eq!(operator.says(&format!("mini-program show {id}")), before);

        assert_eq!(operator.says(&format!("{line} --yes"))["updated"], true);
        let after = operator.says(&format!("mini-program show {id}"));
        assert_eq!(after["policy_uri"], "https://market.example/policy");
        assert_eq!(after["state"], "draft", "the state is another command's");
        assert_eq!(
            operator.says(&format!("{line} --yes"))["updated"],
            false,
            "nothing is left"
        );

        let entries = operator.says(&format!("audit --client {id} --action client.updated"));
        let changes = &entries["entries"][0]["detail"]["changes"];
        assert_eq!(
            changes[0],
            json!({ "member": "policy_uri", "before": null, "after": "https://market.example/policy" })
        );
        let stolen = operator.says("publisher add --name Elsewhere");
        let stolen = stolen["publisher_id"].as_str().expect("an id");
        operator.writes("m3.json", &manifest(stolen, "Market", json!({})));
        let line = format!("mini-program update {id} --manifest m3.json --yes");
        operator.refuses(&line, "a mini-program stays with its publisher");
    });
}

#[test]
fn only_mini_programs_are_suspended_and_released() {
    on_both(|database| {
        let (operator, _) = operator(database);
        for (name, host, what) in [
            ("Shop", false, "an ordinary client"),
            ("Nova", true, "the super app itself"),
        ] {
            operator.writes(
                "c.json",
                &json!({
                    "client_name": name, "redirect_uris": ["https://shop.example/cb"],
                    "scope": "openid", "portico:host": host,
                }),
            );
            let added = operator.says("client add --metadata c.json");
            let id = added["client_id"].as_str().expect("an id");
            for verb in ["suspend", "release", "show"] {
                let line = format!("mini-program {verb} {id}");
                operator.refuses(&line, &format!("{id} is {what}, no mini-program"));
            }
            assert_eq!(
                operator.says(&format!("client show {id}"))["state"],
                "released"
            );
        }
    });
}

#[test]
fn a_client_is_updated_and_its_secrets_change() {
    on_both(|database| {
        let (operator, _) = operator(database);
        let metadata = json!({
            "client_name": "Shop", "redirect_uris": ["https://shop.example/cb"],
            "token_endpoint_auth_method": "none",
        });
        operator.writes("c.json", &metadata);
        let added = operator.says("client add --metadata c.json");
        let id = added["client_id"].as_str().expect("an id");
        let mut other = metadata.clone();
        other["token_endpoint_auth_method"] = json!("client_secret_basic");
        operator.writes("c.json", &other);
        let updated = operator.says(&format!("client update {id} --metadata c.json --yes"));
        assert!(
            updated["client_secret"].is_string(),
            "it needs one now: {updated}"
        );
        let secrets = || {
            operator.says(&format!("client show {id}"))["secrets"]
                .as_array()
                .expect("a list")
                .len()
        };
        assert_eq!(secrets(), 1);
        operator.does(&format!("client secret add {id}"));
        assert_eq!(secrets(), 2);
        operator.does(&format!("client secret retire {id}"));
        assert_eq!(secrets(), 1);
        other["redirect_uris"] = json!(["https://elsewhere.example/cb"]);
        other["subject_type"] = json!("pairwise");
        operator.writes("c.json", &other);
        let line = format!("client update {id} --metadata c.json --yes");
        operator.refuses(&line, "people would have another id there");
    });
}

#[test]
fn what_is_shown_can_be_edited_and_put_back() {
    on_both(|database| {
        let (operator, publisher) = operator(database);
        let market = operator.adds(&manifest(&publisher, "Market", json!({})));
        operator.writes(
            "c.json",
            &json!({ "client_name": "Shop", "grant_types": ["client_credentials"] }),
        );
        let shop = operator.says("client add --metadata c.json");
        let shop = shop["client_id"].as_str().expect("an id");
        for (noun, id, flag) in [
            ("client", shop, "--metadata"),
            ("mini-program", &market, "--manifest"),
        ] {
            let mut shown = operator.says(&format!("{noun} show {id}"));
            shown["client_name"] = json!(format!("New {noun}"));
            operator.writes("shown.json", &shown);
            let line = format!("{noun} update {id} {flag} shown.json --yes");
            let said = operator.types(&line);
            assert!(said.good && said.err.is_empty(), "{line}: {}", said.err);
        }
    });
}

#[test]
fn names_that_could_mislead_are_explained_and_taken_only_on_purpose() {
    on_both(|database| {
        let (operator, publisher) = operator(database);
        operator.adds(&manifest(&publisher, "Market", json!({})));
        let refused = operator.types_words(&["publisher", "add", "--name", "✓ Verified publisher"]);
        assert!(!refused.good);
        for part in [
            "✓ (U+2713) looks like a mark",
            "\"Verified\" is for the super app to say",
            "--allow-lookalike",
        ] {
            assert!(refused.err.contains(part), "{part}: {}", refused.err);
        }
        operator.refuses(
            "publisher add --name HARBOUR",
            "it looks like \"Harbour\", the name of publisher",
        );
        operator.refuses("publisher add --name Mаrket", "is Cyrillic among Latin");
        operator.refuses(
            "publisher add --name Portico",
            "\"Portico\", the name of the super app, stands in it",
        );
        let refused = operator.types_words(&["publisher", "add", "--name", "Роrtico Support"]);
        assert!(
            !refused.good
                && refused
                    .err
                    .contains("the name of the super app, stands in it"),
            "{}",
            refused.err
        );

        let added = operator.says("publisher add --name Elsewhere");
        let other = added["publisher_id"].as_str().expect("an id");
        operator.writes(
            "m.json",
            &manifest(
                other,
                "Маrkеt",
                json!({
                    "origins": ["https://evil.example"], "entry_uri": "https://evil.example/",
                    "redirect_uris": ["https://evil.example/cb"],
                }),
            ),
        );
        let checked = operator.types("mini-program check m.json");
        assert!(!checked.good);
        for part in [
            "is Latin among Cyrillic",
            "it looks like \"Market\", the name of mini-program",
        ] {
            assert!(checked.out.contains(part), "{part}: {}", checked.out);
        }
        operator.refuses(
            "mini-program add --manifest m.json",
            "it looks like \"Market\"",
        );
        let taken = operator.says("mini-program add --manifest m.json --allow-lookalike");
        let id = taken["client_id"].as_str().expect("an id");
        let audit = operator.says(&format!("audit --client {id}"));
        assert_eq!(audit["entries"][0]["detail"]["lookalike_allowed"], true);

        // Who is called like that all the same is not vouched for in passing.
        let named = operator.types_words(&[
            "publisher",
            "add",
            "--name",
            "Harbоur",
            "--allow-lookalike",
            "--json",
        ]);
        assert!(named.good, "{}", named.err);
        let id: Value = serde_json::from_str(&named.out).expect("JSON");
        let id = id["publisher_id"].as_str().expect("an id");
        operator.refuses(&format!("publisher verify {id}"), "could mislead people");
        operator.does(&format!("publisher verify {id} --allow-lookalike"));
    });
}

#[test]
fn a_manifest_is_checked_where_there_is_no_database() {
    let operator = Operator::new();
    operator.writes("m.json", &manifest("p1", "Market", json!({})));
    let checked = operator.says("mini-program check m.json");
    assert_eq!(
        (&checked["ok"], &checked["compared"]),
        (&json!(true), &json!(false))
    );
    operator.writes("m.json", &manifest("p1", "Market ✓", json!({})));
    let checked = operator.types("mini-program check m.json --json");
    assert!(
        !checked.good && checked.out.contains("looks like a mark"),
        "{}",
        checked.out
    );
}

#[test]
fn publishers_are_listed_shown_renamed_and_no_longer_vouched_for() {
    on_both(|database| {
        let (operator, publisher) = operator(database);
        operator.adds(&manifest(&publisher, "Market", json!({})));
        operator.does("publisher add --name Anchor");
        let list = operator.says("publisher list --limit 1");
        assert_eq!(list["publishers"][0]["name"], "Anchor");
        let next = list["next"].as_str().expect("there is more").to_owned();
        let rest = operator.says(&format!("publisher list --after={next}"));
        assert_eq!(rest["publishers"][0]["publisher_id"], publisher.as_str());
        operator.does(&format!("publisher verify {publisher}"));
        let updated = operator.says(&format!(
            "publisher update {publisher} --name Haven --unverify"
        ));
        assert_eq!(
            (&updated["name"], &updated["verified"]),
            (&json!("Haven"), &json!(false))
        );
        let shown = operator.says(&format!("publisher show {publisher}"));
        assert_eq!(shown["mini_programs"][0]["client_name"], "Market");
        operator.refuses("publisher list --after nobody", "there is no publisher");
    });
}
