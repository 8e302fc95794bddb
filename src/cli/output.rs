//! What a command prints: text for people or one JSON object on standard output; what went wrong on
//! standard error.

use std::io::Write as _;

use flow::administer::Refusal;
use foundation::bounded_text::{is_unsafe_to_show, safe_to_show};
use foundation::fault::Fault;
use serde_json::Value;

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
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for (name, value) in pairs {
        let value = safe_to_show(value);
        text.push_str(format!("{name:<width$}  {value}").trim_end());
        text.push('\n');
    }
    text
}

/// A table for people: columns as wide as their widest cell. Names that come from outside cannot
/// move the cursor.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
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
        lines
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for row in &lines {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
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
}
