//! The address of the database, which may hold a password: it is given to who connects, and shown to
//! nobody.
//!
//! Who masks a secret by another reader than the one that uses it shows it one day: libpq takes raw
//! `#`, `%` and `?` in a password, several hosts, and `password=` in the query. So of a PostgreSQL
//! URL nothing is shown, and text of others that could repeat a part of it is looked through.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use crate::secret::SecretText;

/// What separates the parts of a PostgreSQL URL, in libpq's reading or in anybody else's.
const SEPARATORS: &[char] = &[
    ':', '/', '?', '#', '[', ']', '@', ',', '&', '=', '%', '+', ' ',
];
/// A part this long is looked for anywhere; a shorter one only as a word of its own.
const LONG: usize = 4;

/// Where the database is.
#[derive(Clone)]
pub struct DatabaseUrl(DatabaseKind);

#[derive(Clone)]
enum DatabaseKind {
    /// The path of a file, as it was written.
    Sqlite(String),
    /// A server's URL.
    Postgres(SecretText),
}

/// Text that is no address of a database. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be sqlite://path/to/portico.db or postgres://user:password@host/name")]
pub struct BadDatabaseUrl;

impl DatabaseUrl {
    /// Reads `sqlite://path`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// It is anything else.
    pub fn parse(text: &str) -> Result<Self, BadDatabaseUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(BadDatabaseUrl)?;
        match scheme {
            _ if rest.is_empty() => Err(BadDatabaseUrl),
            "sqlite" => Ok(Self(DatabaseKind::Sqlite(rest.to_owned()))),
            "postgres" | "postgresql" => Ok(Self(DatabaseKind::Postgres(SecretText::new(text)))),
            _ => Err(BadDatabaseUrl),
        }
    }

    /// The file, if the database is one.
    pub fn sqlite_file(&self) -> Option<&Path> {
        match &self.0 {
            DatabaseKind::Sqlite(path) => Some(Path::new(path)),
            DatabaseKind::Postgres(_) => None,
        }
    }

    /// The URL of a PostgreSQL server, for the one place that connects.
    pub fn expose_postgres(&self) -> Option<&str> {
        match &self.0 {
            DatabaseKind::Sqlite(_) => None,
            DatabaseKind::Postgres(url) => Some(url.expose()),
        }
    }

    /// The URL of a PostgreSQL server and its password, apart: for another program, which gets the
    /// one where everybody can see it and the other where nobody can. `None` where the two cannot be
    /// told apart beyond doubt, because something is not percent-encoded that should be.
    pub fn expose_apart(&self) -> Option<(String, Option<SecretText>)> {
        let (scheme, rest) = self.expose_postgres()?.split_once("://")?;
        let (before, after) = match rest.split_once('@') {
            Some((before, after)) => (Some(before), after),
            None => (None, rest),
        };
        let (user, password) = match before.map(|b| b.split_once(':').unwrap_or((b, ""))) {
            Some((user, password)) => (format!("{user}@"), password),
            None => (String::new(), ""),
        };
        let is_plain = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%!$'()*+;=".contains(c);
            text.chars().all(plain)
        };
        // libpq takes a password in the query as well.
        let beyond_doubt = is_plain(user.trim_end_matches('@'))
            && is_plain(password)
            && !after.contains(['@', '#'])
            && !percent_decoded(after).to_lowercase().contains("password");
        beyond_doubt.then(|| {
            let secret = match password {
                "" => None,
                password => Some(SecretText::new(&*percent_decoded(password))),
            };
            (format!("{scheme}://{user}{after}"), secret)
        })
    }

    /// Whether text repeats a part of a PostgreSQL URL, raw or percent-decoded.
    pub fn is_repeated_in(&self, text: &str) -> bool {
        let DatabaseKind::Postgres(url) = &self.0 else {
            return false;
        };
        let (_, raw) = url.expose().split_once("://").unwrap_or_default();
        let text = text.to_lowercase();
        let repeats = |form: &str| {
            let form = form.to_lowercase();
            form.split(SEPARATORS).any(|part| repeats(&text, part))
        };
        repeats(raw) || repeats(&percent_decoded(raw))
    }
}

/// Shows where a database is without a part of its URL.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            DatabaseKind::Sqlite(path) => write!(f, "sqlite://{path}"),
            DatabaseKind::Postgres(_) => {
                f.write_str("the PostgreSQL server of PORTICO_DATABASE_URL")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

fn repeats(text: &str, part: &str) -> bool {
    let is_inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !part.is_empty()
        && text.match_indices(part).any(|(at, part)| {
            let (before, after) = (&text[..at], &text[at + part.len()..]);
            part.chars().count() >= LONG
                || !(is_inside(before.chars().next_back()) || is_inside(after.chars().next()))
        })
}

/// What is no correct escape stays as it is.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let escape = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let escape = escape.and_then(|hex| std::str::from_utf8(hex).ok());
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(escaped) => {
                decoded.push(escaped);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> DatabaseUrl {
        DatabaseUrl::parse(text).expect("a URL")
    }

    #[test]
    fn nothing_of_a_servers_url_is_shown() {
        for text in [
            "postgres://u:PW@h1:5432,h2:5432/db",
            "postgres://u:PW@/db?host=/sock",
            "postgresql://h/db?password=PW&user=u",
            "postgres://u:P#%/W@h/db",
        ] {
            let url = url(text);
            assert_eq!(
                url.to_string(),
                "the PostgreSQL server of PORTICO_DATABASE_URL"
            );
            assert!(format!("{url:?}").contains(&url.to_string()));
            assert_eq!(url.expose_postgres(), Some(text));
        }
        let file = url("sqlite:///var/lib/portico.db");
        assert_eq!(file.to_string(), "sqlite:///var/lib/portico.db");
        assert_eq!(file.sqlite_file(), Some(Path::new("/var/lib/portico.db")));
        for wrong in [
            "mysql://u:PW@h/db",
            "sqlite://",
            "postgres://",
            "portico.db",
            "",
        ] {
            let error = DatabaseUrl::parse(wrong).expect_err(wrong);
            assert!(!error.to_string().contains("PW"));
        }
    }

    #[test]
    fn text_that_repeats_a_part_is_noticed_raw_or_decoded() {
        let url =
            url("postgres://ada:p%40ss/w#rd%zz@db.example:5433/portico?host=/run/pg&x=%C3%BC");
        for text in [
            "for user \"ada\"",
            "invalid integer value \"p%40ss\" for connection option \"port\"",
            "it said p@ss",
            "ss: who",
            "invalid percent-encoded token: \"w#rd%zz\"",
            "at DB.EXAMPLE (10.0.0.1)",
            "port 5433 failed",
            "on socket \"/run/pg/.s.PGSQL\"",
            "database \"portico\" does not exist",
            "the value \u{fc}",
        ] {
            assert!(url.is_repeated_in(text), "{text}");
        }
        for text in [
            "server closed the connection unexpectedly",
            "passed",
            "port 543 failed",
            "",
        ] {
            assert!(!url.is_repeated_in(text), "{text}");
        }
        assert!(!self::url("sqlite://portico.db").is_repeated_in("portico.db"));
    }
}
