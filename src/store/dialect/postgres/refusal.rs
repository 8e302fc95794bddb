//! Why a server could not be connected to, in words that repeat nothing of its URL.
//!
//! libpq names the host, the user, or a piece of the URL in nearly all that it says, and where it
//! reads an unescaped password in its own way that piece is the password. Its text is left out
//! whole then, and what it means is said in our words.

use foundation::database_url::DatabaseUrl;

/// What is found in the text of libpq or the server, and what it means. The first one counts.
const MEANINGS: &[(&str, &str)] = &[
    (
        "password authentication failed",
        "it does not accept the user's password",
    ),
    (
        "no password supplied",
        "it asks for a password, and none is given",
    ),
    (
        "no pg_hba.conf entry",
        "its pg_hba.conf does not admit this user from here",
    ),
    ("authentication failed", "it does not admit this user"),
    ("is not permitted to log in", "it does not admit this user"),
    ("FATAL:  role", "it knows no such user"),
    (
        "FATAL:  database",
        "it has no such database, or does not admit this user to it",
    ),
    ("permission denied", "it does not admit this user"),
    ("too many", "it has no connection left"),
    ("remaining connection slots", "it has no connection left"),
    ("starting up", "it is starting"),
    ("shutting down", "it is shutting down"),
    (
        "does not support SSL",
        "it does not speak TLS, and the URL asks for it",
    ),
    (
        "certificate",
        "its certificate is not trusted, or a file for TLS is missing",
    ),
    ("SSL", "TLS failed"),
    ("Connection refused", "it refuses the connection"),
    (
        "could not translate host name",
        "its host name is not known",
    ),
    (
        "No such file or directory",
        "there is no socket at that place",
    ),
    ("timeout expired", "it does not answer"),
    ("timed out", "it does not answer"),
    ("unreachable", "there is no way to it"),
    ("server closed the connection", "it closed the connection"),
    ("percent-encoded", UNREADABLE),
    ("URI", UNREADABLE),
    ("port number", UNREADABLE),
    ("invalid", UNREADABLE),
    ("could not match", UNREADABLE),
];

const UNREADABLE: &str = "the URL cannot be read: in user and password, what is no letter or digit \
                          is written with a percent sign (# as %23, % as %25, / as %2F, @ as %40)";

/// What is said instead of libpq's text if that repeats a part of the URL.
pub(super) fn in_our_words(url: &DatabaseUrl, text: &str) -> String {
    if !url.is_repeated_in(text) {
        return text.trim().to_owned();
    }
    let meaning = MEANINGS.iter().find(|(sign, _)| text.contains(sign));
    let meaning = meaning.map_or(
        "what libpq says repeats a part of the URL and is left out",
        |(_, meaning)| meaning,
    );
    format!("{url}: {meaning}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_without_the_text_that_repeats_the_url() {
        let url = DatabaseUrl::parse("postgres://ada:PW@db.example:5433/portico").expect("a URL");
        let said = |text: &str| {
            let said = in_our_words(&url, text);
            let rest = said.strip_prefix("the PostgreSQL server of PORTICO_DATABASE_URL: ");
            rest.map_or_else(|| format!("as it is: {said}"), str::to_owned)
        };
        for (text, expected) in [
            (
                "connection to server at \"db.example\" (10.0.0.1), port 5433 failed: Connection refused\n",
                "it refuses the connection",
            ),
            (
                "connection to server at \"db.example\", port 5433 failed: FATAL:  password authentication \
                 failed for user \"ada\"",
                "it does not accept the user's password",
            ),
            (
                "could not translate host name \"db.example\" to address: Name or service not known",
                "its host name is not known",
            ),
            (
                "FATAL:  database \"portico\" does not exist",
                "it has no such database, or does not admit this user to it",
            ),
            ("invalid percent-encoded token: \"PW\"", UNREADABLE),
            (
                "something about PW that nobody has seen before",
                "what libpq says repeats a part of the URL and is left out",
            ),
            (
                "connection to server on socket \"/tmp/.s\" failed: no\n",
                "as it is: connection to server on socket \"/tmp/.s\" failed: no",
            ),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }
}
