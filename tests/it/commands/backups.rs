//! What `docs/backup.md` tells an operator to type.

use super::Operator;
use super::document::Document;
use crate::database::Database;

const DOCUMENT: Document = Document(include_str!("../../../docs/backup.md"));

/// An operator with one person in the database.
fn operator(database: &Database) -> Operator {
    let operator = Operator::on(database);
    operator.does("migrate");
    operator.does("user add --username ada --password-stdin");
    operator
}

fn people(operator: &Operator) -> Vec<String> {
    let listed = operator.says("user list");
    let people = listed["users"].as_array().expect("people");
    let name = |person: &serde_json::Value| person["username"].as_str().expect("text").to_owned();
    people.iter().map(name).collect()
}

/// The copy is made, somebody is added, the copy is put back.
fn follows(operator: &Operator, copies: &str, puts_back: &str) {
    for line in DOCUMENT.commands(copies) {
        operator.types_into_a_shell(line);
    }
    operator.does("user add --username bob --password-stdin");
    assert_eq!(people(operator), ["ada", "bob"]);
    for line in DOCUMENT.commands(puts_back) {
        operator.types_into_a_shell(line);
    }
    assert_eq!(people(operator), ["ada"]);
    assert_eq!(operator.is_told(), [""; 0]);
}

#[test]
fn a_copy_is_made_and_put_back_as_the_document_says() {
    super::on_both(|database| {
        follows(&operator(database), "Make a copy", "Put a copy back");
    });
}

#[test]
fn by_hand_it_is_done_as_the_document_says() {
    if let Some(database) = Database::postgres() {
        let operator = operator(&database);
        follows(
            &operator,
            "By hand: copy a PostgreSQL database",
            "By hand: put it back",
        );
    }
}

#[test]
fn nobody_answers_for_somebody_else() {
    super::on_both(|database| {
        let operator = operator(database);
        operator.does("backup copy");
        operator.refuses("restore copy", "say --yes");
        assert_eq!(people(&operator), ["ada"]);
    });
}

/// PostgreSQL's programs see no password where others could see it as well.
#[test]
fn a_password_that_cannot_be_told_apart_is_handed_to_nobody() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let url = url::Url::parse(&database.url).expect("a URL");
    let password = url.password().expect("a password").to_owned();
    let operator = operator(&database);
    let open = database.url.replace(&format!(":{password}@"), "@");
    let in_the_query = format!("{open}?password={password}");
    let operator = operator.with("PORTICO_DATABASE_URL", &in_the_query);
    assert_eq!(people(&operator), ["ada"]);
    operator.refuses("backup copy", "docs/backup.md");
    let said = operator.types("backup copy");
    assert!(!said.err.contains(&password), "{}", said.err);
    assert!(!operator.finds().contains(&"copy.partial".to_owned()));
}
