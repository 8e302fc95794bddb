//! `portico mini-program new` and `check`: for makers of programs, who have no database.

use std::fs;

use serde_json::{Value, json};

use super::Operator;

#[test]
fn a_new_manifest_of_each_kind_is_good() {
    let operator = Operator::new();
    for flag in ["", "--listens", "--page-only"] {
        let made = operator.does(&format!(
            "mini-program new --origin https://shop.example --name Shop --publisher p1 --tester ada {flag}"
        ));
        fs::write(operator.path().join("shop.json"), made).expect("our own folder");
        let checked = operator.types("mini-program check shop.json");
        assert!(checked.good, "{flag}: {}", checked.out);
        let warned = checked.err.contains("means nothing");
        assert!(!warned, "{flag}: {}", checked.err);
    }
    operator.refuses(
        "mini-program new --origin https://shop.example --listens --page-only",
        "cannot be used with",
    );
}

#[test]
fn each_fault_is_explained_with_its_line() {
    let operator = Operator::new();
    let wrong = r#"{
  "client_name": "Shop",
  "publisher": "PUBLISHER_ID",
  "origins": ["https://shop.example", "shop.example"],
  "entry_uri": "https://shop.example/open",
  "redirect_uris": [
    "https://shop.example/cb",
    "http://shop.example/cb"
  ],
  "scope": "openid profile.basic",
  "scope_purposes": {
    "profile.basic": { "en": "To greet you." },
    "addresses": { "en": "To send you things." }
  },
  "testrs": ["ada"],
  "client_name": "Shop again"
}
"#;
    fs::write(operator.path().join("shop.json"), wrong).expect("our own folder");
    let checked = operator.types("mini-program check shop.json");
    assert!(!checked.good);
    let said: Vec<&str> = checked.out.lines().collect();
    let begins = [
        "shop.json:3: publisher: PUBLISHER_ID: write the id that",
        "shop.json:4: origins[1]: must be an absolute URI",
        "shop.json:8: redirect_uris[1]: must use https",
        "shop.json:13: scope_purposes.addresses: is not one of the scopes asked for",
        "shop.json:16: client_name: stands twice, here and on line 2",
    ];
    assert_eq!(said.len(), begins.len(), "{}", checked.out);
    for (line, begin) in said.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}");
    }
    assert!(
        checked.err.contains(
            "shop.json:15: testrs means nothing to Portico and is ignored; did you mean testers?"
        ),
        "{}",
        checked.err
    );
    assert!(
        checked
            .err
            .contains("shop.json cannot be registered: 5 faults"),
        "{}",
        checked.err
    );
    let checked = operator.types("mini-program check shop.json --json");
    let answer: Value = serde_json::from_str(&checked.out).expect("JSON");
    assert_eq!(
        (
            &answer["ok"],
            &answer["faults"][1]["line"],
            &answer["not_understood"]
        ),
        (&json!(false), &json!(4), &json!(["testrs"]))
    );
}

#[test]
fn what_is_missing_has_no_line() {
    let operator = Operator::new();
    fs::write(operator.path().join("m.json"), "{}").expect("our own folder");
    let checked = operator.types("mini-program check m.json");
    let missing: Vec<&str> = checked.out.lines().collect();
    for member in [
        "client_name",
        "entry_uri",
        "origins",
        "publisher",
        "redirect_uris",
    ] {
        let begin = format!("m.json: {member}: ");
        assert!(
            missing.iter().any(|line| line.starts_with(&begin)),
            "{member}: {}",
            checked.out
        );
    }
}

#[test]
fn a_file_cannot_move_the_cursor() {
    let operator = Operator::new();
    let text = "{\"scope_purposes\": {\"\\u001b[2J\": {\"en\": \"x\"}}}";
    fs::write(operator.path().join("m.json"), text).expect("our own folder");
    let checked = operator.types("mini-program check m.json");
    assert!(
        !checked.good && !checked.out.contains('\u{1b}'),
        "{:?}",
        checked.out
    );
    assert!(
        checked.out.contains("scope_purposes.[2J: is not one of"),
        "{}",
        checked.out
    );
}
