//! Who did what, from where: every command has an operator.

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
        let hers = operator.says("audit --operator grace");
        assert_eq!(hers["entries"].as_array().expect("a list").len(), 1);
        let table = operator.does("audit --operator grace");
        assert!(
            table.contains("operator grace") && table.contains(": publisher add"),
            "{table}"
        );
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
