//! `portico user …`: a person from the first day to the last.

use foundation::secret::SecretText;
use keys::password::{HashMemory, PasswordPolicy};
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

/// Whether the stored hash of somebody is of this password, to the letter.
fn is_hash_of(database: &Database, username: &'static str, password: &str) -> bool {
    let store = database.open_as_it_is();
    let found = store.read(move |db| store::users::find_by_username(db, username));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let user = runtime
        .block_on(found)
        .expect("no fault")
        .expect("somebody");
    let (policy, mut memory) = (PasswordPolicy::default(), HashMemory::default());
    let (password, hash) = (SecretText::new(password), user.password_hash);
    keys::password::verify(policy, &mut memory, &password, hash.as_deref()).expect("a hash")
}

#[test]
fn what_is_pasted_into_a_command_is_stored_as_it_is_seen() {
    on_both(|database| {
        let mut operator = operator(database);
        operator.password = "cafe\u{301}\u{A0}noir cre\u{300}me\u{200B}".to_owned();
        let normal = "caf\u{E9} noir cr\u{E8}me";
        let added = operator.types_words(&[
            "user",
            "add",
            "--username",
            "\u{FF21}da\u{2011}l",
            "--password-stdin",
            "--email",
            "\u{202A}ada\u{2011}l@example.org\u{202C}",
            "--phone",
            "\u{202A}+375/29.123\u{2011}45\u{A0}67\u{202C}",
        ]);
        assert!(added.good, "{}", added.err);
        let shown = operator.says("user show ada-l");
        assert_eq!(shown["profile"]["email"], "ada-l@example.org");
        assert_eq!(shown["profile"]["phone_number"], "+375291234567");
        assert!(is_hash_of(database, "ada-l", normal));
        operator.password = "nai\u{308}ve bo\u{302}ites".to_owned();
        operator.does("user set-password \u{202A}ada\u{2011}l\u{202C} --password-stdin");
        assert!(!is_hash_of(database, "ada-l", normal));
        assert!(is_hash_of(database, "ada-l", "na\u{EF}ve b\u{F4}ites"));
        operator.password = "a bell\u{7} in a password".to_owned();
        operator.refuses(
            "user set-password ada-l --password-stdin",
            "password: must not be empty or have control characters",
        );
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
