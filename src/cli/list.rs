//! What every list has: a search, a page, what comes after it.

use clap::Args;
use flow::administer::pages::{Page, PageQuery};
use serde_json::{Map, Value};

use super::output::{Output, Problem, table};

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct List {
    /// Only what contains this text, whatever its capitals
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
    /// Only what comes after this one: the "next" of the page before
    #[arg(long, value_name = "ID")]
    after: Option<String>,
}

impl List {
    pub(super) fn query(self) -> PageQuery {
        PageQuery {
            search: self.search,
            after: self.after,
            limit: self.limit,
        }
    }
}

/// Prints a page: a table with a line about what follows, or one object.
pub(super) fn print_page<T>(
    output: &Output,
    noun: &str,
    page: &Page<T>,
    json: impl Fn(&T) -> Value,
    (head, row): (&[&str], impl Fn(&T) -> Vec<String>),
) -> Result<(), Problem> {
    let mut answer = Map::new();
    answer.insert(noun.to_owned(), page.rows.iter().map(json).collect());
    answer.insert("next".to_owned(), page.next.clone().into());
    output.print(&Value::Object(answer), || {
        let rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
        let mut text = table(head, &rows);
        if let Some(next) = &page.next {
            text.push_str(&format!("There are more: --after {next}\n"));
        }
        text
    })
}
