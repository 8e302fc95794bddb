//! Step tokens: what ties a page's form to the request, the step and the browser it was made for.
//!
//! Every step of a browser flow carries one. It is sealed under a label that names the step, and says
//! inside for whom it was made (the digest of the pre-session cookie, or the session), so a token of
//! one step, browser or person is worth nothing at another: no forged form, no flow that an attacker
//! began and a victim finishes.
//!
//! It can carry a whole request, so that somebody who only passes by leaves nothing in the database, and
//! nothing of the request is read from an address. Whoever is not the one for whom it was made can still
//! be told which program to open again.

use foundation::base64url;
use foundation::digest::TokenDigest;
use foundation::entropy::{self, Entropy};
use foundation::fault::Fault;
use foundation::id::SessionId;
use keys::key_ring::KeyRing;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenUse {
    /// It opens a page, and most pages' forms send it back.
    Page(FlowStep),
    /// The form of a page of consent sends it: it says what was shown.
    ConsentForm,
    /// The form of a page of a host's consent sheet sends it: it says what was shown.
    SheetForm,
}

/// For whom a token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeFor {
    /// For a browser, by the digest of its pre-session cookie.
    Browser(TokenDigest),
    /// For whoever is signed in.
    Session(SessionId),
}

/// What a token says. It counts only where it was made for: see [`Opened::counts_for`].
pub(crate) struct Opened<T> {
    made_for: MadeFor,
    payload: T,
}

impl<T> Opened<T> {
    /// What the token says, if it was made for them; else the same as an error, of which nothing may be
    /// done but to say where a person could go.
    pub(crate) fn counts_for(self, whom: Option<MadeFor>) -> Result<T, T> {
        match whom == Some(self.made_for) {
            true => Ok(self.payload),
            false => Err(self.payload),
        }
    }

    /// For whom it was made.
    pub(crate) fn made_for(&self) -> MadeFor {
        self.made_for
    }
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct SealedStep<T> {
    /// The bytes of the digest of the browser's cookie.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(rename = "p")]
    payload: T,
}

/// Random bytes that a token begins with: each is sealed under a key of its own, because a key with
/// random nonces is used up after 2³² tokens, and anybody may ask for one.
const SALT: usize = 16;
/// How long they are as text.
const SALT_TEXT: usize = 22;

/// Seals a payload.
pub(crate) fn seal<T: Serialize>(
    keys: &KeyRing,
    entropy: &dyn Entropy,
    token_use: TokenUse,
    made_for: MadeFor,
    payload: &T,
) -> Result<String, Fault> {
    let (browser, session) = match made_for {
        MadeFor::Browser(digest) => (Some(base64url::encode(digest.as_bytes())), None),
        MadeFor::Session(session) => (None, Some(session)),
    };
    let sealed = SealedStep {
        browser,
        session,
        payload,
    };
    let sealed = serde_json::to_vec(&sealed).map_err(|e| Fault::broken_by("a step payload", e))?;
    let salt = base64url::encode(&entropy::bytes::<SALT>(entropy));
    let token = keys.seal_step(&label(token_use, &salt), &sealed, entropy);
    Ok(format!("{salt}.{token}"))
}

/// Opens what [`seal`] sealed for the same use.
pub(crate) fn open<T: DeserializeOwned>(
    keys: &KeyRing,
    token_use: TokenUse,
    token: &str,
) -> Option<Opened<T>> {
    let (salt, token) = token.split_once('.')?;
    if salt.len() != SALT_TEXT {
        return None;
    }
    let sealed = keys.open_step(&label(token_use, salt), token)?;
    let sealed: SealedStep<T> = serde_json::from_slice(&sealed).ok()?;
    let made_for = match (sealed.browser, sealed.session) {
        (Some(digest), None) => {
            MadeFor::Browser(TokenDigest::from_slice(&base64url::decode(&digest)?)?)
        }
        (None, Some(session)) => MadeFor::Session(session),
        _ => return None,
    };
    Some(Opened {
        made_for,
        payload: sealed.payload,
    })
}

/// The token that every form of the account pages carries.
pub(crate) fn form_token(keys: &KeyRing, session: SessionId) -> String {
    keys.sign_step(&form_label(session), b"")
}

/// Whether a form of the account pages was made for this session.
pub(crate) fn is_form_token(keys: &KeyRing, session: SessionId, token: &str) -> bool {
    keys.verify_step(&form_label(session), token).is_some()
}

fn label(token_use: TokenUse, salt: &str) -> String {
    match token_use {
        TokenUse::Page(flow_step) => format!("page {} {salt}", flow_step.label()),
        TokenUse::ConsentForm => format!("consent form {salt}"),
        TokenUse::SheetForm => format!("sheet form {salt}"),
    }
}

fn form_label(session: SessionId) -> String {
    format!("session account {session}")
}
