//! What the real binary counts while people sign in: the text of `/metrics`.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// The endings of a histogram's numbers.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// What `/metrics` says: each number by its name with its labels, and the kinds by name.
struct Numbers {
    values: BTreeMap<String, f64>,
    kinds: BTreeMap<String, String>,
    helped: BTreeSet<String>,
}

impl Numbers {
    fn read(text: &str) -> Self {
        let mut numbers = Self {
            values: BTreeMap::new(),
            kinds: BTreeMap::new(),
            helped: BTreeSet::new(),
        };
        for line in text.lines().filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words.as_slice() {
                ["#", "HELP", name, _] => {
                    numbers.helped.insert((*name).to_owned());
                }
                ["#", "TYPE", name, kind] => {
                    numbers.kinds.insert((*name).to_owned(), (*kind).to_owned());
                }
                _ => {
                    let (name, value) = line.rsplit_once(' ').expect("a number");
                    let value = value.parse().expect("a number");
                    numbers.values.insert(name.to_owned(), value);
                }
            }
        }
        numbers
    }

    fn of(&self, name: &str) -> f64 {
        *self
            .values
            .get(name)
            .unwrap_or_else(|| panic!("{name}: {:#?}", self.values))
    }

    /// The name under which a number is described.
    fn described<'a>(&self, number: &'a str) -> &'a str {
        let name = number.split('{').next().expect("a name");
        let of_histogram = OF_HISTOGRAMS.iter().find_map(|end| name.strip_suffix(end));
        of_histogram
            .filter(|name| {
                self.kinds
                    .get(*name)
                    .is_some_and(|kind| kind == "histogram")
            })
            .unwrap_or(name)
    }
}

fn a_story_is_counted(database: Database) {
    let on_sqlite = database.is_sqlite();
    let mut place = Place::new(database);
    let mut story = Story::new(&place);
    let programs = set_up(&mut story, &place);
    let program = &programs[0];
    place.logs("info");
    let _server = place.start();
    let numbers = |story: &mut Story| Numbers::read(&story.opens("/metrics").body);
    for never in [
        "portico_faults_total",
        "portico_panics_total",
        "portico_sessions_started_total",
    ] {
        assert_eq!(
            numbers(&mut story).of(never),
            0.0,
            "it is there before it was counted"
        );
    }

    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", program.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile"),
            ("code_challenge", &jwt::s256(VERIFIER)),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    let page = story.opens(&format!("/authorize?{query}"));
    let typed = |password| [("username", "ada"), ("password", password)];
    let page = story.presses(&page, "sign-in", &typed(PASSWORD));
    story.presses(&page, "allow", &[("scope", "")]);
    let page = story.opens("/sign-out");
    story.presses(&page, "logout", &[]);
    let mut page = story.opens("/account");
    let throttled = "portico_throttled_total{counted_under=\"name\"}";
    while !numbers(&mut story).values.contains_key(throttled) {
        page = story.presses(&page, "sign-in", &typed(WRONG_PASSWORD));
    }

    let numbers = numbers(&mut story);
    assert!(numbers.of("portico_sign_ins_total{result=\"no_match\"}") >= 1.0);
    for (name, expected) in [
        ("portico_sign_ins_total{result=\"signed_in\"}", 1.0),
        ("portico_pages_total{page=\"sign_in\"}", 1.0),
        ("portico_pages_total{page=\"consent\"}", 1.0),
        ("portico_consents_total{decision=\"refused\"}", 1.0),
        ("portico_sessions_started_total", 1.0),
        ("portico_sessions_ended_total{reason=\"logout\"}", 1.0),
        (
            "portico_http_requests_total{route=\"/authorize\",status=\"3xx\"}",
            1.0,
        ),
        (
            "portico_http_request_seconds_bucket{route=\"/authorize\",le=\"+Inf\"}",
            1.0,
        ),
        (
            "portico_http_request_seconds_count{route=\"/authorize\"}",
            1.0,
        ),
        ("portico_fresh", 1.0),
    ] {
        assert_eq!(numbers.of(name), expected, "{name}");
    }
    for some in [
        "portico_store_connections_max",
        "process_resident_memory_bytes",
        "process_threads",
        "process_open_fds",
    ] {
        assert!(numbers.of(some) >= 1.0, "{some}");
    }
    assert!(
        numbers
            .values
            .contains_key("portico_store_connections{state=\"idle\"}")
    );
    assert_eq!(
        numbers.kinds.contains_key("portico_store_group_size"),
        on_sqlite
    );
    for number in numbers.values.keys() {
        let name = numbers.described(number);
        assert!(numbers.helped.contains(name), "{number} has no # HELP line");
        let kind = numbers.kinds.get(name).map(String::as_str);
        assert!(
            matches!(kind, Some("counter" | "gauge" | "histogram")),
            "{number}: {kind:?}"
        );
    }
}

#[test]
fn a_story_is_counted_on_sqlite() {
    a_story_is_counted(Database::sqlite());
}

#[test]
fn a_story_is_counted_on_postgres() {
    if let Some(database) = Database::postgres() {
        a_story_is_counted(database);
    }
}
