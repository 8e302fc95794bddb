//! Step tokens: what ties a page's form to the request, the step and the browser it was made for.
//!
//! Every step of a browser flow carries one. Its signature covers a label that names the step and
//! the binding (the digest of the pre-session cookie, or the session), so a token of one step,
//! browser or person is worth nothing at another: no forged form, no flow that an attacker began
//! and a victim finishes.
//!
//! A token for a browser is sealed: it can carry a whole request, so that somebody who only passes by
//! leaves nothing in the database, and nothing of the request is read from an address.

use foundation::base64url;
use foundation::digest::TokenDigest;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::SessionId;
use keys::key_ring::KeyRing;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Which page a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowStep {
    /// The sign-in page.
    SignIn,
    /// The account chooser.
    ChooseAccount,
    /// A page of consent.
    Consent,
    /// The sign-out question.
    SignOut,
}

impl FlowStep {
    const fn label(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::ChooseAccount => "choose-account",
            Self::Consent => "consent",
            Self::SignOut => "sign-out",
        }
    }
}

/// A page that a person is sent to, with the token that opens it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageStep {
    /// Which page.
    pub flow_step: FlowStep,
    /// Its token.
    pub token: String,
    /// On the sign-in page: the person wants to be somebody else than who is signed in.
    pub as_other: bool,
}

/// Seals a payload for a step, bound to a browser.
pub(crate) fn for_browser<T: Serialize>(
    keys: &KeyRing,
    entropy: &dyn Entropy,
    flow_step: FlowStep,
    browser: TokenDigest,
    payload: &T,
) -> Result<String, Fault> {
    Ok(keys.seal_step(&browser_label(flow_step, browser), &json(payload)?, entropy))
}

/// Reads what [`for_browser`] sealed for the same step and browser.
pub(crate) fn read_for_browser<T: DeserializeOwned>(
    keys: &KeyRing,
    flow_step: FlowStep,
    browser: TokenDigest,
    token: &str,
) -> Option<T> {
    serde_json::from_slice(&keys.open_step(&browser_label(flow_step, browser), token)?).ok()
}

/// Signs a payload for a step, bound to a session.
pub(crate) fn for_session<T: Serialize>(
    keys: &KeyRing,
    flow_step: FlowStep,
    session: SessionId,
    payload: &T,
) -> Result<String, Fault> {
    Ok(keys.sign_step(&session_label(flow_step.label(), session), &json(payload)?))
}

/// Reads what [`for_session`] signed for the same step and session.
pub(crate) fn read_for_session<T: DeserializeOwned>(
    keys: &KeyRing,
    flow_step: FlowStep,
    session: SessionId,
    token: &str,
) -> Option<T> {
    serde_json::from_slice(&keys.verify_step(&session_label(flow_step.label(), session), token)?)
        .ok()
}

/// The token that every form of the account pages carries.
pub(crate) fn form_token(keys: &KeyRing, session: SessionId) -> String {
    keys.sign_step(&session_label("account", session), b"")
}

/// Whether a form of the account pages was made for this session.
pub(crate) fn is_form_token(keys: &KeyRing, session: SessionId, token: &str) -> bool {
    keys.verify_step(&session_label("account", session), token)
        .is_some()
}

fn browser_label(flow_step: FlowStep, browser: TokenDigest) -> String {
    format!(
        "browser {} {}",
        flow_step.label(),
        base64url::encode(browser.as_bytes())
    )
}

fn session_label(flow_step: &str, session: SessionId) -> String {
    format!("session {flow_step} {session}")
}

fn json<T: Serialize>(payload: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(payload).map_err(|e| Fault::broken_by("a step payload", e))
}
