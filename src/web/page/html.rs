//! What must hold on every page, checked on its HTML.
//!
//! Owns a reader of the HTML that our templates write (quoted attributes, no raw `<` in text),
//! strict enough that markup smuggled in by a value makes it fail. Tests only.

use std::collections::BTreeSet;

use foundation::bounded_text::is_unsafe_to_show;

use super::link::Link;

/// An opening tag, with the text up to the next tag.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    text: &'a str,
}

impl<'a> Tag<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| *value)
    }

    fn is_control(&self) -> bool {
        ["input", "button", "select", "textarea"].contains(&self.name)
    }
}

const KNOWN: &[&str] = &[
    "html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main", "section",
    "article", "form", "input", "button", "label", "a", "p", "h1", "h2", "h3", "ul", "li", "div",
    "span", "bdi", "img", "time", "code",
];
const EMPTY: &[&str] = &["meta", "link", "input", "img"];

/// Reads all opening tags; fails unless every tag is known, closed and well written.
pub(super) fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut rest = html
        .trim_start()
        .strip_prefix("<!doctype html>")
        .expect("a document type");
    let (mut tags, mut open) = (Vec::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("a tag ends");
        let inside = &rest[at + 1..end];
        let text = rest[end + 1..].split('<').next().unwrap_or_default();
        rest = &rest[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closes what is open");
            continue;
        }
        let (name, attributes) = inside.split_once(' ').unwrap_or((inside, ""));
        assert!(KNOWN.contains(&name), "<{name}> is not a tag of ours");
        if !EMPTY.contains(&name) {
            open.push(name);
        }
        tags.push(Tag {
            name,
            attributes: attributes_of(attributes),
            text,
        });
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    tags
}

fn attributes_of(text: &str) -> Vec<(&str, &str)> {
    let mut attributes = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let name_end = rest.find([' ', '=']).unwrap_or(rest.len());
        let name = &rest[..name_end];
        rest = &rest[name_end..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let end = quoted.find('"').expect("an attribute's value is quoted");
            value = &quoted[..end];
            rest = &quoted[end + 1..];
        }
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                && (rest.is_empty() || rest.starts_with(' ')),
            "attribute {name:?} in {text:?}"
        );
        attributes.push((name, value));
        rest = rest.trim_start();
    }
    attributes
}

/// Fails unless the page is what every page must be.
pub(super) fn check(html: &str) {
    let tags = tags(html);
    check_document(html, &tags);
    check_ids(&tags);
    check_forms(&tags);
    for tag in &tags {
        check_policy(tag);
    }
}

fn check_document(html: &str, tags: &[Tag<'_>]) {
    let root = tags.first().expect("a root");
    assert_eq!(root.name, "html");
    assert!(
        root.get("lang").is_some_and(|lang| !lang.is_empty()),
        "a language"
    );
    assert!(
        matches!(root.get("dir"), Some("ltr" | "rtl")),
        "a direction"
    );
    for once in ["title", "h1", "main", "body"] {
        assert_eq!(
            tags.iter().filter(|tag| tag.name == once).count(),
            1,
            "one <{once}>"
        );
    }
    assert!(!html.contains('⟪'), "every sentence is there");
    let invisible = html.chars().find(|c| *c != '\n' && is_unsafe_to_show(*c));
    assert_eq!(invisible, None, "no invisible marks");
}

fn check_ids(tags: &[Tag<'_>]) {
    let mut ids = BTreeSet::new();
    for tag in tags {
        if let Some(id) = tag.get("id") {
            assert!(!id.is_empty() && !id.contains(' '), "id {id:?}");
            assert!(ids.insert(id), "id {id:?} twice");
        }
        assert!(
            !tag.is_control() || tag.get("id").is_some(),
            "{tag:?} has no id"
        );
        assert!(
            tag.name != "a" || tag.get("id").is_some(),
            "{tag:?} has no id"
        );
    }
    for tag in tags {
        for reference in ["for", "aria-describedby", "aria-labelledby"] {
            for id in tag.get(reference).unwrap_or_default().split_whitespace() {
                assert!(ids.contains(id), "{reference}={id:?} leads nowhere");
            }
        }
    }
    for input in tags.iter().filter(|tag| tag.name == "input") {
        let labelled = tags
            .iter()
            .any(|tag| tag.name == "label" && tag.get("for") == input.get("id"));
        let unseen =
            input.get("type") == Some("hidden") || input.get("aria-hidden") == Some("true");
        assert!(labelled || unseen, "{input:?} has no label");
    }
}

/// Forms post, and carry what proves that they are ours; links of other sites learn nothing.
fn check_forms(tags: &[Tag<'_>]) {
    let hidden = |name: &str| {
        tags.iter().any(|tag| {
            tag.get("type") == Some("hidden")
                && tag.get("name") == Some(name)
                && tag.get("value").is_some()
        })
    };
    for form in tags.iter().filter(|tag| tag.name == "form") {
        assert_eq!(form.get("method"), Some("post"));
        let ours = form
            .get("action")
            .is_some_and(|action| action.starts_with('/'));
        assert!(
            !ours || hidden("step") || hidden("csrf"),
            "{form:?} can be forged"
        );
    }
    assert!(
        tags.iter().filter(|tag| tag.name == "form").count() <= 1,
        "one form for a page"
    );
}

/// `default-src 'none'; style-src 'self'; script-src 'self'` is enough for every page.
fn check_policy(tag: &Tag<'_>) {
    for (name, value) in &tag.attributes {
        assert!(
            !name.starts_with("on") && *name != "style",
            "{name} on <{}>",
            tag.name
        );
        if ["href", "src", "action"].contains(name) && !value.starts_with('#') {
            let address = value.replace("&#38;", "&");
            assert!(
                Link::own(&address).or(Link::parse(&address)).is_some(),
                "{name}={value:?}"
            );
        }
    }
    if tag.name == "script" {
        assert!(
            tag.get("src")
                .is_some_and(|src| src.starts_with("/static/"))
                && tag.text.is_empty()
        );
    }
    // A new window; `_top` is the same one, out of its frame.
    if tag.get("target").is_some_and(|target| target != "_top") {
        assert_eq!(tag.get("rel"), Some("noopener noreferrer"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small page that is right, with a part that may not be.
    fn page(part: &str) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\" dir=\"ltr\"><title>T</title><body><main><h1>H</h1>{part}</main></body></html>"
        )
    }

    fn fails(part: &str) -> bool {
        let page = page(part);
        std::panic::catch_unwind(|| check(&page)).is_err()
    }

    #[test]
    fn the_check_lets_a_good_page_pass_and_stops_each_bad_one() {
        assert!(!fails("<p>fine</p>"));
        for bad in [
            "<b>bold</b>",
            "<p>open",
            "<script>alert(1)</script>",
            "<script src=\"https://evil.example/x.js\"></script>",
            "<p style=\"color:red\">x</p>",
            "<p onclick=\"x()\">x</p>",
            "<a id=\"x\" href=\"javascript:alert(1)\">x</a>",
            "<a id=\"x\" href=\"https://e.example\" target=\"_blank\">x</a>",
            "<button>x</button>",
            "<p id=\"x\"></p><p id=\"x\"></p>",
            "<input id=\"x\" name=\"x\">",
            "<label for=\"nowhere\">x</label>",
            "<form method=\"get\" action=\"/account\"></form>",
            "<form method=\"post\" action=\"/account\"></form>",
            "<h1>two</h1>",
            "<p>⟪missing-key⟫</p>",
            "<p>\u{202E}</p>",
            "<img src=x onerror=alert(1)>",
        ] {
            assert!(fails(bad), "{bad}");
        }
    }
}
