//! An exchange in rows: name, value where it may be shown, what it is. Tokens are decoded, never repeated.

use foundation::base64url;
use foundation::clock::Instant;
use serde::Serialize;
use serde_json::{Map, Value};

use super::asked::{Asked, Purpose};
use super::words::{Display, about, is_known};

/// The longest value that is shown, in characters.
const MAX_VALUE: usize = 300;

/// A part of an exchange: what was sent, what was answered, a token.
#[derive(Debug, Serialize)]
pub(crate) struct Part {
    title: String,
    pub(super) rows: Vec<Row>,
}

/// One line of a part.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: String,
    /// Nothing where it is masked.
    value: Option<String>,
    words: &'static str,
}

/// The parts of a request and its answer.
pub(super) fn of_exchange(asked: &Asked, body: &Value) -> Vec<Part> {
    let mut parts = vec![sent(asked)];
    match asked.purpose {
        Purpose::Keys => parts.push(listed(&body["keys"], "kid", "alg", "a public key")),
        Purpose::Programs if body["mini_programs"].is_array() => {
            let words = "a program on the home screen";
            parts.push(listed(
                &body["mini_programs"],
                "client_name",
                "state",
                words,
            ));
        }
        purpose => {
            let members = body.as_object().into_iter().flatten();
            // Documents are long; what the programs here use is enough.
            let is_document = matches!(purpose, Purpose::Discovery | Purpose::Configuration);
            let shown = members.filter(|(name, _)| !is_document || is_known(name));
            parts.push(Part {
                title: "Answered".to_owned(),
                rows: shown.map(|(name, value)| row(name, value)).collect(),
            });
        }
    }
    for name in ["id_token", "access_token"] {
        parts.extend(body[name].as_str().and_then(|token| decoded(name, token)));
    }
    parts.retain(|part| !part.rows.is_empty());
    parts
}

/// The part of an event.
pub(super) fn of_event(data: &Value) -> Vec<Part> {
    let rows = data.as_object().into_iter().flatten();
    let rows: Vec<Row> = rows.map(|(name, value)| row(name, value)).collect();
    match rows.is_empty() {
        true => Vec::new(),
        false => vec![Part {
            title: "Said".to_owned(),
            rows,
        }],
    }
}

/// The parts of a logout token.
pub(super) fn of_logout_token(token: &str) -> Vec<Part> {
    decoded("logout_token", token).into_iter().collect()
}

/// The `sid` in an id_token. Only to know whose an exchange is: the relying party verifies it.
pub(super) fn sid_of(token: &str) -> Option<String> {
    let claims = json_of(token.split('.').nth(1)?)?;
    claims.get("sid")?.as_str().map(str::to_owned)
}

fn sent(asked: &Asked) -> Part {
    let form = asked.form.iter();
    let mut rows: Vec<Row> = form
        .map(|(name, value)| row(name, &Value::from(value.as_str())))
        .collect();
    if let Some(scheme) = &asked.scheme {
        let is_basic = scheme.eq_ignore_ascii_case("basic");
        rows.insert(
            0,
            Row {
                name: format!("Authorization: {scheme}"),
                value: None,
                words: match is_basic {
                    true => "the client's own id and secret",
                    false => "the person's access token",
                },
            },
        );
    }
    Part {
        title: "Sent".to_owned(),
        rows,
    }
}

/// The rows of a list that is shown by one member of each item, under the name that another has.
fn listed(list: &Value, name: &str, value: &str, words: &'static str) -> Part {
    let text = |item: &Value, member: &str| short(item[member].as_str().unwrap_or_default());
    let items = list.as_array().into_iter().flatten();
    let rows = items.map(|item| Row {
        name: text(item, name),
        value: Some(text(item, value)),
        words,
    });
    Part {
        title: "Answered".to_owned(),
        rows: rows.collect(),
    }
}

/// What a JWT says, without what makes it one. Nothing where it is none.
fn decoded(name: &str, token: &str) -> Option<Part> {
    let mut pieces = token.split('.');
    let (header, claims) = (json_of(pieces.next()?)?, json_of(pieces.next()?)?);
    pieces.next()?;
    let head = ["typ", "alg", "kid"].into_iter();
    let head = head.filter_map(|name| Some(row(name, header.get(name)?)));
    let claims = claims.iter().map(|(name, value)| row(name, value));
    let signature = row("signature", &Value::Null);
    Some(Part {
        title: format!("{name}, decoded"),
        rows: head.chain(claims).chain([signature]).collect(),
    })
}

fn json_of(piece: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&base64url::decode(piece)?).ok()
}

fn row(name: &str, value: &Value) -> Row {
    let (display, words) = about(name);
    let moment = |at: fn(i64) -> Instant| value.as_i64().map(|n| at(n).rfc3339());
    let shown = match display {
        Display::Masked => None,
        Display::Plain => Some(plain(value)),
        Display::Moment => moment(Instant::from_seconds),
        Display::MomentMillis => moment(Instant::from_millis),
        Display::Seconds => value.as_i64().map(|n| format!("{n} s")),
    };
    Row {
        name: short(name),
        value: shown.map(|text| short(&text)),
        words,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
