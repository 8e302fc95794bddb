//! How long things live: the operator's settings as one small value, with the design's defaults.

use foundation::clock::Span;

/// Lifetimes of sessions, tokens and steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A session's longest life.
    pub session: Span,
    /// How long a session may stay unused.
    pub session_idle: Span,
    /// Access tokens; never more than [`Lifetimes::MAX_ACCESS`].
    pub access: Span,
    /// id_tokens.
    pub id_token: Span,
    /// Authorization codes; never more than a minute.
    pub code: Span,
    /// How long a page may wait for its answer.
    pub step: Span,
    /// How long a refresh token may stay unused.
    pub refresh_idle: Span,
    /// A refresh token's longest life.
    pub refresh: Span,
    /// How long an honest retry of a refresh gets the same answer.
    pub refresh_retry_window: Span,
    /// A signing key's active life.
    pub signing_key: Span,
    /// How long a signing key is published before it signs.
    pub signing_key_announced: Span,
    /// How long a refusal is remembered.
    pub refusal: Span,
    /// How long it is tried to tell a client what it must hear.
    pub delivery: Span,
}

impl Lifetimes {
    /// RFC 6749 §4.1.2: "A maximum authorization code lifetime of 10 minutes is RECOMMENDED"; ours
    /// is one minute.
    pub const MAX_CODE: Span = Span::seconds(60);
    /// No access token lives longer, so nothing about ended tokens is remembered longer.
    pub const MAX_ACCESS: Span = Span::minutes(60);
    /// No launch token lives longer: a page holds it, which anybody may look into.
    pub const MAX_LAUNCH: Span = Span::minutes(30);
    /// How long what ended is remembered in memory: the longest access token and two minutes.
    pub const ENDED_MEMORY: Span = Span::minutes(62);
    /// A node that has not been heard of for so long is gone.
    pub const NODE_SILENCE: Span = Span::seconds(30);
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            session: Span::days(90),
            session_idle: Span::days(30),
            access: Span::minutes(10),
            id_token: Span::minutes(10),
            code: Self::MAX_CODE,
            step: Span::minutes(30),
            refresh_idle: Span::days(30),
            refresh: Span::days(365),
            refresh_retry_window: Span::seconds(10),
            signing_key: Span::days(90),
            signing_key_announced: Span::hours(24),
            refusal: Span::days(365),
            delivery: Span::days(1),
        }
    }
}
