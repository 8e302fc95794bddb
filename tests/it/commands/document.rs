//! A document for operators, and its commands as they are typed.

use std::process::Command;

use super::Operator;

/// Where Debian keeps PostgreSQL's own programs.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A document of `docs/`.
pub(super) struct Document(pub(super) &'static str);

impl Document {
    /// The commands of a section, by its heading.
    pub(super) fn commands(&self, section: &str) -> Vec<&'static str> {
        let heading = format!("\n## {section}\n");
        let (_, rest) = self.0.split_once(&heading).expect("the section");
        let text = rest.split_once("\n## ").map_or(rest, |(text, _)| text);
        let blocks = text.split("```sh\n").skip(1);
        let lines: Vec<_> = blocks
            .flat_map(|block| block.split("```").next().expect("its end").lines())
            .collect();
        assert!(!lines.is_empty(), "{section} has no commands");
        lines
    }
}

impl Operator {
    /// Types a line into a shell that finds `portico` and PostgreSQL's programs; it must go well.
    pub(super) fn types_into_a_shell(&self, line: &str) -> String {
        let portico = std::path::Path::new(env!("CARGO_BIN_EXE_portico"));
        let own = portico.parent().expect("a folder").display().to_string();
        let path = std::env::var("PATH").expect("a PATH");
        let mut command = Command::new("sh");
        command
            .args(["-euc", line])
            .env("PATH", format!("{own}:{path}:{DEBIAN}"));
        let said = self.runs(command);
        assert!(said.good, "{line}: {}{}", said.out, said.err);
        said.out
    }
}
