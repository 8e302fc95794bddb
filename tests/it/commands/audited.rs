//! Who did what, from where: every command has an operator.

use serde_json::json;

use super::{Operator, on_both};

#[test]
fn an_operator_is_named_by_themselves_or_by_the_system() {
    on_both(|database| {
        let operator = Operator::on(database);
        operator.does("migrate");
        operator.does("--as grace publisher add --name Harbour");
        operator.does("publisher add --name Anchor");
        let entries = operator.says("audit --action publisher.added");
        let (system, named) = (&entries["entries"][0], &entries["entries"][1]);
        assert_eq!(
            (&named["actor"], &named["identity"]),
            (&"operator".into(), &"grace".into())
        );
        assert_eq!(named["from"]["command"], "publisher add");
        assert!(named["from"]["machine"].is_string(), "{named}");
        assert_eq!(named["detail"]["name"], "Harbour");
        assert!(system["identity"].is_string(), "{system}");
        let number = |line: &str| {
            let answer = operator.says(line);
            answer["entries"].as_array().expect("a list").len()
        };
        assert_eq!(number("audit --operator grace"), 1);
        assert_eq!(
            number("--as grace audit"),
            2,
            "who asks is not who is asked for"
        );
        assert_eq!(number("audit --operator grace --as ada"), 1);
        let table = operator.does("audit --operator grace");
        assert!(
            table.contains("operator grace") && table.contains(": publisher add"),
            "{table}"
        );
    });
}

#[test]
fn an_entry_says_what_exactly() {
    on_both(|database| {
        let operator = Operator::on(database);
        operator.does("migrate");
        operator.does("user add --username ada --password-stdin");
        let metadata = r#"{ "client_name": "Shop", "redirect_uris": ["https://shop.example/cb"] }"#;
        std::fs::write(operator.path().join("c.json"), metadata).expect("our own folder");
        let shop = operator.says("client add --metadata c.json");
        let shop = shop["client_id"].as_str().expect("an id");
        let shown = operator.says(&format!("client show {shop}"));
        let first = &shown["secrets"][0]["id"];
        operator.does(&format!("client secret add {shop}"));
        operator.does(&format!("client secret retire {shop}"));
        let newest = |action: &str| {
            operator.says(&format!("audit --action {action} --limit 1"))["entries"][0].clone()
        };
        let retired = newest("client.secret_retired");
        assert_eq!(retired["detail"], json!({ "secrets": [first] }));
        for (line, detail) in [
            (format!("revoke --client {shop}"), json!({ "of": "client" })),
            ("revoke --user ada".to_owned(), json!({ "of": "user" })),
            ("revoke --all".to_owned(), json!({ "of": "everybody" })),
        ] {
            operator.does(&line);
            assert_eq!(newest("tokens.revoked")["detail"], detail, "{line}");
        }
        operator.does(&format!("client delete {shop}"));
        let deleted = newest("client.deleted");
        assert_eq!(deleted["client"], shop);
        assert_eq!(
            deleted["detail"],
            json!({ "name": "Shop", "publisher": null })
        );
        operator.does("keys rotate --now");
        let rotated = newest("keys.rotated");
        assert_eq!(rotated["detail"]["now"], true);
        let active = rotated["detail"]["active"].as_array().expect("a list");
        let keys = operator.says("keys list");
        for key in keys["keys"].as_array().expect("a list") {
            let is_new = active.contains(&key["kid"]);
            assert_eq!(is_new, key["state"] == "active", "{key} {active:?}");
        }
    });
}

#[test]
fn the_audit_is_read_page_by_page() {
    on_both(|database| {
        let operator = Operator::on(database);
        operator.does("migrate");
        for name in ["One", "Two", "Three"] {
            operator.does(&format!("publisher add --name {name}"));
        }
        let mut seen = Vec::new();
        let mut line = "audit --action publisher.added --limit 2".to_owned();
        loop {
            let page = operator.says(&line);
            for entry in page["entries"].as_array().expect("a list") {
                seen.push(entry["detail"]["name"].as_str().expect("a name").to_owned());
            }
            let Some(next) = page["next"].as_str() else {
                break;
            };
            line = format!("audit --action publisher.added --limit 2 --after {next}");
        }
        assert_eq!(seen, ["Three", "Two", "One"]);
    });
}
