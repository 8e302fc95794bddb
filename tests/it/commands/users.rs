//! `portico user …`: a person from the first day to the last.

use serde_json::json;

use super::{Operator, on_both};
use crate::database::Database;

/// An operator with a database that is ready.
fn operator(database: &Database) -> Operator {
    let operator = Operator::on(database);
    operator.does("migrate");
    operator
}

#[test]
fn a_person_is_known_changed_and_forgotten() {
    on_both(|database| {
        let operator = operator(database);
        operator
            .does("user add --username ada --password-stdin --email ada@example.org --name Ada");
        let shown = operator.says("user show ada");
        assert_eq!(shown["state"], "active");
        assert_eq!(shown["profile"]["name"], "Ada");
        assert_eq!(
            shown["identities"][0],
            json!({ "kind": "email", "value": "ada@example.org", "verified_at": null })
        );
        assert_eq!(shown["sessions"], 0);

        let changed = operator.says("user update ada --email countess@example.org --verified");
        assert_eq!(changed["changed"], json!(["email", "email_verified"]));
        let shown = operator.says("user show ada");
        assert_eq!(shown["identities"][0]["value"], "countess@example.org");
        assert!(shown["identities"][0]["verified_at"].is_string());
        assert_eq!(shown["profile"]["name"], "Ada", "what is not named stays");
        let again = operator.says("user update ada --email countess@example.org --verified");
        assert_eq!(again["changed"], json!([]));
        operator.says("user update ada --no-email");
        assert_eq!(
            operator.says("user show ada")["identities"],
            json!([{ "kind": "username", "value": "ada",
                     "verified_at": operator.says("user show ada")["identities"][0]["verified_at"] }])
        );

        operator.does("user set-password ada --password-stdin");
        operator.does("user disable ada");
        assert_eq!(operator.says("user show ada")["state"], "disabled");
        operator.does("user enable ada");
        assert_eq!(operator.says("user show ada")["state"], "active");

        operator.refuses("user delete ada", "Nobody is there to answer: say --yes");
        assert_eq!(operator.says("user delete ada --yes")["deleted"], true);
        operator.refuses("user show ada", "there is no user \"ada\"");
        let deleted = operator.says("audit --action user.deleted");
        assert_eq!(deleted["entries"][0]["detail"]["username"], "ada");

        let acts = || {
            let of_ada = operator.says("audit --user ada");
            let entries = of_ada["entries"].as_array().expect("a list").clone();
            let told = entries.iter().map(|entry| {
                assert_eq!(entry["user"], "ada", "{entry}");
                let gone = entry["user_deleted"] == true;
                (entry["action"].as_str().expect("an act").to_owned(), gone)
            });
            told.collect::<Vec<_>>()
        };
        let all = [
            "deleted",
            "enabled",
            "disabled",
            "password_set",
            "updated",
            "updated",
            "added",
        ];
        let of_the_deleted = all.map(|act| (format!("user.{act}"), true));
        assert_eq!(acts(), of_the_deleted, "the audit remembers whose it was");
        operator.does("user add --username ada --password-stdin");
        let of_another = [("user.added".to_owned(), false)];
        assert_eq!(acts(), of_another, "who has the name now is somebody else");
    });
}

#[test]
fn what_belongs_to_somebody_is_not_given_to_another() {
    on_both(|database| {
        let operator = operator(database);
        operator.does("user add --username ada --password-stdin --email ada@example.org");
        operator.does("user add --username bob --password-stdin --phone +375291234567");
        operator.refuses(
            "user update bob --email ADA@example.org",
            "email \"ada@example.org\" belongs to another user",
        );
        operator.refuses("user update bob --phone 555", "phone: must be a number");
        operator.refuses(
            "user update bob --email bob",
            "email: is not an e-mail address",
        );
        let shown = operator.says("user show bob");
        assert_eq!(shown["identities"][0]["value"], "+375291234567");
    });
}

#[test]
fn people_are_found_page_by_page() {
    on_both(|database| {
        let operator = operator(database);
        for (name, email) in [
            ("cyd", "c@x.example"),
            ("ada", "a@y.example"),
            ("bob", "b@x.example"),
        ] {
            operator.does(&format!(
                "user add --username {name} --password-stdin --email {email}"
            ));
        }
        let names = |line: &str| {
            let answer = operator.says(line);
            let users = answer["users"].as_array().expect("a list").clone();
            let names = users
                .iter()
                .map(|u| u["username"].as_str().expect("a name").to_owned());
            (names.collect::<Vec<_>>().join(" "), answer["next"].clone())
        };
        assert_eq!(
            names("user list --limit 2"),
            ("ada bob".into(), json!("bob"))
        );
        assert_eq!(
            names("user list --limit 2 --after bob"),
            ("cyd".into(), json!(null))
        );
        assert_eq!(
            names("user list --search X.EXAMPLE"),
            ("bob cyd".into(), json!(null))
        );
        let table = operator.does("user list --limit 1");
        assert!(
            table.starts_with("USERNAME") && table.contains("There are more: --after ada"),
            "{table}"
        );
    });
}

#[test]
fn nobody_is_asked_about_somebody_who_is_not_there() {
    on_both(|database| {
        let operator = Operator::on(database);
        operator.does("migrate");
        operator.does("user add --username ada --password-stdin");
        operator.refuses("user delete grace", "there is no user \"grace\"");
        operator.refuses("user delete ada", "Nobody is there to answer: say --yes");
        let kept = operator.types_at_a_terminal("user delete ada", "\n");
        assert!(!kept.good && kept.out.contains("[y/N]"), "{}", kept.out);
        let gone = operator.types_at_a_terminal("user delete ada", "y\n");
        assert!(gone.good, "{}", gone.out);
        operator.refuses("user show ada", "there is no user \"ada\"");
    });
}

#[test]
fn what_cannot_be_read_is_called_as_the_operator_calls_it() {
    let operator = Operator::new();
    for (line, expected) in [
        (
            "mini-program check -",
            "portico: what standard input says is not JSON",
        ),
        (
            "mini-program check m.json",
            "portico: m.json cannot be read",
        ),
        (
            "mini-program new --origin shop.example",
            "portico: origin: must be an absolute URI",
        ),
        (
            "mini-program new --origin https://shop.example/a",
            "portico: origin: must be an origin",
        ),
    ] {
        operator.refuses(line, expected);
    }
}
