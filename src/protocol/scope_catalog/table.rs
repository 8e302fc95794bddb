//! The table of the scopes that Portico has built in, and what a row of it says. A new scope is one
//! row here and its words in `text/languages`; nothing else names it.

use crate::claim::{
    ADDRESS, ADDRESSES, BIRTHDATE, EMAIL, EMAIL_VERIFIED, FAMILY_NAME, GENDER, GIVEN_NAME, KYC,
    LOCALE, MIDDLE_NAME, NAME, NICKNAME, PAYMENT_METHODS, PHONE_NUMBER, PHONE_NUMBER_VERIFIED,
    PICTURE, PREFERRED_USERNAME, PROFILE, UNIONID, UPDATED_AT, WEBSITE, ZONEINFO,
};
use crate::scope;

/// One scope. Its place in the table is its place in the eyes of whoever is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeRow {
    /// The scope-token.
    pub name: &'static str,
    /// Who may register it.
    pub asked_by: AskedBy,
    /// Whether a registration without `scope` means it, too.
    pub standard: Standard,
    /// Whether discovery lists it.
    pub listed: bool,
    /// Whether it is given without anybody being asked.
    pub silent: Silent,
    /// Whether it can be refused and taken back.
    pub taken_back: TakenBack,
    /// Asked on a page of its own, nothing ticked beforehand.
    pub sensitive: bool,
    /// The claims that it stands for; none for a scope that is not about claims.
    pub claims: &'static [&'static str],
    /// "a verified one or nothing"
    pub verified_only: bool,
    /// Which of its claims a person sees before they share it, in this order, and in which form.
    pub shown: &'static [(&'static str, Form)],
}

/// Who may register a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// Every client.
    Anyone,
    /// Everyone but mini-programs, to whom it would hand over more than they say they need. Where
    /// the library of one asks for it all the same, it is read as the narrow one.
    NotMiniPrograms {
        /// The narrow scope.
        narrow: &'static str,
    },
    /// Mini-programs.
    MiniPrograms,
    /// The super app's own clients.
    Hosts,
    /// Clients that can keep a secret, for themselves: it is about no person, and nobody is asked.
    ForThemselves,
}

/// Whether a registration without `scope` means a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// It must be named.
    No,
    /// It need not be named.
    Yes,
    /// It need not be named by a client that may use refresh tokens.
    WithRefreshTokens,
}

/// Whether a scope is given without a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    /// People are asked.
    Never,
    /// Nobody is asked.
    Always,
    /// Nobody is asked if the operator has verified the publisher.
    VerifiedPublisher,
}

/// What a person can do about a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenBack {
    /// Nothing: it goes with every answer, and is no row anywhere.
    Never,
    /// It goes with all access, not by itself.
    WithTheGrant,
    /// It can be refused and be taken back.
    Alone,
}

/// How a claim is read from the profile and shown to its owner. A claim that is a list is one value
/// for each of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What the row is about in its own words: a name, an e-mail address.
    Text,
    /// Text that needs the claim's name beside it: `Nickname: Ada`.
    Named,
    /// A phone number, its middle hidden.
    Phone,
    /// An address on one line, with its label if it has one.
    Address,
    /// A card or an account, its number hidden.
    Card,
    /// The result of an identity check.
    IdentityCheck,
}

/// What most scopes are.
const PLAIN: ScopeRow = ScopeRow {
    name: "",
    asked_by: AskedBy::Anyone,
    standard: Standard::No,
    listed: true,
    silent: Silent::Never,
    taken_back: TakenBack::Alone,
    sensitive: false,
    claims: &[],
    verified_only: false,
    shown: &[],
};

/// The built-in scopes, in the order in which people read them: who they are before how to reach
/// them, narrow ones before the standard ones of OpenID Connect Core §5.4.
pub const BUILT_IN: &[ScopeRow] = &[
    ScopeRow {
        name: scope::OPENID,
        standard: Standard::Yes,
        silent: Silent::Always,
        taken_back: TakenBack::Never,
        ..PLAIN
    },
    ScopeRow {
        name: scope::OFFLINE_ACCESS,
        standard: Standard::WithRefreshTokens,
        ..PLAIN
    },
    // It is made when it is shared, so there is nothing to show.
    ScopeRow {
        name: scope::UNIONID,
        asked_by: AskedBy::MiniPrograms,
        silent: Silent::VerifiedPublisher,
        claims: &[UNIONID],
        ..PLAIN
    },
    ScopeRow {
        name: scope::PORTICO_LAUNCH,
        asked_by: AskedBy::Hosts,
        listed: false,
        taken_back: TakenBack::WithTheGrant,
        ..PLAIN
    },
    ScopeRow {
        name: scope::PORTICO_EVENTS,
        asked_by: AskedBy::ForThemselves,
        listed: false,
        taken_back: TakenBack::Never,
        ..PLAIN
    },
    ScopeRow {
        name: "profile.basic",
        claims: &[NAME, NICKNAME, PICTURE],
        shown: &[(NAME, Form::Text), (NICKNAME, Form::Named)],
        ..PLAIN
    },
    ScopeRow {
        name: "phone.verified",
        claims: &[PHONE_NUMBER, PHONE_NUMBER_VERIFIED],
        verified_only: true,
        shown: &[(PHONE_NUMBER, Form::Phone)],
        ..PLAIN
    },
    ScopeRow {
        name: "email.verified",
        claims: &[EMAIL, EMAIL_VERIFIED],
        verified_only: true,
        shown: &[(EMAIL, Form::Text)],
        ..PLAIN
    },
    ScopeRow {
        name: "addresses",
        sensitive: true,
        claims: &[ADDRESSES],
        shown: &[(ADDRESSES, Form::Address)],
        ..PLAIN
    },
    ScopeRow {
        name: "kyc.status",
        sensitive: true,
        claims: &[KYC],
        shown: &[(KYC, Form::IdentityCheck)],
        ..PLAIN
    },
    ScopeRow {
        name: "payment_methods",
        sensitive: true,
        claims: &[PAYMENT_METHODS],
        shown: &[(PAYMENT_METHODS, Form::Card)],
        ..PLAIN
    },
    ScopeRow {
        name: "profile",
        asked_by: AskedBy::NotMiniPrograms {
            narrow: "profile.basic",
        },
        standard: Standard::Yes,
        claims: &[
            NAME,
            FAMILY_NAME,
            GIVEN_NAME,
            MIDDLE_NAME,
            NICKNAME,
            PREFERRED_USERNAME,
            PROFILE,
            PICTURE,
            WEBSITE,
            GENDER,
            BIRTHDATE,
            ZONEINFO,
            LOCALE,
            UPDATED_AT,
        ],
        shown: &[
            (NAME, Form::Text),
            (NICKNAME, Form::Named),
            (PREFERRED_USERNAME, Form::Named),
            (GENDER, Form::Named),
            (BIRTHDATE, Form::Named),
            (WEBSITE, Form::Named),
            (PROFILE, Form::Named),
            (LOCALE, Form::Named),
            (ZONEINFO, Form::Named),
        ],
        ..PLAIN
    },
    ScopeRow {
        name: "email",
        asked_by: AskedBy::NotMiniPrograms {
            narrow: "email.verified",
        },
        standard: Standard::Yes,
        claims: &[EMAIL, EMAIL_VERIFIED],
        shown: &[(EMAIL, Form::Text)],
        ..PLAIN
    },
    ScopeRow {
        name: "phone",
        asked_by: AskedBy::NotMiniPrograms {
            narrow: "phone.verified",
        },
        standard: Standard::Yes,
        claims: &[PHONE_NUMBER, PHONE_NUMBER_VERIFIED],
        shown: &[(PHONE_NUMBER, Form::Phone)],
        ..PLAIN
    },
    ScopeRow {
        name: "address",
        asked_by: AskedBy::NotMiniPrograms {
            narrow: "addresses",
        },
        standard: Standard::Yes,
        claims: &[ADDRESS],
        shown: &[(ADDRESS, Form::Address)],
        ..PLAIN
    },
];

impl ScopeRow {
    /// A scope that everyone may ask for, people are asked about, and nothing is shown of: what a new
    /// row begins with.
    pub const fn plain(name: &'static str) -> Self {
        Self { name, ..PLAIN }
    }

    /// Whether it is about a person, who is asked and reads about it.
    pub fn is_about_a_person(&self) -> bool {
        self.asked_by != AskedBy::ForThemselves
    }

    /// The end of the keys of its sentences: `phone-verified`.
    pub fn words(&self) -> String {
        self.name.replace(['.', ':'], "-")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scope::ScopeName;

    #[test]
    fn every_row_is_a_scope_of_its_own() {
        let names: BTreeSet<_> = BUILT_IN.iter().map(|row| row.name).collect();
        let words: BTreeSet<_> = BUILT_IN.iter().map(ScopeRow::words).collect();
        assert_eq!((names.len(), words.len()), (BUILT_IN.len(), BUILT_IN.len()));
        assert!(names.iter().all(|name| ScopeName::parse(name).is_ok()));
    }

    #[test]
    fn nothing_is_shown_that_is_not_given() {
        for row in BUILT_IN {
            for (claim, _) in row.shown {
                assert!(row.claims.contains(claim), "{}: {claim}", row.name);
            }
        }
    }

    #[test]
    fn a_narrow_scope_gives_no_claim_that_its_wide_one_does_not_stand_for() {
        let row = |name: &str| BUILT_IN.iter().find(|row| row.name == name);
        let mut wide_ones = 0;
        for wide in BUILT_IN {
            let AskedBy::NotMiniPrograms { narrow } = wide.asked_by else {
                continue;
            };
            wide_ones += 1;
            let narrow = row(narrow).expect("a row");
            assert_eq!(narrow.asked_by, AskedBy::Anyone, "{}", narrow.name);
            // The address book stands for the one address of OpenID Connect Core §5.1.1.
            if wide.name != "address" {
                let within = narrow
                    .claims
                    .iter()
                    .all(|claim| wide.claims.contains(claim));
                assert!(within, "{} in {}", narrow.name, wide.name);
            }
        }
        assert_eq!(wide_ones, 4);
    }
}
