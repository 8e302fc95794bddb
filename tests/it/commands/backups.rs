//! What `docs/backup.md` tells an operator to type.

use std::process::Command;

use super::Operator;
use crate::database::Database;

const DOCUMENT: &str = include_str!("../../../docs/backup.md");
/// Where Debian keeps PostgreSQL's own programs.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The commands of a section, by its heading.
fn commands(section: &str) -> Vec<&'static str> {
    let heading = format!("\n## {section}\n");
    let (_, rest) = DOCUMENT.split_once(&heading).expect("the section");
    let text = rest.split_once("\n## ").map_or(rest, |(text, _)| text);
    let mut blocks = text.split("```sh\n").skip(1);
    let first = blocks.next().expect("commands");
    let all = std::iter::once(first).chain(blocks);
    all.flat_map(|block| block.split("```").next().expect("its end").lines())
        .collect()
}

impl Operator {
    /// Types a line into a shell that finds `portico` and PostgreSQL's programs.
    fn types_into_a_shell(&self, line: &str) {
        let portico = std::path::Path::new(env!("CARGO_BIN_EXE_portico"));
        let own = portico.parent().expect("a folder").display().to_string();
        let path = std::env::var("PATH").expect("a PATH");
        let mut command = Command::new("sh");
        command
            .args(["-ec", line])
            .env("PATH", format!("{own}:{path}:{DEBIAN}"));
        let said = self.runs(command);
        assert!(said.good, "{line}: {}{}", said.out, said.err);
    }
}

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
    for line in commands(copies) {
        operator.types_into_a_shell(line);
    }
    operator.does("user add --username bob --password-stdin");
    assert_eq!(people(operator), ["ada", "bob"]);
    for line in commands(puts_back) {
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
