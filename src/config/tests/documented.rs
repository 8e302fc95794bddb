//! `docs/settings.md` against the code: every setting stands in it, and what it says is so.

use std::collections::BTreeSet;

use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::*;

const PAGE: &str = include_str!("../../../docs/settings.md");

/// A line of the page's tables.
struct Row {
    key: &'static str,
    variable: &'static str,
    bounds: &'static str,
    default: &'static str,
}

fn rows() -> Vec<Row> {
    let cells = |line: &'static str| line.split('|').map(str::trim).collect::<Vec<_>>();
    PAGE.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| match cells(line)[..] {
            ["", key, variable, _, bounds, default, sentence, ""] if sentence.ends_with('.') => {
                Row {
                    key: code(key).expect("a key is code"),
                    variable,
                    bounds,
                    default,
                }
            }
            _ => panic!("six cells and a sentence: {line}"),
        })
        .collect()
}

/// What stands between backticks, if that is all.
fn code(cell: &str) -> Option<&str> {
    let inner = cell.strip_prefix('`')?.strip_suffix('`')?;
    (!inner.contains('`')).then_some(inner)
}

/// Reads nothing, and notes which fields were asked for.
struct RequestedFields(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut RequestedFields {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        self.0 = fields;
        Err(Error::custom("it was only asked"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn fields<T: Deserialize<'static>>() -> &'static [&'static str] {
    let mut asked = RequestedFields(&[]);
    assert!(T::deserialize(&mut asked).is_err());
    asked.0
}

/// The keys of all settings, as the code has them.
fn keys() -> BTreeSet<String> {
    let sections = [
        ("server", fields::<server::Section>()),
        ("database", fields::<database::Section>()),
        ("tls", fields::<tls::Section>()),
        ("session", fields::<session::Section>()),
        ("token", fields::<token::Section>()),
        ("outbound", fields::<crate::config::outbound::Section>()),
        ("scopes", fields::<scopes::Section>()),
        ("history", fields::<history::Section>()),
        ("telemetry", fields::<telemetry::Section>()),
    ];
    let names = sections.map(|(name, _)| name);
    assert_eq!(
        names.as_slice(),
        fields::<WrittenSettings>(),
        "all sections"
    );
    let below = |(section, fields): (&str, &[&str])| {
        let section = match section {
            "scopes" => "scopes.NAME".to_owned(),
            other => other.to_owned(),
        };
        let keys = fields.iter().map(|field| format!("{section}.{field}"));
        keys.collect::<Vec<_>>()
    };
    sections.into_iter().flat_map(below).collect()
}

#[test]
fn every_setting_is_described_once_with_its_variable() {
    let rows = rows();
    let described: BTreeSet<String> = rows.iter().map(|row| row.key.to_owned()).collect();
    assert_eq!(described, keys());
    assert_eq!(described.len(), rows.len());
    for row in &rows {
        let variable = source::variable_of(row.key);
        assert_eq!(code(row.variable), variable.as_deref(), "{}", row.key);
    }
}

#[test]
fn the_bounds_are_those_that_are_described() {
    let mut checked = 0;
    for row in rows() {
        let bounds = row.bounds.split_once(" to ");
        let Some((Ok(least), Ok(most))) =
            bounds.map(|(least, most)| (least.parse::<i64>(), most.parse::<i64>()))
        else {
            continue;
        };
        let takes = |value: i64| {
            let variable = code(row.variable).expect("a variable");
            load("", &[(variable, &value.to_string())]).is_ok()
        };
        assert!(takes(least) && takes(most), "{}: within", row.key);
        assert!(!takes(least - 1) && !takes(most + 1), "{}: past", row.key);
        checked += 1;
    }
    assert!(checked >= 9, "{checked}");
}

#[test]
fn the_defaults_are_those_that_are_described() {
    let usual = format!("{:?}", load("", &[]).expect("the defaults"));
    let mut checked = 0;
    for row in rows() {
        let (Some(default), Some(variable)) = (code(row.default), code(row.variable)) else {
            continue;
        };
        let set = load("", &[(variable, default)]).expect(row.key);
        assert_eq!(format!("{set:?}"), usual, "{}", row.key);
        checked += 1;
    }
    assert!(checked >= 18, "{checked}");
}
