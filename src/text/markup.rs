//! HTML that is ready to be put into a page, and the one way to put foreign text into it.
//!
//! Owns escaping and isolation. A name that a stranger chose may hold markup, or marks that turn
//! the reading direction of the sentence around it (attack rows 9 and 75): the first is escaped,
//! the second are left out, and the rest stands in `<bdi>`, so that it cannot move its neighbours.

use std::fmt;

use foundation::bounded_text::safe_to_show;

/// Escaped HTML. Only this module and [`crate::Language::html`] make it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// Wraps what this crate has escaped already.
    pub(crate) fn escaped(html: String) -> Self {
        Self(html)
    }

    /// The HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Markup {}

/// A foreign value for a page: without invisible marks, escaped, in `<bdi>`.
pub fn isolated(value: impl AsRef<str>) -> Markup {
    Markup(format!(
        "<bdi>{}</bdi>",
        escape(&safe_to_show(value.as_ref()))
    ))
}

/// Text as HTML text or as a quoted attribute's value.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_text() {
        let name = "\u{202E}<script>alert('1')</script>&\"";
        assert_eq!(
            isolated(name).as_str(),
            "<bdi>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;</bdi>"
        );
    }
}
