//! Reading our own pages as a browser without scripts does: forms, inputs, buttons, words.
//! Not a reader of any HTML: it expects what `templates/` writes, quoted attributes above all.

/// A form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) buttons: Vec<Button>,
}

/// An input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) checked: bool,
}

/// A button.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The forms of a page.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    for tag in tags(page) {
        let get = |name: &str| tag.get(name).unwrap_or_default();
        match (tag.name, forms.last_mut()) {
            ("form", _) => forms.push(Form {
                action: get("action"),
                ..Form::default()
            }),
            ("input", Some(form)) => form.inputs.push(Input {
                id: get("id"),
                kind: get("type"),
                name: get("name"),
                value: get("value"),
                checked: tag.get("checked").is_some(),
            }),
            ("button", Some(form)) => form.buttons.push(Button {
                id: get("id"),
                name: get("name"),
                value: get("value"),
            }),
            _ => {}
        }
    }
    forms
}

/// A start tag.
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    attributes: Vec<(&'a str, String)>,
}

impl Tag<'_> {
    /// An attribute's value, empty for one without.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let found = self.attributes.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| value.clone())
    }
}

/// The start tags of a page, in order.
pub(crate) fn tags(page: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name_end = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        if name_end > 0 {
            let (attributes, after) = attributes(&rest[name_end..]);
            tags.push(Tag {
                name: &rest[..name_end],
                attributes,
            });
            rest = after;
        }
    }
    tags
}

/// Reads attributes up to the end of the tag; gives what follows it.
fn attributes(mut rest: &str) -> (Vec<(&str, String)>, &str) {
    let mut read = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return (read, rest.strip_prefix('>').unwrap_or_default());
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))
            .unwrap_or(rest.len());
        let name = &rest[..end];
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let close = quoted.find('"').unwrap_or(quoted.len());
            value = unescaped(&quoted[..close]);
            rest = quoted.get(close + 1..).unwrap_or_default();
        }
        read.push((name, value));
    }
}

/// The text of a page without tags, with single spaces and without direction marks.
pub(crate) fn words(page: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in page.chars() {
        match c {
            '<' => {
                inside = true;
                text.push(' ');
            }
            '>' if inside => inside = false,
            '\u{2066}'..='\u{2069}' => {}
            _ if !inside => text.push(c),
            _ => {}
        }
    }
    let text = unescaped(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = rest.find(';').filter(|end| *end < 10) else {
            plain.push('&');
            rest = &rest[1..];
            continue;
        };
        plain.push_str(&entity(&rest[1..end]));
        rest = &rest[end + 1..];
    }
    plain + rest
}

fn entity(name: &str) -> String {
    let numbered = name.strip_prefix('#').and_then(|number| {
        let code = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        char::from_u32(code.ok()?)
    });
    match (numbered, name) {
        (Some(c), _) => c.to_string(),
        (None, "lt") => "<".into(),
        (None, "gt") => ">".into(),
        (None, "amp") => "&".into(),
        (None, "quot") => "\"".into(),
        (None, "apos") => "'".into(),
        (None, "nbsp") => " ".into(),
        (None, other) => panic!("an entity that is not known here: {other}"),
    }
}

#[test]
fn a_page_is_read_as_a_browser_reads_it() {
    let page = r#"<p>Hello &#60;b&gt;</p><form method="post" action="/x?a=1&#38;b=2">
        <input type="checkbox" name="scope" value="a&quot;b" id="s" checked><button id="go" name="decision" value="allow">Go</button>
        <input type="hidden" name="step" value="1"/></form>"#;
    let form = forms(page).remove(0);
    assert_eq!(form.action, "/x?a=1&b=2");
    assert_eq!(form.inputs.len(), 2);
    assert_eq!(form.inputs[0].value, "a\"b");
    assert!(form.inputs[0].checked && !form.inputs[1].checked);
    assert_eq!(form.buttons[0].value, "allow");
    assert_eq!(words(page), "Hello <b> Go");
}
