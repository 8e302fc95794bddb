//! Samples of every page in every state, and the test that renders, checks and keeps each.
//!
//! With `PORTICO_PAGE_SAMPLES=<folder>` the test also writes them there as files that a browser can
//! open, the linked files included.

mod account_pages;
mod flow_pages;
mod names;
mod other_pages;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use askama::Template;
use foundation::clock::Instant;
use protocol::mismatch::{Mismatch, Mistake};
use protocol::scope::ScopeName;
use protocol::scope_catalog::{OperatorScope, ScopeCatalog};
use text::{Language, Languages};

use super::account::AccountPage;
use super::assets;
use super::choose_account::ChooseAccountPage;
use super::chrome::Chrome;
use super::consent::ConsentPage;
use super::error::ErrorPage;
use super::form_post::FormPostPage;
use super::history::HistoryPage;
use super::html;
use super::language::LanguagePage;
use super::link::Link;
use super::makers::notes;
use super::password::PasswordPage;
use super::program::{ProgramFace, ShownPublisher};
use super::sensitive_scope::SensitiveScopePage;
use super::sessions::SessionsPage;
use super::sign_in::SignInPage;
use super::sign_out::SignOutPage;
use super::signed_out::SignedOutPage;
use super::web_message::WebMessagePage;

/// A page with samples that show each of its states.
trait Samples: Template + Sized {
    /// Starts the names of its samples.
    const NAME: &'static str;

    /// The states, by name.
    fn samples() -> Vec<(&'static str, Self)>;

    /// All of them, rendered.
    fn rendered() -> Vec<(String, String)> {
        let render = |(name, page): (&str, Self)| {
            (
                format!("{}-{name}", Self::NAME),
                page.render().expect("a page renders"),
            )
        };
        Self::samples().into_iter().map(render).collect()
    }
}

/// Every page there is.
fn all() -> Vec<(String, String)> {
    [
        SignInPage::rendered(),
        ChooseAccountPage::rendered(),
        ConsentPage::rendered(),
        SensitiveScopePage::rendered(),
        AccountPage::rendered(),
        SessionsPage::rendered(),
        PasswordPage::rendered(),
        HistoryPage::rendered(),
        LanguagePage::rendered(),
        SignOutPage::rendered(),
        SignedOutPage::rendered(),
        ErrorPage::rendered(),
        FormPostPage::rendered(),
        WebMessagePage::rendered(),
    ]
    .concat()
}

/// A scope of the operator's own.
const ORDERS: &str = "orders:read";

fn catalog() -> ScopeCatalog {
    let orders = OperatorScope {
        description: BTreeMap::from([("en".to_owned(), "See your orders".to_owned())]),
        sensitive: false,
    };
    ScopeCatalog {
        operator: BTreeMap::from([(scope_name(ORDERS), orders)]),
        ..ScopeCatalog::default()
    }
}

fn scope_name(text: &str) -> ScopeName {
    ScopeName::parse(text).expect("a scope")
}

thread_local! {
    /// The language that samples are made in: English, until a test says otherwise.
    static LANGUAGE: RefCell<Language> = RefCell::new(Languages::built_in().fallback());
}

fn chrome() -> Chrome {
    Chrome {
        language: LANGUAGE.with_borrow(Clone::clone),
        brand: "Nova".to_owned(),
        brand_stylesheet: None,
        for_makers: Vec::new(),
    }
}

/// On a draft's page, about a value that does not fit.
fn chrome_for_makers(mistake: Mistake, received: &str) -> Chrome {
    let fits: &[&str] = match mistake {
        Mistake::RedirectUriNotRegistered => &[
            "https://market.example/callback",
            "https://market.example/app",
        ],
        Mistake::ScopeNotAllowed => &["openid"],
        _ => &[],
    };
    let about = Mismatch::new(mistake, received, fits);
    let mut chrome = chrome();
    chrome.for_makers = notes(&chrome.language, [&about]);
    chrome
}

/// Right to left, with English words: shows what a layout does.
fn chrome_from_the_right() -> Chrome {
    let language = english_from_the_right();
    assert_eq!(language.direction(), "rtl");
    Chrome {
        language,
        ..chrome()
    }
}

/// English sentences under an Arabic tag.
fn english_from_the_right() -> Language {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../text/languages/en");
    let files: Vec<String> = std::fs::read_dir(folder)
        .expect("the English sentences")
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a file"))
        .collect();
    let sources: Vec<(&str, &str, &str)> = files
        .iter()
        .map(|text| ("ar", "file.ftl", text.as_str()))
        .collect();
    Languages::from_sources(&sources).negotiate(&["ar".to_owned()], None, None)
}

/// What a stranger may call himself to break a page (attack rows 9, 73, 75).
const HOSTILE: &str = "\u{202E}</p><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;";

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).expect("a moment")
}

fn market() -> ProgramFace {
    ProgramFace {
        name: "Market".to_owned(),
        icon: None,
        publisher: Some(ShownPublisher {
            name: "Green Shelf Ltd".to_owned(),
            verified: true,
        }),
        draft: false,
        suspended: false,
        policy_uri: Link::parse("https://market.example/privacy?a=1&b=2"),
        tos_uri: Link::parse("https://market.example/terms"),
    }
}

fn taxi() -> ProgramFace {
    ProgramFace {
        name: "Taxi".to_owned(),
        icon: None,
        publisher: Some(ShownPublisher {
            name: "Yellow Wheels".to_owned(),
            verified: false,
        }),
        draft: true,
        suspended: false,
        policy_uri: None,
        tos_uri: None,
    }
}

fn bank() -> ProgramFace {
    ProgramFace {
        name: "Bank".to_owned(),
        // Served beside the samples, so that a browser shows it.
        icon: Link::own("/static/portico.svg"),
        ..market()
    }
}

/// A client that is no mini-program.
fn shop() -> ProgramFace {
    ProgramFace {
        name: "Corner Shop".to_owned(),
        publisher: None,
        ..market()
    }
}

fn hostile_program() -> ProgramFace {
    ProgramFace {
        name: HOSTILE.to_owned(),
        publisher: Some(ShownPublisher {
            name: HOSTILE.to_owned(),
            verified: false,
        }),
        ..market()
    }
}

/// A name as long as registration allows, without a place to break it.
fn long_program() -> ProgramFace {
    ProgramFace {
        name: "Donaudampfschifffahrtsgesellschaftskapitänsmützenverkauf".to_owned(),
        publisher: Some(ShownPublisher {
            name: "The Society of Friends of Very Long Publisher Names in Many Words".to_owned(),
            verified: true,
        }),
        draft: true,
        ..market()
    }
}

/// Fields of samples that only have to be there.
const STEP: &str = "step-token";

#[test]
fn every_sample_is_a_good_page_and_stays_as_it_was_seen() {
    let folder = std::env::var_os("PORTICO_PAGE_SAMPLES").map(PathBuf::from);
    for (name, html) in all() {
        println!("{name}");
        if let Some(folder) = &folder {
            write(folder, &format!("{name}.html"), html.as_bytes());
        }
        html::check(&html);
        insta::with_settings!({
            snapshot_path => "snapshots",
            prepend_module_to_snapshot => false,
            omit_expression => true,
            // A new style sheet is no new page.
            filters => vec![(r"\?v=[0-9a-f]{16}", "?v=VERSION")],
        }, {
            insta::assert_snapshot!(name, html);
        });
    }
    if let Some(folder) = &folder {
        for asset in assets::ASSETS {
            write(folder, asset.path.trim_start_matches('/'), asset.bytes);
        }
    }
}

/// Snapshots of one language are enough: what is kept is the page, the words are in their files. All
/// are written to be looked at.
#[test]
fn every_sample_is_a_good_page_in_every_language() {
    let folder = std::env::var_os("PORTICO_PAGE_SAMPLES").map(PathBuf::from);
    let languages = Languages::built_in();
    for tag in languages.tags().iter().filter(|tag| *tag != "en") {
        LANGUAGE.set(languages.negotiate(std::slice::from_ref(tag), None, None));
        for (name, html) in all() {
            html::check(&html);
            if let Some(folder) = &folder {
                write(folder, &format!("{tag}/{name}.html"), html.as_bytes());
            }
        }
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a place for samples");
    std::fs::write(path, bytes).expect("a sample is written");
}

/// A sentence that nobody says is a mistake; so is one that a scope or an error lacks.
#[test]
fn every_english_sentence_is_used() {
    const BY_NAME: &[&str] = &[
        "month-", "date", "time", "seconds", "minutes", "error-", "scope-", "what-", "missing-",
        "value-", "claim-", "makers-",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for folder in [
        "../../templates",
        "../../templates/part",
        "../../templates/oauth",
        "page",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                sources += &std::fs::read_to_string(path).expect("a file");
            }
        }
    }
    for entry in std::fs::read_dir(root.join("../text/languages/en")).expect("the sentences") {
        let file = std::fs::read_to_string(entry.expect("an entry").path()).expect("a file");
        let keys = file
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .map(|(key, _)| key);
        for key in keys.filter(|key| !key.starts_with(['#', ' '])) {
            let by_name = BY_NAME.iter().any(|start| key.starts_with(start));
            assert!(
                by_name || sources.contains(&format!("\"{key}\"")),
                "{key} is not used"
            );
        }
    }
}
