//! The list of decisions (`/account/history`): the person's side of the receipts.
//!
//! Owns what it says, and its grouping by day. Which page of them is shown is the handler's choice.

use askama::Template;
use foundation::clock::Instant;
use text::Markup;

use super::chrome::Chrome;
use super::link::{BackLink, Link};
use super::program::ProgramFace;

/// Lists decisions, newest first.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "history.html")]
pub struct HistoryPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The decisions, newest first.
    pub decisions: Vec<DecisionRow>,
    /// Where older ones are ([`Link::own`]), if there are any.
    pub older: Option<Link>,
    /// The super app.
    pub back: Option<BackLink>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionRow {
    /// When.
    pub at: Instant,
    /// About which program.
    pub program: ProgramFace,
    /// What was decided.
    pub kind: ShownDecision,
    /// Labels of what was shared, stopped or reopened.
    pub scopes: Vec<String>,
    /// Labels of what was left out at the same time.
    pub left_out: Vec<String>,
}

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownDecision {
    /// Allow, with something shared.
    Allowed,
    /// Allow, with everything left unticked, or Don't share.
    Withheld,
    /// Remove access.
    Removed,
    /// Stop sharing.
    TakenBack,
    /// Let it ask again.
    Reopened,
}

/// The decisions of one day (UTC).
struct Day<'a> {
    at: Instant,
    decisions: Vec<&'a DecisionRow>,
}

impl HistoryPage {
    fn days(&self) -> Vec<Day<'_>> {
        let mut days: Vec<(String, Day<'_>)> = Vec::new();
        for decision in &self.decisions {
            let date = self.chrome.language.date(decision.at);
            match days.last_mut() {
                Some((last, day)) if *last == date => day.decisions.push(decision),
                _ => days.push((
                    date,
                    Day {
                        at: decision.at,
                        decisions: vec![decision],
                    },
                )),
            }
        }
        days.into_iter().map(|(_, day)| day).collect()
    }

    fn sentence(&self, decision: &DecisionRow) -> Markup {
        let key = match decision.kind {
            ShownDecision::Allowed => "history-allowed",
            ShownDecision::Withheld => "history-withheld",
            ShownDecision::Removed => "history-removed",
            ShownDecision::TakenBack => "history-taken-back",
            ShownDecision::Reopened => "history-reopened",
        };
        self.chrome.with(key, "program", &decision.program.name)
    }
}
