//! On which line of a JSON text a member stands, so that its author can go there.

use std::collections::BTreeMap;

/// The members of a text, and their lines.
#[derive(Debug, Default)]
pub(super) struct JsonLines {
    lines: BTreeMap<String, usize>,
    twice: Vec<Twice>,
}

/// A member of the outermost object that stands there twice: readers disagree about which one counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twice {
    pub(super) member: String,
    pub(super) first: usize,
    pub(super) second: usize,
}

impl JsonLines {
    /// Of a text that was read as JSON before.
    pub(super) fn of(text: &str) -> Self {
        let mut walk = Walk {
            text,
            at: 0,
            line: 1,
            found: Self::default(),
        };
        walk.value("");
        walk.found
    }

    /// Where a member stands, such as `origins[1]` or `scope_purposes.phone.verified`, or else the one that it
    /// would be in; nothing where that is not there either.
    pub(super) fn line_of(&self, member: &str) -> Option<usize> {
        let mut path = member;
        loop {
            if let Some(line) = self.lines.get(path) {
                return Some(*line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// Members that stand twice.
    pub(super) fn twice(&self) -> &[Twice] {
        &self.twice
    }
}

/// On the way through a text.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    found: JsonLines,
}

impl Walk<'_> {
    fn value(&mut self, path: &str) {
        match self.peek() {
            Some(b'{') => self.object(path),
            Some(b'[') => self.array(path),
            Some(b'"') => drop(self.string()),
            // A number or a word ends where something else begins.
            _ => {
                while self
                    .byte()
                    .is_some_and(|b| !b",]}".contains(&b) && !b.is_ascii_whitespace())
                {
                    self.at += 1;
                }
            }
        }
    }

    fn object(&mut self, path: &str) {
        self.at += 1;
        while self.peek() == Some(b'"') {
            let line = self.line;
            let name = self.string();
            let member = match path {
                "" => name,
                path => format!("{path}.{name}"),
            };
            let before = self.found.lines.insert(member.clone(), line);
            if let Some(first) = before.filter(|_| path.is_empty()) {
                let member = member.clone();
                self.found.twice.push(Twice {
                    member,
                    first,
                    second: line,
                });
            }
            // The colon, and then the comma.
            self.passes(b':');
            self.value(&member);
            self.passes(b',');
        }
        self.passes(b'}');
    }

    fn array(&mut self, path: &str) {
        self.at += 1;
        let mut index = 0;
        while !matches!(self.peek(), Some(b']') | None) {
            let item = format!("{path}[{index}]");
            self.found.lines.insert(item.clone(), self.line);
            self.value(&item);
            self.passes(b',');
            index += 1;
        }
        self.passes(b']');
    }

    /// Reads a string, with what stands for other characters in it.
    fn string(&mut self) -> String {
        let begin = self.at;
        self.at += 1;
        while self.byte().is_some_and(|byte| byte != b'"') {
            self.at += if self.byte() == Some(b'\\') { 2 } else { 1 };
        }
        self.at += 1;
        let text = self.text.get(begin..self.at);
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What comes next, past blanks and line ends.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte().filter(u8::is_ascii_whitespace) {
            self.line += usize::from(byte == b'\n');
            self.at += 1;
        }
        self.byte()
    }

    fn passes(&mut self, byte: u8) {
        if self.peek() == Some(byte) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "client_name": "A {[\"name",
  "origins": ["https://a.example",
              "https://b.example"],
  "scope_purposes": {
    "phone.verified": { "en": "So." }, "q\u0041": { "ru": "Так." }
  },
  "number": -1.5e3, "flag": true, "nothing": null, "none": [], "no": {},
  "origins": []
}
"#;

    #[test]
    fn each_member_has_its_line() {
        let lines = JsonLines::of(TEXT);
        for (member, line) in [
            ("client_name", Some(2)),
            ("origins[0]", Some(3)),
            ("origins[1]", Some(4)),
            ("scope_purposes", Some(5)),
            ("scope_purposes.phone.verified", Some(6)),
            ("scope_purposes.phone.verified.en", Some(6)),
            ("scope_purposes.qA.ru", Some(6)),
            ("scope_purposes.addresses", Some(5)),
            ("flag", Some(8)),
            ("origins", Some(9)),
            ("publisher", None),
        ] {
            assert_eq!(lines.line_of(member), line, "{member}");
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_named() {
        let twice = Twice {
            member: "origins".to_owned(),
            first: 3,
            second: 9,
        };
        assert_eq!(JsonLines::of(TEXT).twice(), [twice]);
    }

    #[test]
    fn a_text_that_is_no_object_has_no_members() {
        for text in ["[]", "1", "\"x\"", "", "{"] {
            assert_eq!(JsonLines::of(text).line_of("publisher"), None, "{text}");
        }
    }
}
