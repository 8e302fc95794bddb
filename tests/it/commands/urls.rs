//! The database's URL, in every form that libpq or a hurried operator knows: no command and no line of
//! the log repeats a part of it.

use super::{COMMANDS, Operator};
use crate::database::Database;

/// What every secret part of the URLs here has in it.
const SECRET: &str = "hush";

/// URLs of servers that are not there, or that nobody can read.
const AWAY: &[&str] = &[
    "postgres://hush_u:hush-pw@127.0.0.1:1,127.0.0.1:2/hush_db",
    "postgres://hush_u:hush-pw@/hush_db?host=/hush_sock",
    "postgres://hush_u:hush#pw@127.0.0.1:1/hush_db",
    "postgres://hush_u:hush%pw@127.0.0.1:1/hush_db",
    "postgres://hush_u:hush/hush_pw@127.0.0.1:1/hush_db",
    "postgres://hush_u:hush?pw@127.0.0.1:1/hush_db",
    "postgres://hush_u:hush%2Fhush@127.0.0.1:1/hush_db",
    "postgres://127.0.0.1:1/hush_db?user=hush_u&password=hush-pw",
    "postgres://127.0.0.1:1/hush_db?hush=hush",
    "postgres://127.0.0.1:hush/hush_db",
    "postgres://[127.0.0.1:hush@hush",
    "postgre://hush_u:hush-pw@127.0.0.1:1/hush_db",
    "hush_u:hush-pw@127.0.0.1:1/hush_db",
];

fn says_nothing_of(operator: &Operator, line: &str, secret: &str) -> bool {
    let said = operator.types(line);
    for text in [&said.out, &said.err] {
        let found = text.to_lowercase().contains(secret);
        assert!(!found, "{line}: {text}");
    }
    said.good
}

#[test]
fn no_command_repeats_the_url_of_a_server_that_is_not_there() {
    for url in AWAY {
        let mut operator = Operator::new().with("PORTICO_DATABASE_URL", url);
        operator.sets("PORTICO_TELEMETRY__LOG", "trace");
        for line in [
            "doctor",
            "doctor --json",
            "config check",
            "migrate",
            "serve",
            "audit",
        ] {
            let good = says_nothing_of(&operator, line, SECRET);
            assert!(!good || line == "config check", "{url} {line}");
        }
    }
    let operator = Operator::new().with("PORTICO_DATABASE_URL", AWAY[0]);
    for line in COMMANDS {
        says_nothing_of(&operator, line, SECRET);
    }
    let told = operator.is_told();
    assert_eq!(
        told,
        [
            "the store is unavailable: the PostgreSQL server of PORTICO_DATABASE_URL: it refuses the \
          connection"
        ]
    );
}

#[test]
fn a_url_in_the_file_is_not_repeated_either() {
    let operator = Operator::new();
    for file in [
        "[database]\nurl = \"postgres://hush_u:hush@127.0.0.1:1/hush\"\n",
        "[database]\nurl = postgres://hush_u:hush@127.0.0.1:1/hush\n",
        "[database]\nurl = \"postgre://hush_u:hush@127.0.0.1:1/hush\"\n",
        "[database]\nconnections = \"postgres://hush_u:hush@127.0.0.1:1/hush\"\n",
    ] {
        std::fs::write(operator.path().join("portico.toml"), file).expect("our own folder");
        for line in ["doctor", "config check", "migrate", "serve", "audit"] {
            says_nothing_of(&operator, line, SECRET);
        }
    }
}

#[test]
fn a_server_that_answers_says_itself_where_it_is() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let url = url::Url::parse(&database.url).expect("a URL");
    let (host, port) = (url.host_str().expect("a host"), url.port().unwrap_or(5432));
    let (user, name) = (url.username(), url.path().trim_start_matches('/'));
    let password = url.password().unwrap_or_default();
    for form in [
        database.url.clone(),
        format!("postgres://{user}:{password}@{host}:{port},{host}:{port}/{name}"),
        format!("postgres://{user}:{password}@/{name}?host={host}&port={port}"),
        format!("postgresql://{host}:{port}/{name}?user={user}&password={password}"),
    ] {
        let operator = Operator::new()
            .with("PORTICO_DATABASE_URL", &form)
            .with("PORTICO_MASTER_KEY", &"A".repeat(43));
        let expected = format!("PostgreSQL at 127.0.0.1, database {name}");
        assert!(operator.does("migrate").contains(&expected));
        assert!(operator.does("doctor").contains(&expected));
        let checked = operator.does("config check");
        assert!(
            checked.contains("the PostgreSQL server of PORTICO_DATABASE_URL"),
            "{checked}"
        );
        if !password.is_empty() {
            for line in COMMANDS
                .iter()
                .chain(&["migrate", "doctor", "config check"])
            {
                says_nothing_of(&operator, line, &password.to_lowercase());
            }
        }
    }
    let wrong = format!("postgres://{user}:hush-pw@{host}:{port}/hush_db");
    let operator = Operator::new().with("PORTICO_DATABASE_URL", &wrong);
    for line in ["doctor", "migrate", "serve", "audit"] {
        assert!(!says_nothing_of(&operator, line, SECRET));
    }
}
