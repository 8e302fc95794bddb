//! The line of the log about a request that could not be answered at once: which page it was led to,
//! and why.

use std::fmt::Debug;

use domain::client::Client;
use foundation::log_pace::LogPace;

use crate::step::FlowStep;

/// The target of the line, so that a filter can name it: `info,page_needed=off`.
const TARGET: &str = "page_needed";

/// The pace of this process's log: strangers can ask as often as they like.
static PACE: LogPace = LogPace::new(10);

/// Counts and logs it.
pub(crate) fn log(client: &Client, page: FlowStep, why: &impl Debug) {
    let page = word(page);
    metrics::counter!("portico_pages_total", "page" => page).increment(1);
    if let Some(left_out) = PACE.admits() {
        tracing::info!(
            target: TARGET,
            client_id = client.id.as_str(),
            page,
            why = ?why,
            left_out,
            "a request needs a page"
        );
    }
}

const fn word(page: FlowStep) -> &'static str {
    match page {
        FlowStep::SignIn => "sign_in",
        FlowStep::ChooseAccount => "choose_account",
        FlowStep::Consent => "consent",
        FlowStep::SignOut => "sign_out",
    }
}
