//! Scopes that a program asks for and does not get, and why: for the people who make it. An answer only
//! says what is left.

use protocol::mismatch::{Mismatch, Mistake};
use protocol::scope::ScopeSet;
use protocol::scope_catalog::ScopeCatalog;

use crate::client::Client;
use crate::consent::{Question, is_silent_for, usable_scope};
use crate::grant::Grant;

/// What is missing from an answer that gives these scopes.
pub fn left_out(client: &Client, requested: &ScopeSet, given: &ScopeSet) -> Vec<Mismatch> {
    let usable = usable_scope(client, requested);
    let missing = |of: &ScopeSet, from: &ScopeSet| -> ScopeSet {
        let missing = of.iter().filter(|name| !from.contains(name.as_str()));
        missing.cloned().collect()
    };
    let registered = client.allowed_scope();
    [
        (
            Mistake::ScopeNotRegistered,
            missing(requested, &usable),
            registered.as_ref(),
        ),
        (Mistake::ScopeNotAllowed, missing(&usable, given), given),
    ]
    .into_iter()
    .filter(|(_, missing, _)| !missing.is_empty())
    .map(|(mistake, missing, fits)| {
        let fits = fits.iter().map(|name| name.as_str());
        Mismatch::new(mistake, &missing.to_string(), fits)
    })
    .collect()
}

/// What will be missing however a person answers a question: they refused it before, or the program did
/// not register it.
pub fn left_out_of_question(
    client: &Client,
    requested: &ScopeSet,
    grant: Option<&Grant>,
    question: &Question,
    catalog: &ScopeCatalog,
) -> Vec<Mismatch> {
    let granted = grant.map(|grant| grant.scopes.names()).unwrap_or_default();
    let possible = requested.iter().filter(|name| {
        granted.contains(name.as_str())
            || question.sheet.contains(name)
            || question.sensitive.contains(name)
            || is_silent_for(client, name, catalog)
    });
    left_out(client, requested, &possible.cloned().collect())
}
