//! Which file inside a layer may name which: read from the source, compared with a table, and looked
//! through for circles. A layer whose files name one another in a circle cannot be read from one end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{assert_none, layer_names, read, rust_files, source};

/// The modules of `flow`, from the ground up: each may name those that stand beside it, and all of
/// these stand above it. Read a row as: what this verb is made of.
const FLOW: &[(&str, &str)] = &[
    ("answer", ""),
    ("browser", ""),
    ("client_mistakes", ""),
    ("consent_receipt", ""),
    ("launch_consent", ""),
    ("family_end", ""),
    ("id_token_hint", ""),
    ("key_source", ""),
    ("last_used", ""),
    ("limits", ""),
    ("parents", ""),
    ("settle_grant", ""),
    ("shared_data", ""),
    ("step", ""),
    ("browser_response", "browser step"),
    ("record_decision", "browser consent_receipt settle_grant"),
    ("consent_page", "browser browser_response shared_data"),
    ("page_needed", "step"),
    ("parts", "key_source last_used"),
    ("memory", "parts"),
    ("pace", "browser limits parts"),
    ("passwords", "parts"),
    ("resources", "parts"),
    ("subject", "parts"),
    ("throttle", "parts"),
    ("find_client", "memory parts"),
    ("health", "memory parts"),
    ("protected_call", ""),
    ("token_authorization", "parents"),
    ("verify_proof", "parts protected_call"),
    ("participant", "token_authorization"),
    (
        "issue",
        "last_used parts shared_data subject token_authorization",
    ),
    ("refresh_keys", "key_source memory parts"),
    ("renew_history", "parts"),
    ("sessions", "browser memory parts"),
    (
        "account",
        "browser consent_receipt find_client memory pace parts passwords sessions shared_data step throttle",
    ),
    (
        "authenticate_client",
        "answer find_client memory parts protected_call",
    ),
    (
        "verify_access_token",
        "memory parts refresh_keys renew_history",
    ),
    ("host_token", "find_client parts verify_access_token"),
    (
        "answer_token_request",
        "answer authenticate_client browser family_end find_client host_token issue launch_consent memory parents participant parts protected_call resources settle_grant subject token_authorization verify_proof",
    ),
    (
        "administer",
        "answer_token_request key_source memory parts passwords refresh_keys sessions",
    ),
    ("deliver", "find_client parts subject"),
    (
        "end_session",
        "browser client_mistakes find_client id_token_hint parts sessions step",
    ),
    (
        "pending_authorization",
        "browser browser_response find_client id_token_hint parts step",
    ),
    ("upkeep", "last_used parts sessions"),
    (
        "answer_userinfo",
        "answer find_client last_used parts protected_call shared_data subject verify_access_token verify_proof",
    ),
    (
        "answer_host",
        "answer find_client host_token parts protected_call sessions verify_proof",
    ),
    (
        "authorize",
        "browser browser_response client_mistakes find_client memory pace page_needed parts pending_authorization record_decision resources settle_grant step subject",
    ),
    (
        "introspect",
        "answer authenticate_client memory parents parts protected_call subject verify_access_token",
    ),
    (
        "revoke",
        "answer authenticate_client family_end memory parts protected_call sessions verify_access_token",
    ),
    (
        "watch_session",
        "find_client memory parts protected_call subject verify_access_token verify_proof",
    ),
    (
        "choose_account",
        "authorize browser browser_response pace pending_authorization sessions step",
    ),
    (
        "decide_consent",
        "authorize browser browser_response consent_page pace parts pending_authorization sessions step",
    ),
    (
        "consent_sheet",
        "browser browser_response consent_page find_client launch_consent memory pace parts record_decision settle_grant step",
    ),
    ("web_ticket", "browser find_client parts"),
    (
        "sign_in",
        "authorize browser browser_response memory pace parts passwords pending_authorization sessions step throttle",
    ),
    (
        "services",
        "account administer answer_host answer_token_request answer_userinfo authenticate_client authorize choose_account consent_sheet decide_consent deliver end_session find_client health host_token introspect issue memory pace parts passwords pending_authorization refresh_keys renew_history resources revoke sessions sign_in subject throttle upkeep verify_access_token verify_proof watch_session web_ticket",
    ),
];

/// The modules of `web`, from the ground up.
const WEB: &[(&str, &str)] = &[
    ("address_limits", ""),
    ("callers", ""),
    ("ending", ""),
    ("method", ""),
    ("page", ""),
    ("face", "page"),
    ("shown", "page"),
    ("state", "address_limits callers ending"),
    ("visitor", "state"),
    ("reply", "page state visitor"),
    ("error", "page reply visitor"),
    ("extract", "reply state visitor"),
    ("assets", "error method page reply"),
    ("choose_account", "extract face method page reply visitor"),
    ("consent", "extract face method page reply shown visitor"),
    ("interaction", "consent extract method page reply visitor"),
    ("web_ticket", "extract page reply visitor"),
    ("health", "error method state"),
    ("sign_in", "extract face method page reply visitor"),
    ("sign_out", "extract method page reply visitor"),
    (
        "account",
        "extract face method page reply shown sign_in visitor",
    ),
    ("guard", "ending extract health reply"),
    ("oauth", "extract guard page reply state visitor"),
    ("session_events", "extract guard reply state"),
    ("hosts", "extract guard method reply state"),
    (
        "oidc",
        "extract guard method page reply sign_out state visitor",
    ),
];

/// The files of a layer by their module's path: `sign_in::start_session`; `lib.rs` is ``.
type Files = BTreeMap<String, String>;

/// Which modules each module names.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Which file of a layer names which, without tests and without itself. What a file only declares
/// (`mod …;`) it does not name, and a file that is there for tests only names nobody.
fn arrows(files: &Files) -> Arrows {
    let named = |module: &String, code: &String| {
        let code = source::without_tests(&source::without_comments(code));
        source::paths(&code)
            .iter()
            .filter_map(|path| named_file(files, module, path))
            .filter(|named| named != module)
            .collect()
    };
    let tested: BTreeSet<String> = files
        .iter()
        .flat_map(|(module, code)| {
            let declared = source::test_modules(code).into_iter();
            declared.map(move |name| format!("{module}::{name}"))
        })
        .map(|module| module.trim_start_matches("::").to_owned())
        .collect();
    files
        .iter()
        .filter(|(module, _)| !tested.contains(*module))
        .map(|(module, code)| (module.clone(), named(module, code)))
        .collect()
}

/// The file that a path in a module leads to, if it stays inside the layer.
fn named_file(files: &Files, module: &str, path: &[&str]) -> Option<String> {
    let here: Vec<&str> = module.split("::").filter(|name| !name.is_empty()).collect();
    let above = path.iter().take_while(|name| **name == "super").count();
    let is_child = |name: &str| files.contains_key(&[here.as_slice(), &[name]].concat().join("::"));
    let (from, rest) = match path {
        [_] => return None,
        ["crate", rest @ ..] => (&here[..0], rest),
        ["super", ..] => (&here[..here.len().checked_sub(above)?], &path[above..]),
        ["self", rest @ ..] => (&here[..], rest),
        [first, _, ..] if is_child(first) => (&here[..], path),
        _ => return None,
    };
    let whole = [from, rest].concat();
    (0..=whole.len())
        .rev()
        .map(|length| whole[..length].join("::"))
        .find(|module| files.contains_key(module))
}

/// The same between modules at the top of the layer, each with all that is below it. `lib.rs`, which
/// says what the layer offers, is left out.
fn between_tops(arrows: &Arrows) -> Arrows {
    let top = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
    let mut tops = Arrows::new();
    for (module, named) in arrows.iter().filter(|(module, _)| !module.is_empty()) {
        let row = tops.entry(top(module)).or_default();
        let others = named.iter().map(|named| top(named));
        row.extend(others.filter(|named| *named != top(module) && !named.is_empty()));
    }
    tops
}

/// A circle, if there is one: its members in order, the first one again at the end.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    let (mut way, mut done) = (Vec::new(), BTreeSet::new());
    arrows
        .keys()
        .find_map(|module| circle_from(module, arrows, &mut way, &mut done))
}

fn circle_from<'a>(
    module: &'a str,
    arrows: &'a Arrows,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(at) = way.iter().position(|passed| *passed == module) {
        let members = way[at..].iter().chain([&module]);
        return Some(members.map(ToString::to_string).collect());
    }
    if done.contains(module) {
        return None;
    }
    way.push(module);
    let found = arrows
        .get(module)
        .into_iter()
        .flatten()
        .find_map(|named| circle_from(named, arrows, way, done));
    way.pop();
    done.insert(module);
    found
}

/// What the source and a table say differently: arrows that only one of them has, and rows that name
/// what stands below them.
fn differences(layer: &str, tops: &Arrows, table: &[(&str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut above = BTreeSet::new();
    let mut rows = BTreeSet::new();
    for (module, row) in table {
        let row: BTreeSet<&str> = row.split_whitespace().collect();
        wrong.extend(
            row.iter()
                .filter(|named| !above.contains(*named))
                .map(|named| format!("{layer}: the row of {module} names {named}, not above it")),
        );
        rows.extend(row.into_iter().map(|named| (*module, named)));
        above.insert(*module);
    }
    let found: BTreeSet<(&str, &str)> = tops
        .iter()
        .flat_map(|(module, named)| named.iter().map(|named| (module.as_str(), named.as_str())))
        .collect();
    let modules: BTreeSet<&str> = tops.keys().map(String::as_str).collect();
    let listed = |(module, named): &(&str, &str)| format!("{layer}: {module} names {named}");
    wrong.extend(
        modules
            .symmetric_difference(&above)
            .map(|module| format!("{layer}: {module} is in the source or in the table only")),
    );
    wrong.extend(
        found
            .difference(&rows)
            .map(|arrow| format!("{}, which its row does not list", listed(arrow))),
    );
    wrong.extend(
        rows.difference(&found)
            .map(|arrow| format!("{} says the table, and nothing does", listed(arrow))),
    );
    wrong
}

#[test]
fn a_module_inside_flow_and_web_names_those_above_it_in_the_table_only() {
    let mut wrong = Vec::new();
    for (layer, table) in [("flow", FLOW), ("web", WEB)] {
        let tops = between_tops(&arrows(&files_of(layer)));
        wrong.extend(differences(layer, &tops, table));
    }
    assert_none(&wrong);
}

#[test]
fn no_files_inside_flow_and_web_name_one_another_in_a_circle() {
    for layer in ["flow", "web"] {
        let circle = circle(&arrows(&files_of(layer)));
        assert_eq!(circle, None, "{layer}");
    }
}

#[test]
fn no_modules_of_a_layer_name_one_another_in_a_circle() {
    for layer in layer_names() {
        let tops = between_tops(&arrows(&files_of(layer)));
        assert_eq!(circle(&tops), None, "{layer}");
    }
}

/// The files of a layer, by their modules.
fn files_of(layer: &str) -> Files {
    let folder = Path::new("src").join(layer);
    let module_of = |path: &Path| {
        let below = path.strip_prefix(&folder).expect("it is below");
        let names = below.with_extension("");
        match below.to_str() {
            Some("lib.rs") => String::new(),
            _ => names.to_string_lossy().replace('/', "::"),
        }
    };
    let files = rust_files(&folder.to_string_lossy());
    files
        .iter()
        .map(|path| (module_of(path), read(path)))
        .collect()
}

fn made_up(files: &[(&str, &str)]) -> Files {
    let owned = |(module, code): &(&str, &str)| ((*module).to_owned(), (*code).to_owned());
    files.iter().map(owned).collect()
}

#[test]
fn a_circle_is_found_however_it_is_closed() {
    let closed = |last: &str| {
        let files = made_up(&[
            ("", "mod page;\nmod step;\nmod sign_in;"),
            (
                "page",
                "use crate::step::{self, Step};\n#[cfg(test)]\npub(crate) mod samples;",
            ),
            ("page::samples", "use super::Page;\nuse crate::step::Step;"),
            ("step", "use crate::{sign_in::{start, other}};"),
            ("sign_in", "mod start;\nuse start::Session;"),
            ("sign_in::start", last),
        ]);
        circle(&arrows(&files))
    };
    assert_eq!(closed("use domain::page::Page;"), None);
    assert_eq!(closed("// use crate::page::Page;"), None);
    assert_eq!(
        closed("#[cfg(test)]\nmod tests {\n    use super::super::x;\n}"),
        None
    );
    let found = |last: &str| closed(last).expect("a circle").join(" > ");
    let whole = "page > step > sign_in > sign_in::start > page";
    for last in [
        "use crate::page::Page;",
        "use super::super::page::Page;",
        "use crate::{\n    other,\n    page::{\n        Page,\n    },\n};",
        "fn f() -> crate::page::Page {}",
    ] {
        assert_eq!(
            closed(last).map(|_| found(last)).as_deref(),
            Some(whole),
            "{last}"
        );
    }
    assert_eq!(
        found("use super::Session;"),
        "sign_in > sign_in::start > sign_in"
    );
}

#[test]
fn what_a_table_and_the_source_say_differently_is_told() {
    let files = made_up(&[
        ("", "pub mod page;"),
        ("page", ""),
        ("step", "use crate::page::Page;"),
    ]);
    let tops = between_tops(&arrows(&files));
    let told = |table: &[(&str, &str)]| differences("web", &tops, table).join("; ");
    assert_eq!(told(&[("page", ""), ("step", "page")]), "");
    assert_eq!(
        told(&[("page", ""), ("step", "")]),
        "web: step names page, which its row does not list"
    );
    assert_eq!(
        told(&[("step", "page"), ("page", "")]),
        "web: the row of step names page, not above it"
    );
    assert_eq!(
        told(&[("page", ""), ("old", "page"), ("step", "page")]),
        "web: old is in the source or in the table only; \
         web: old names page says the table, and nothing does"
    );
}
