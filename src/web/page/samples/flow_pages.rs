//! Samples of the pages that an authorization request leads through.

use domain::kyc::{Kyc, KycStatus};
use protocol::mismatch::Mistake;
use text::Language;

use super::super::choose_account::ChooseAccountPage;
use super::super::consent::{ConsentPage, ScopeLine};
use super::super::sensitive_scope::SensitiveScopePage;
use super::super::share::{self, Value};
use super::super::sign_in::{SignInPage, SignInProblem};
use super::{
    HOSTILE, ORDERS, STEP, Samples, bank, catalog, chrome, chrome_for_makers,
    chrome_from_the_right, hostile_program, long_program, market, scope_name, shop, taxi,
};

impl Samples for SignInPage {
    const NAME: &'static str = "sign-in";

    fn samples() -> Vec<(&'static str, Self)> {
        let first = Self {
            chrome: chrome(),
            step: STEP.to_owned(),
            program: Some(market()),
            username: String::new(),
            again: None,
            problem: None,
            can_cancel: true,
        };
        let with_problem = |problem| Self {
            username: "ada".to_owned(),
            problem: Some(problem),
            ..first.clone()
        };
        vec![
            ("first", first.clone()),
            (
                "plain",
                Self {
                    program: None,
                    can_cancel: false,
                    ..first.clone()
                },
            ),
            (
                "hint",
                Self {
                    username: "ada@example.org".to_owned(),
                    ..first.clone()
                },
            ),
            (
                "draft",
                Self {
                    program: Some(taxi()),
                    ..first.clone()
                },
            ),
            (
                "ordinary-client",
                Self {
                    program: Some(shop()),
                    ..first.clone()
                },
            ),
            ("no-match", with_problem(SignInProblem::NoMatch)),
            (
                "throttled",
                with_problem(SignInProblem::TooManyTries { seconds: 8 }),
            ),
            (
                "throttled-one",
                with_problem(SignInProblem::TooManyTries { seconds: 1 }),
            ),
            (
                "again",
                Self {
                    username: "ada".to_owned(),
                    again: Some("Ada Lovelace".to_owned()),
                    ..first.clone()
                },
            ),
            (
                "again-no-match",
                Self {
                    username: "ada".to_owned(),
                    again: Some("Ada Lovelace".to_owned()),
                    ..with_problem(SignInProblem::NoMatch)
                },
            ),
            (
                "again-plain",
                Self {
                    username: "ada".to_owned(),
                    again: Some("Ada Lovelace".to_owned()),
                    program: None,
                    can_cancel: false,
                    ..first.clone()
                },
            ),
            (
                "long",
                Self {
                    program: Some(long_program()),
                    ..first.clone()
                },
            ),
            (
                "from-the-right",
                Self {
                    chrome: chrome_from_the_right(),
                    ..with_problem(SignInProblem::NoMatch)
                },
            ),
            (
                "hostile",
                Self {
                    program: Some(hostile_program()),
                    username: HOSTILE.to_owned(),
                    again: Some(HOSTILE.to_owned()),
                    step: "\"><script>".to_owned(),
                    ..first
                },
            ),
        ]
    }
}

impl Samples for ChooseAccountPage {
    const NAME: &'static str = "choose-account";

    fn samples() -> Vec<(&'static str, Self)> {
        let one = Self {
            chrome: chrome(),
            step: STEP.to_owned(),
            program: Some(market()),
            person: "Ada Lovelace".to_owned(),
            hint: Some("ada@example.org".to_owned()),
            can_cancel: true,
        };
        vec![
            ("one", one.clone()),
            (
                "plain",
                Self {
                    program: None,
                    hint: None,
                    can_cancel: false,
                    ..one.clone()
                },
            ),
            (
                "hostile",
                Self {
                    program: Some(hostile_program()),
                    person: HOSTILE.to_owned(),
                    hint: Some(HOSTILE.to_owned()),
                    ..one
                },
            ),
        ]
    }
}

fn row(language: &Language, scope: &str, lines: &[&str], purpose: Option<&str>) -> ScopeLine {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    let (catalog, name) = (catalog(), scope_name(scope));
    ScopeLine {
        scope: scope.to_owned(),
        label: share::label(language, &catalog, &name),
        value: Value::of(language, &catalog, &name, lines),
        purpose: purpose.map(str::to_owned),
        refusable: true,
    }
}

fn hostile_row() -> ScopeLine {
    ScopeLine {
        scope: "a<b>&'c".to_owned(),
        label: HOSTILE.to_owned(),
        value: Value::line(HOSTILE),
        purpose: Some(HOSTILE.to_owned()),
        refusable: true,
    }
}

/// As a host shows it.
fn on_sheet(page: ConsentPage) -> ConsentPage {
    ConsentPage {
        sheet: Some("secret-of-the-sheet".to_owned()),
        ..page
    }
}

impl Samples for ConsentPage {
    const NAME: &'static str = "consent";

    fn samples() -> Vec<(&'static str, Self)> {
        let language = chrome().language;
        let name = row(
            &language,
            "profile.basic",
            &["Ada Lovelace"],
            Some("To greet you by name."),
        );
        let phone = share::phone("+375291234567");
        let phone = row(
            &language,
            "phone.verified",
            &[phone.as_str()],
            Some("To text you when it arrives."),
        );
        let no_phone = row(
            &language,
            "phone.verified",
            &[],
            Some("To text you when it arrives."),
        );
        let fixed = |row: &ScopeLine| ScopeLine {
            refusable: false,
            purpose: None,
            ..row.clone()
        };
        let two = Self {
            chrome: chrome(),
            step: STEP.to_owned(),
            sheet: None,
            person: "Ada Lovelace".to_owned(),
            program: market(),
            rows: vec![name.clone(), phone.clone()],
            continue_as: false,
        };
        let email = row(&language, "email", &["ada@example.org"], None);
        let ordinary = Self {
            program: shop(),
            rows: vec![
                fixed(&row(&language, "profile", &["Ada Lovelace"], None)),
                email,
            ],
            continue_as: true,
            ..two.clone()
        };
        vec![
            ("two-rows", two.clone()),
            (
                "value-missing",
                Self {
                    rows: vec![name.clone(), no_phone],
                    ..two.clone()
                },
            ),
            (
                "one-more",
                Self {
                    rows: vec![phone.clone()],
                    program: bank(),
                    ..two.clone()
                },
            ),
            (
                "draft-unverified",
                Self {
                    program: taxi(),
                    ..two.clone()
                },
            ),
            (
                "draft-left-out",
                Self {
                    program: taxi(),
                    chrome: chrome_for_makers(Mistake::ScopeNotAllowed, "addresses kyc.status"),
                    ..two.clone()
                },
            ),
            (
                "not-refusable",
                Self {
                    rows: vec![fixed(&name), row(&language, ORDERS, &[], None), phone],
                    ..two.clone()
                },
            ),
            (
                "nothing",
                Self {
                    program: taxi(),
                    rows: Vec::new(),
                    ..two.clone()
                },
            ),
            ("of-host", on_sheet(two.clone())),
            (
                "of-host-draft",
                on_sheet(Self {
                    program: taxi(),
                    rows: Vec::new(),
                    ..two.clone()
                }),
            ),
            (
                "of-host-from-the-right",
                on_sheet(Self {
                    chrome: chrome_from_the_right(),
                    ..two.clone()
                }),
            ),
            (
                "of-host-long",
                on_sheet(Self {
                    program: long_program(),
                    ..two.clone()
                }),
            ),
            ("ordinary", ordinary.clone()),
            (
                "ordinary-nothing",
                Self {
                    rows: Vec::new(),
                    ..ordinary
                },
            ),
            (
                "long",
                Self {
                    program: long_program(),
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
                    program: hostile_program(),
                    person: HOSTILE.to_owned(),
                    rows: vec![hostile_row()],
                    ..two
                },
            ),
        ]
    }
}

impl Samples for SensitiveScopePage {
    const NAME: &'static str = "sensitive";

    fn samples() -> Vec<(&'static str, Self)> {
        let language = chrome().language;
        let page = |scope: &str, lines: Vec<String>| Self {
            chrome: chrome(),
            step: STEP.to_owned(),
            sheet: None,
            person: "Ada Lovelace".to_owned(),
            program: bank(),
            what: share::label_in_sentence(&language, &catalog(), &scope_name(scope)),
            value: Value::of(&language, &catalog(), &scope_name(scope), lines),
            purpose: Some("To show them where you need them.".to_owned()),
        };
        let home = share::address(
            &language,
            Some("Home"),
            "5 Lake Road\nMinsk 220030\nBelarus",
        );
        let work = share::address(
            &language,
            Some("Work"),
            "1 Analytical Engine Square\nLondon",
        );
        let cards = vec![
            share::card(&language, "Visa", "4242", Some("12/2029")),
            share::card(&language, "Mastercard", "4444", None),
        ];
        let check = Kyc {
            level: "full".into(),
            status: KycStatus::Verified,
            verified_at: Some("2026-03-01T08:00:00Z".into()),
        };
        let kyc = share::kyc(&language, &check);
        vec![
            (
                "addresses",
                Self {
                    program: market(),
                    ..page("addresses", vec![home, work])
                },
            ),
            ("cards", page("payment_methods", cards)),
            ("kyc", page("kyc.status", vec![kyc.clone()])),
            (
                "of-host",
                Self {
                    sheet: Some("\"><script>".to_owned()),
                    ..page("kyc.status", vec![kyc])
                },
            ),
            (
                "missing",
                Self {
                    program: taxi(),
                    purpose: None,
                    ..page("addresses", Vec::new())
                },
            ),
            (
                "hostile",
                Self {
                    program: hostile_program(),
                    person: HOSTILE.to_owned(),
                    what: HOSTILE.to_owned(),
                    value: Value::line(HOSTILE),
                    purpose: Some(HOSTILE.to_owned()),
                    ..page(ORDERS, Vec::new())
                },
            ),
        ]
    }
}
