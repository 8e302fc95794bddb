//! The names, ids and values that other people's tools rely on.
//!
//! Owns the list; the pages that hold them are samples.

use std::collections::BTreeMap;

use super::super::html;
use super::all;

/// Sample, tag, attributes that one such tag has.
type Promise = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const PROMISES: &[Promise] = &[
    (
        "sign-in-first",
        "form",
        &[("method", "post"), ("action", "/sign-in")],
    ),
    (
        "sign-in-first",
        "input",
        &[
            ("name", "username"),
            ("id", "username"),
            ("autocomplete", "username"),
        ],
    ),
    (
        "sign-in-first",
        "input",
        &[
            ("name", "password"),
            ("id", "password"),
            ("autocomplete", "current-password"),
        ],
    ),
    (
        "sign-in-first",
        "input",
        &[("name", "step"), ("type", "hidden")],
    ),
    (
        "sign-in-first",
        "button",
        &[("id", "sign-in"), ("type", "submit")],
    ),
    (
        "sign-in-first",
        "button",
        &[
            ("name", "decision"),
            ("value", "cancel"),
            ("id", "cancel"),
            ("formnovalidate", ""),
        ],
    ),
    (
        "sign-in-hint",
        "input",
        &[("name", "username"), ("value", "ada@example.org")],
    ),
    (
        "choose-account-one",
        "form",
        &[("method", "post"), ("action", "/choose-account")],
    ),
    (
        "choose-account-one",
        "button",
        &[
            ("name", "decision"),
            ("value", "continue"),
            ("id", "continue"),
        ],
    ),
    (
        "choose-account-one",
        "button",
        &[("name", "decision"), ("value", "other"), ("id", "other")],
    ),
    (
        "consent-two-rows",
        "form",
        &[("method", "post"), ("action", "/consent")],
    ),
    (
        "consent-two-rows",
        "button",
        &[("name", "decision"), ("value", "allow"), ("id", "allow")],
    ),
    (
        "consent-two-rows",
        "button",
        &[("name", "decision"), ("value", "deny"), ("id", "deny")],
    ),
    (
        "consent-two-rows",
        "input",
        &[
            ("type", "checkbox"),
            ("name", "scope"),
            ("value", "phone.verified"),
            ("id", "scope-phone-verified"),
            ("checked", ""),
        ],
    ),
    (
        "sensitive-addresses",
        "form",
        &[("method", "post"), ("action", "/consent")],
    ),
    (
        "sensitive-addresses",
        "button",
        &[("name", "decision"), ("value", "allow"), ("id", "allow")],
    ),
    (
        "sensitive-addresses",
        "button",
        &[
            ("name", "decision"),
            ("value", "withhold"),
            ("id", "withhold"),
        ],
    ),
    (
        "sensitive-addresses",
        "button",
        &[("name", "decision"), ("value", "deny"), ("id", "deny")],
    ),
    (
        "account-two-programs",
        "input",
        &[("name", "csrf"), ("type", "hidden")],
    ),
    (
        "account-two-programs",
        "button",
        &[("name", "revoke"), ("value", "market-id")],
    ),
    (
        "account-two-programs",
        "button",
        &[("name", "take_back"), ("value", "market-id profile.basic")],
    ),
    (
        "account-two-programs",
        "button",
        &[("name", "reopen"), ("value", "market-id phone.verified")],
    ),
    (
        "sessions-three",
        "button",
        &[("name", "end"), ("value", "0199-b")],
    ),
    (
        "sessions-three",
        "button",
        &[("name", "end_others"), ("id", "end-others")],
    ),
    (
        "password-first",
        "input",
        &[("name", "current_password"), ("id", "current-password")],
    ),
    (
        "password-first",
        "input",
        &[("name", "new_password"), ("id", "new-password")],
    ),
    ("password-first", "button", &[("id", "change-password")]),
    (
        "sign-out-asked",
        "form",
        &[("method", "post"), ("action", "/sign-out")],
    ),
    (
        "sign-out-asked",
        "button",
        &[("name", "decision"), ("value", "logout"), ("id", "logout")],
    ),
    (
        "sign-out-asked",
        "button",
        &[("name", "decision"), ("value", "leave"), ("id", "leave")],
    ),
    (
        "sign-out-plain",
        "button",
        &[("name", "decision"), ("value", "stay"), ("id", "stay")],
    ),
    (
        "form-post-code",
        "form",
        &[
            ("method", "post"),
            ("action", "https://market.example/back?from=portico"),
        ],
    ),
    (
        "form-post-code",
        "input",
        &[("name", "state"), ("value", "xyz")],
    ),
    ("form-post-code", "button", &[("id", "continue")]),
];

#[test]
fn every_promised_name_is_there() {
    let pages: BTreeMap<String, String> = all().into_iter().collect();
    for (page, name, wanted) in PROMISES {
        let tags = html::tags(&pages[*page]);
        let found = tags
            .iter()
            .any(|tag| tag.name == *name && wanted.iter().all(|(n, v)| tag.get(n) == Some(*v)));
        assert!(found, "{page} has no <{name}> with {wanted:?}");
    }
}

/// The phrases that other people's tools read.
#[test]
fn every_promised_phrase_is_there() {
    let pages: BTreeMap<String, String> = all().into_iter().collect();
    for (page, phrase) in [
        ("sign-in-first", "Sign in to continue to <bdi>Market</bdi>"),
        ("sign-in-first", "Username, e-mail or phone"),
        (
            "sign-in-no-match",
            "That does not match. Check both and try again.",
        ),
        (
            "sign-in-throttled",
            "Too many tries. Try again in 8 seconds.",
        ),
        (
            "sign-in-throttled-one",
            "Too many tries. Try again in 1 second.",
        ),
        ("sign-in-again", "Please sign in again"),
        (
            "consent-two-rows",
            "<bdi>Market</bdi> says: “<bdi>To text you when it arrives.</bdi>”",
        ),
        ("consent-two-rows", "You can change this in Settings."),
        ("account-two-programs", "<h1>Settings</h1>"),
        ("consent-two-rows", "+375 ••• 4567"),
        ("consent-two-rows", "Signed in as <bdi>Ada Lovelace</bdi>"),
        ("consent-ordinary", "Continue as <bdi>Ada Lovelace</bdi>"),
        ("consent-draft-unverified", ">Test</span>"),
        ("sensitive-cards", "Visa •••• 4242"),
        (
            "account-taken-back",
            "what it still holds runs out by <time datetime=\"2026-11-20T14:42:00Z\">14:42</time> UTC",
        ),
        ("sign-out-plain", "Sign out everywhere"),
        ("sign-out-asked", "Leave <bdi>Market</bdi> only"),
        (
            "error-not-available",
            "<h1><bdi>Market</bdi> is not available</h1>",
        ),
        ("error-stale-over", "Open <bdi>Market</bdi> to go on."),
    ] {
        assert!(pages[page].contains(phrase), "{page} does not say {phrase}");
    }
}
