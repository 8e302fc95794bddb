//! The account page (`/account`): who the person is, and which program knows what.
//!
//! Owns what it says. Each tap is one button of one form; what it does is decided in `flow`.

use askama::Template;
use foundation::clock::Instant;
use text::Markup;

use super::chrome::Chrome;
use super::link::{BackLink, Link};
use super::program::{ProgramFace, initial};
use super::share::{Value, dashed};

/// Lists every program that knows something. Posts `csrf` and one of `revoke` = client id,
/// `take_back` or `reopen` = client id, a space, scope, to `/account`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The token of the hidden field.
    pub csrf: String,
    /// Whose account it is.
    pub person: Person,
    /// Programs that know something, or that were refused something.
    pub programs: Vec<KnowingProgram>,
    /// What the last tap did.
    pub notice: Option<AccountNotice>,
    /// The super app, where the person most likely came from.
    pub back: Option<BackLink>,
}

/// The person, as the account page shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Their name, or their username where they have none.
    pub name: String,
    /// Their username.
    pub username: String,
    /// Their picture ([`Link::parse_image`]).
    pub picture: Option<Link>,
    /// Lines about how they can be reached: e-mail addresses, phone numbers.
    pub contacts: Vec<String>,
}

/// A program and what it knows.
#[derive(Clone, Debug, PartialEq)]
pub struct KnowingProgram {
    /// Its client id.
    pub client_id: String,
    /// How it is recognised.
    pub face: ProgramFace,
    /// What it knows now.
    pub knows: Vec<KnownScope>,
    /// What it was refused, and may be allowed to ask again.
    pub refused: Vec<RefusedScope>,
    /// What was taken back while tokens that name it are still out.
    pub fading: Vec<FadingScope>,
    /// When the first decision was made.
    pub since: Instant,
    /// When it last used what it knows, to the minute.
    pub last_used: Option<Instant>,
}

/// A scope that a program has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownScope {
    /// The scope.
    pub scope: String,
    /// What it is ([`super::share::label`]).
    pub label: String,
    /// What it gives away at the moment.
    pub value: Value,
    /// Whether it can be taken back by itself.
    pub can_take_back: bool,
}

/// A scope that the person does not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedScope {
    /// The scope.
    pub scope: String,
    /// What it is.
    pub label: String,
}

/// A scope that was taken back a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FadingScope {
    /// What it is.
    pub label: String,
    /// When the last token that names it has expired.
    pub gone_by: Instant,
}

/// What the last tap did. Names are the program's, scopes are labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    /// A program lost all access.
    Removed {
        /// The program's name.
        program: String,
        /// When the last token has expired, if one is out.
        gone_by: Option<Instant>,
    },
    /// A program lost one scope.
    TakenBack {
        /// The program's name.
        program: String,
        /// What the scope is.
        label: String,
    },
    /// A program may ask for a scope again.
    Reopened {
        /// The program's name.
        program: String,
        /// What the scope is.
        label: String,
    },
}

impl AccountPage {
    fn notice_html(&self) -> Option<Markup> {
        let chrome = &self.chrome;
        self.notice.as_ref().map(|notice| match notice {
            AccountNotice::Removed {
                program,
                gone_by: None,
            } => chrome.with("account-removed", "program", program),
            AccountNotice::Removed {
                program,
                gone_by: Some(at),
            } => {
                let time = chrome.language.time_html(*at);
                chrome.with_two("account-removed-gone-by", "program", program, "time", time)
            }
            AccountNotice::TakenBack { program, label } => {
                chrome.with_two("account-taken-back", "program", program, "scope", label)
            }
            AccountNotice::Reopened { program, label } => {
                chrome.with_two("account-reopened", "program", program, "scope", label)
            }
        })
    }
}
