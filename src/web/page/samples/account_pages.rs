//! Samples of a person's own pages.

use super::super::account::{
    AccountNotice, AccountPage, FadingScope, KnowingProgram, KnownScope, Person, RefusedScope,
};
use super::super::history::{DecisionRow, HistoryPage, ShownDecision};
use super::super::language::LanguagePage;
use super::super::link::{BackLink, Link};
use super::super::password::{PasswordOutcome, PasswordPage};
use super::super::program::ProgramFace;
use super::super::sessions::{SessionLine, SessionsPage};
use super::super::share::{self, Value};
use super::{
    HOSTILE, ORDERS, STEP, Samples, at, bank, catalog, chrome, chrome_from_the_right,
    hostile_program, long_program, market, scope_name, taxi,
};

fn label(scope: &str) -> String {
    share::label(&chrome().language, &catalog(), &scope_name(scope))
}

fn known(scope: &str, lines: &[&str]) -> KnownScope {
    let language = chrome().language;
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    KnownScope {
        scope: scope.to_owned(),
        label: label(scope),
        value: Value::of(&language, &catalog(), &scope_name(scope), lines),
        can_take_back: true,
    }
}

fn refused(scope: &str) -> RefusedScope {
    RefusedScope {
        scope: scope.to_owned(),
        label: label(scope),
    }
}

fn market_knows() -> KnowingProgram {
    KnowingProgram {
        client_id: "market-id".to_owned(),
        face: market(),
        knows: vec![known("profile.basic", &["Ada Lovelace"])],
        refused: vec![refused("phone.verified")],
        fading: Vec::new(),
        since: at("2026-10-12T09:15:00Z"),
        last_used: Some(at("2026-11-20T14:32:00Z")),
    }
}

fn taxi_knows() -> KnowingProgram {
    KnowingProgram {
        client_id: "taxi-id".to_owned(),
        face: taxi(),
        knows: vec![
            known("profile.basic", &["Ada Lovelace"]),
            known(
                "addresses",
                &[
                    "Home: 5 Lake Road, Minsk",
                    "Work: 1 Analytical Engine Square, London",
                ],
            ),
            known("phone.verified", &[]),
        ],
        refused: Vec::new(),
        fading: Vec::new(),
        last_used: None,
        ..market_knows()
    }
}

fn fading(label: &str) -> Vec<FadingScope> {
    vec![FadingScope {
        label: label.to_owned(),
        gone_by: at("2026-11-20T14:42:00Z"),
    }]
}

fn market_knows_nothing() -> KnowingProgram {
    KnowingProgram {
        knows: Vec::new(),
        refused: vec![refused("profile.basic"), refused("phone.verified")],
        fading: fading(&label("profile.basic")),
        ..market_knows()
    }
}

fn bank_knows_who() -> KnowingProgram {
    KnowingProgram {
        client_id: "bank-id".to_owned(),
        face: ProgramFace {
            suspended: true,
            ..bank()
        },
        knows: vec![KnownScope {
            can_take_back: false,
            value: Value::None,
            ..known("openid", &[])
        }],
        ..taxi_knows()
    }
}

fn hostile_knows() -> KnowingProgram {
    KnowingProgram {
        face: hostile_program(),
        knows: vec![KnownScope {
            scope: "a<b>&'c".to_owned(),
            label: HOSTILE.to_owned(),
            ..known(ORDERS, &[HOSTILE])
        }],
        refused: vec![RefusedScope {
            scope: "d\"e".to_owned(),
            label: HOSTILE.to_owned(),
        }],
        fading: fading(HOSTILE),
        ..market_knows()
    }
}

fn back_to_nova() -> Option<BackLink> {
    Some(BackLink {
        name: "Nova".to_owned(),
        to: Link::parse("https://nova.example/")?,
    })
}

impl Samples for AccountPage {
    const NAME: &'static str = "account";

    fn samples() -> Vec<(&'static str, Self)> {
        let two = Self {
            chrome: chrome(),
            csrf: STEP.to_owned(),
            person: Person {
                name: "Ada Lovelace".to_owned(),
                username: "ada".to_owned(),
                picture: None,
                contacts: vec!["ada@example.org".to_owned(), "+375 ••• 4567".to_owned()],
            },
            programs: vec![market_knows(), taxi_knows()],
            notice: None,
            back: back_to_nova(),
        };
        let (program, label) = ("Market".to_owned(), label("phone.verified"));
        let notice = |notice| Self {
            notice: Some(notice),
            ..two.clone()
        };
        let gone_by = Some(at("2026-11-20T14:42:00Z"));
        vec![
            ("two-programs", two.clone()),
            (
                "empty",
                Self {
                    programs: Vec::new(),
                    ..two.clone()
                },
            ),
            (
                "taken-back",
                Self {
                    programs: vec![market_knows_nothing(), bank_knows_who()],
                    ..notice(AccountNotice::TakenBack {
                        program: program.clone(),
                        label: label.clone(),
                    })
                },
            ),
            (
                "removed",
                notice(AccountNotice::Removed {
                    program: program.clone(),
                    gone_by: None,
                }),
            ),
            (
                "removed-gone-by",
                notice(AccountNotice::Removed {
                    program: program.clone(),
                    gone_by,
                }),
            ),
            (
                "reopened",
                notice(AccountNotice::Reopened { program, label }),
            ),
            (
                "picture-long",
                Self {
                    person: Person {
                        picture: Link::own("/static/portico.svg"),
                        contacts: Vec::new(),
                        ..two.person.clone()
                    },
                    programs: vec![KnowingProgram {
                        face: long_program(),
                        ..market_knows()
                    }],
                    ..two.clone()
                },
            ),
            (
                "from-the-right",
                Self {
                    chrome: chrome_from_the_right(),
                    ..two.clone()
                },
            ),
            (
                "hostile",
                Self {
                    person: Person {
                        name: HOSTILE.to_owned(),
                        username: HOSTILE.to_owned(),
                        picture: None,
                        contacts: vec![HOSTILE.to_owned()],
                    },
                    programs: vec![hostile_knows()],
                    ..notice(AccountNotice::Reopened {
                        program: HOSTILE.to_owned(),
                        label: HOSTILE.to_owned(),
                    })
                },
            ),
        ]
    }
}

impl Samples for LanguagePage {
    const NAME: &'static str = "language";

    fn samples() -> Vec<(&'static str, Self)> {
        let by_browser = Self {
            chrome: chrome(),
            csrf: STEP.to_owned(),
            chosen: None,
            back: back_to_nova(),
        };
        let chosen = Self {
            chosen: Some("ru".to_owned()),
            ..by_browser.clone()
        };
        vec![("by-browser", by_browser), ("chosen", chosen)]
    }
}

impl Samples for SessionsPage {
    const NAME: &'static str = "sessions";

    fn samples() -> Vec<(&'static str, Self)> {
        let session = |id: &str, device: &str, here| SessionLine {
            id: id.to_owned(),
            device: device.to_owned(),
            started: at("2026-10-12T09:15:00Z"),
            last_seen: at("2026-11-20T14:32:00Z"),
            here,
        };
        let here = session("0199-a", "Chrome on Android", true);
        let three = Self {
            chrome: chrome(),
            csrf: STEP.to_owned(),
            sessions: vec![
                here.clone(),
                session("0199-b", "Firefox on Linux", false),
                session("0199-c", "Unknown browser", false),
            ],
            others_ended: false,
            back: back_to_nova(),
        };
        vec![
            ("three", three.clone()),
            (
                "only-this",
                Self {
                    sessions: vec![here.clone()],
                    ..three.clone()
                },
            ),
            (
                "others-ended",
                Self {
                    sessions: vec![here],
                    others_ended: true,
                    ..three.clone()
                },
            ),
            (
                "hostile",
                Self {
                    sessions: vec![session("0199-d", HOSTILE, false)],
                    back: None,
                    ..three
                },
            ),
        ]
    }
}

impl Samples for PasswordPage {
    const NAME: &'static str = "password";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |outcome| Self {
            chrome: chrome(),
            csrf: STEP.to_owned(),
            username: "ada".to_owned(),
            outcome,
            back: back_to_nova(),
        };
        vec![
            ("first", page(None)),
            ("changed", page(Some(PasswordOutcome::Changed))),
            ("wrong-current", page(Some(PasswordOutcome::WrongCurrent))),
            ("too-short", page(Some(PasswordOutcome::TooShort))),
            (
                "too-long",
                page(Some(PasswordOutcome::TooLong { most: 1024 })),
            ),
            ("not-text", page(Some(PasswordOutcome::NotText))),
            ("too-common", page(Some(PasswordOutcome::TooCommon))),
            ("same", page(Some(PasswordOutcome::Same))),
            (
                "throttled",
                page(Some(PasswordOutcome::TooManyTries { seconds: 300 })),
            ),
        ]
    }
}

impl Samples for HistoryPage {
    const NAME: &'static str = "history";

    fn samples() -> Vec<(&'static str, Self)> {
        let decision = |when: &str, kind, scopes: &[&str], left_out: &[&str]| DecisionRow {
            at: at(when),
            program: market(),
            kind,
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            left_out: left_out.iter().map(|s| (*s).to_owned()).collect(),
        };
        let (name, phone) = (label("profile.basic"), label("phone.verified"));
        let (name, phone) = (name.as_str(), phone.as_str());
        let full = Self {
            chrome: chrome(),
            decisions: vec![
                decision(
                    "2026-11-20T14:32:00Z",
                    ShownDecision::Reopened,
                    &[phone],
                    &[],
                ),
                decision(
                    "2026-11-20T14:31:00Z",
                    ShownDecision::TakenBack,
                    &[name],
                    &[],
                ),
                decision(
                    "2026-11-19T08:00:00Z",
                    ShownDecision::Allowed,
                    &[name],
                    &[phone],
                ),
                decision(
                    "2026-11-19T07:59:00Z",
                    ShownDecision::Withheld,
                    &[],
                    &[phone],
                ),
                decision("2026-10-12T09:15:00Z", ShownDecision::Removed, &[], &[]),
            ],
            older: Link::own("/account/history?before=17"),
            back: back_to_nova(),
        };
        let hostile = DecisionRow {
            program: hostile_program(),
            ..decision(
                "2026-11-20T14:32:00Z",
                ShownDecision::Allowed,
                &[HOSTILE],
                &[HOSTILE],
            )
        };
        vec![
            ("full", full.clone()),
            (
                "empty",
                Self {
                    decisions: Vec::new(),
                    older: None,
                    ..full.clone()
                },
            ),
            (
                "hostile",
                Self {
                    decisions: vec![hostile],
                    older: None,
                    ..full
                },
            ),
        ]
    }
}
