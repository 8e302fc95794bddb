//! What each parameter, member and claim is, in a few words, and whether its value may be shown. What is
//! not in the table is masked.

/// How the value of something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    /// As it is.
    Plain,
    /// Seconds since 1970.
    Moment,
    /// Milliseconds since 1970.
    MomentMillis,
    /// A number of seconds.
    Seconds,
    /// Not at all.
    Masked,
}

use Display::{Masked, Moment, MomentMillis, Plain, Seconds};

/// What people read about a name that is not in the table.
const UNKNOWN: (Display, &str) = (Masked, "not shown here");

/// Name, how its value is shown, what it is.
const TABLE: &[(&str, Display, &str)] = &[
    // What is sent.
    ("grant_type", Plain, "what is given in return for tokens"),
    ("client_id", Plain, "the program, as Portico knows it"),
    ("client_secret", Masked, "proves that it is this client"),
    ("redirect_uri", Plain, "where the browser came back to"),
    ("code", Masked, "good once, for a minute"),
    ("code_verifier", Masked, "only who began this knows it"),
    (
        "code_challenge",
        Masked,
        "the verifier's digest, sent ahead",
    ),
    ("code_challenge_method", Plain, "how that digest is made"),
    (
        "refresh_token",
        Masked,
        "brings new tokens, while the session goes on",
    ),
    ("token", Masked, "the token in question"),
    ("subject_token", Masked, "Nova's own access token"),
    ("subject_token_type", Plain, "what kind of token that is"),
    ("requested_token_type", Plain, "what Nova wants for it"),
    ("audience", Plain, "for which program"),
    ("nonce", Masked, "ties the answer to this one request"),
    (
        "dpop_jkt",
        Masked,
        "the page's own key, to which the token is bound",
    ),
    ("interaction_mode", Plain, "how the consent sheet answers"),
    ("ui_locales", Plain, "the language of the sheet"),
    ("prompt", Plain, "the person tapped: ask again"),
    (
        "logout_token",
        Masked,
        "says that a stay is over; decoded below",
    ),
    // What is answered.
    (
        "access_token",
        Masked,
        "opens what was allowed, for minutes",
    ),
    ("id_token", Masked, "says who it is; decoded below"),
    ("token_type", Plain, "how the token is presented"),
    ("issued_token_type", Plain, "what was given out"),
    ("expires_in", Seconds, "how long it is good"),
    ("scope", Plain, "what it is about, and nothing else"),
    ("active", Plain, "whether it is worth anything now"),
    ("error", Plain, "why not, in OAuth's words"),
    ("error_description", Plain, "for whoever writes the program"),
    (
        "subject_token_state",
        Plain,
        "what is wrong with Nova's token",
    ),
    ("interaction", Plain, "the sheet's name, safe to pass on"),
    (
        "interaction_uri",
        Masked,
        "the sheet's address, for Nova's page alone",
    ),
    (
        "interaction_expires_in",
        Seconds,
        "how long the sheet can be opened",
    ),
    ("entry_uri", Plain, "where the program begins"),
    ("origins", Plain, "the only places that the frame may be"),
    // Claims.
    ("iss", Plain, "who says so: Portico"),
    (
        "sub",
        Plain,
        "the person, under an id that only this program has",
    ),
    ("aud", Plain, "whom it is meant for; others refuse it"),
    ("azp", Plain, "which client got it"),
    ("act", Plain, "who acted for the person: the super app"),
    ("sid", Plain, "this stay; when it ends, it is named by this"),
    ("exp", Moment, "worthless after this"),
    ("iat", Moment, "made then"),
    ("nbf", Moment, "not good before"),
    (
        "auth_time",
        Moment,
        "when the person last proved who they are",
    ),
    ("acr", Plain, "how surely"),
    ("amr", Plain, "by what: pwd is a password"),
    ("at_hash", Plain, "ties it to its access token"),
    (
        "jti",
        Masked,
        "a sealed handle: Portico asks it whether all stands",
    ),
    ("cnf", Masked, "the key that it is bound to"),
    (
        "unionid",
        Plain,
        "the person, for all programs of one publisher",
    ),
    ("events", Plain, "what kind of notice this is"),
    (
        "typ",
        Plain,
        "what this is, so that it passes for nothing else",
    ),
    ("alg", Plain, "how it is signed"),
    ("kid", Plain, "with which of Portico's keys"),
    ("signature", Masked, "proves that Portico made it"),
    // What a person shares is named, and not repeated.
    ("name", Masked, "shared by the person; not repeated here"),
    (
        "nickname",
        Masked,
        "shared by the person; not repeated here",
    ),
    ("picture", Masked, "shared by the person; not repeated here"),
    (
        "phone_number",
        Masked,
        "shared by the person; not repeated here",
    ),
    (
        "phone_number_verified",
        Masked,
        "shared by the person; not repeated here",
    ),
    (
        "addresses",
        Masked,
        "shared by the person; not repeated here",
    ),
    (
        "payment_methods",
        Masked,
        "shared by the person; not repeated here",
    ),
    ("kyc", Masked, "shared by the person; not repeated here"),
    // Session events.
    ("at", MomentMillis, "when it happened at Portico"),
    ("reason", Plain, "why"),
    ("removed", Plain, "what is no longer shared"),
    ("session_expires_at", MomentMillis, "when it ends by itself"),
    // Documents.
    ("issuer", Plain, "Portico's name, to the letter"),
    (
        "authorization_endpoint",
        Plain,
        "where browsers are sent to sign in",
    ),
    ("token_endpoint", Plain, "where codes become tokens"),
    (
        "introspection_endpoint",
        Plain,
        "whether a token still stands",
    ),
    ("userinfo_endpoint", Plain, "what a person shares"),
    ("end_session_endpoint", Plain, "where one signs out"),
    ("jwks_uri", Plain, "the public keys"),
    (
        "session_events_endpoint",
        Plain,
        "where the end is heard, as it happens",
    ),
    ("account_uri", Plain, "where a person sees who knows what"),
    ("bridge_uri", Plain, "the script for a program's page"),
    ("bridge_integrity", Plain, "that script's digest"),
];

/// How a value is shown, and what it is.
pub(super) fn about(name: &str) -> (Display, &'static str) {
    let found = TABLE.iter().find(|(known, ..)| *known == name);
    found.map_or(UNKNOWN, |(_, display, words)| (*display, words))
}

/// Whether there is a word on it.
pub(super) fn is_known(name: &str) -> bool {
    about(name) != UNKNOWN
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_name_has_one_row_and_what_nobody_knows_is_masked() {
        let names: BTreeSet<_> = TABLE.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), TABLE.len());
        assert_eq!(about("password"), UNKNOWN);
        assert!(!is_known("password"));
    }

    #[test]
    fn what_opens_something_is_never_shown() {
        for name in [
            "client_secret",
            "code",
            "code_verifier",
            "refresh_token",
            "token",
            "subject_token",
            "access_token",
            "id_token",
            "logout_token",
            "interaction_uri",
            "signature",
            "jti",
            "cnf",
        ] {
            assert_eq!(about(name).0, Masked, "{name}");
        }
    }
}
