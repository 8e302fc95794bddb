//! What a command prints: text for people or one JSON object on standard output; what went wrong on
//! standard error.

use std::io::Write as _;
use std::ops::Range;

use flow::administer::Refusal;
use foundation::bounded_text::{is_unsafe_to_show, safe_to_show};
use foundation::fault::Fault;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::config::ConfigError;

/// Why a command failed, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// It was not done.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A setting cannot be used.
    #[error("the setting {0}")]
    Config(#[from] ConfigError),
    /// Something is broken or away.
    #[error("{}", .0.chain())]
    Fault(#[from] Fault),
    /// Anything else.
    #[error("{0}")]
    Said(String),
}

impl Problem {
    pub(super) fn said(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }
}

/// Where answers go.
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the answer in the wanted form.
    pub(super) fn print(&self, json: &Value, text: impl FnOnce() -> String) -> Result<(), Problem> {
        let line = if self.json { json.to_string() } else { text() };
        match writeln!(std::io::stdout(), "{}", line.trim_end()) {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Problem::said(format!("the answer cannot be printed: {e}")))
            }
            _ => Ok(()),
        }
    }
}

/// Names and values for people, a line each.
pub(super) fn lines(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.width()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for (name, value) in pairs {
        let value = safe_to_show(value);
        text.push_str(format!("{}  {value}", padded(name, width)).trim_end());
        text.push('\n');
    }
    text
}

/// Blanks between two columns.
const GAP: usize = 2;
/// Blanks before what goes on from the line above.
const INDENT: usize = 2;

/// A table for people: columns as wide as their widest cell, a row on one line. Only at a terminal that
/// is too narrow does a row go on below; nothing is ever cut off, since ids are there to be copied.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    // Only a terminal has a size: what goes into a file or another program is one line a row.
    let room = terminal_size::terminal_size_of(std::io::stdout());
    table_within(room.map(|(width, _)| usize::from(width.0)), head, rows)
}

/// The table where there is room for so many characters. Names that come from outside cannot move the
/// cursor.
fn table_within(room: Option<usize>, head: &[&str], rows: &[Vec<String>]) -> String {
    let safe = |cell: &str| {
        cell.chars()
            .filter(|c| !is_unsafe_to_show(*c))
            .collect::<String>()
    };
    let mut lines: Vec<Vec<String>> = vec![head.iter().map(|h| (*h).to_uppercase()).collect()];
    lines.extend(
        rows.iter()
            .map(|row| row.iter().map(|cell| safe(cell)).collect()),
    );
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let columns = broken(&widths, room.unwrap_or(usize::MAX));
    let mut text = String::new();
    for row in &lines {
        for (number, columns) in columns.iter().enumerate() {
            let cells = columns.clone().filter_map(|column| {
                let (cell, width) = (row.get(column)?, widths.get(column)?);
                Some(padded(cell, *width))
            });
            let cells = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
            let below = if number == 0 { 0 } else { INDENT };
            // What says nothing needs no line of its own.
            if number == 0 || !cells.trim().is_empty() {
                text.push_str(&" ".repeat(below));
                text.push_str(cells.trim_end());
                text.push('\n');
            }
        }
    }
    text
}

/// Which columns stand on one line, and which below it.
fn broken(widths: &[usize], room: usize) -> Vec<Range<usize>> {
    let (mut lines, mut first, mut used) = (Vec::new(), 0, 0);
    for (column, width) in widths.iter().enumerate() {
        let gap = if column == first { 0 } else { GAP };
        if column > first && used + gap + width > room {
            lines.push(first..column);
            (first, used) = (column, INDENT + width);
        } else {
            used += gap + width;
        }
    }
    lines.push(first..widths.len());
    lines
}

/// Blanks to a width, as a terminal counts it: an ideograph takes two places, an accent none.
fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor() {
        let rows = vec![
            vec!["m1".into(), "Mar\u{1b}[2Jket".into()],
            vec!["m-22".into(), "Taxi".into()],
        ];
        assert_eq!(
            table(&["id", "name"], &rows),
            "ID    NAME\nm1    Mar[2Jket\nm-22  Taxi\n"
        );
    }

    #[test]
    fn columns_stand_under_each_other_in_every_script() {
        let rows = vec![
            vec!["東京".into(), "draft".into()],
            vec!["Cafe\u{301}".into(), "draft".into()],
        ];
        assert_eq!(
            table_within(None, &["name", "state"], &rows),
            "NAME  STATE\n東京  draft\nCafe\u{301}  draft\n"
        );
    }

    #[test]
    fn a_row_that_is_too_long_for_a_terminal_goes_on_below() {
        let rows = vec![
            vec![
                "m1".into(),
                "A shop".into(),
                "draft".into(),
                "Harbour".into(),
            ],
            vec!["m2".into(), "Taxi".into(), String::new(), String::new()],
        ];
        let head = &["id", "name", "state", "publisher"];
        assert_eq!(
            table_within(Some(20), head, &rows),
            "ID  NAME    STATE\n  PUBLISHER\nm1  A shop  draft\n  Harbour\nm2  Taxi\n"
        );
        let whole = "ID  NAME    STATE  PUBLISHER\nm1  A shop  draft  Harbour\nm2  Taxi\n";
        assert_eq!(table_within(None, head, &rows), whole);
        assert_eq!(table_within(Some(29), head, &rows), whole);
        assert_eq!(
            table_within(Some(1), head, &rows).lines().count(),
            4 + 4 + 2
        );
    }
}
