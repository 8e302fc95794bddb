//! `portico mini-program check`: what is wrong with a manifest, each fault with its line.

use std::path::Path;

use domain::display_name::Concern;
use flow::administer::manifest_faults::{ReviewedManifest, review_manifest};
use flow::administer::mini_programs::CheckedManifest;
use flow::answer_token_request::BUILT_IN;
use foundation::bounded_text::safe_to_show;
use serde_json::{Value, json};

use crate::cli::client::warn_of_unknown;
use crate::cli::context::{Context, NamedText};
use crate::cli::json_lines::JsonLines;
use crate::cli::output::{Output, Problem};
use crate::config::Config;

/// Something that is wrong, and where.
struct LocatedFault {
    line: Option<usize>,
    member: String,
    problem: String,
}

impl LocatedFault {
    /// In the form that editors understand. What the file says cannot move the cursor.
    fn said_of(&self, file: &str) -> String {
        let (member, problem) = (safe_to_show(&self.member), safe_to_show(&self.problem));
        match self.line {
            Some(line) => format!("{file}:{line}: {member}: {problem}"),
            None => format!("{file}: {member}: {problem}"),
        }
    }

    fn json(&self) -> Value {
        json!({ "line": self.line, "member": self.member, "problem": self.problem })
    }
}

pub(super) fn run(
    file: &Path,
    config: &Config,
    context: impl Fn() -> Result<Context, Problem>,
    output: &Output,
) -> Result<(), Problem> {
    let file = NamedText::read(file)?;
    let manifest = file.json()?;
    let lines = JsonLines::of(&file.text);
    let reviewed = review_manifest(&manifest, &config.scopes, BUILT_IN);
    let unknown: Vec<String> = reviewed
        .not_understood
        .iter()
        .map(|member| match lines.line_of(&member.name) {
            Some(line) => format!("{}:{line}: {member}", file.name),
            None => member.to_string(),
        })
        .collect();
    warn_of_unknown(&unknown);
    let findings = findings(&reviewed, &lines);
    match &reviewed.checked {
        Some(checked) if findings.is_empty() => good(checked, context(), output),
        _ => faulty(&file.name, &reviewed, &findings, output),
    }
}

/// The faults in the order of the file.
fn findings(reviewed: &ReviewedManifest, lines: &JsonLines) -> Vec<LocatedFault> {
    let faults = reviewed.faults.iter().map(|fault| LocatedFault {
        line: lines.line_of(&fault.member),
        member: fault.member.clone(),
        problem: fault.problem.clone(),
    });
    let twice = lines.twice().iter().map(|twice| LocatedFault {
        line: Some(twice.second),
        member: twice.member.clone(),
        problem: format!("stands twice, here and on line {}", twice.first),
    });
    let mut findings: Vec<LocatedFault> = faults.chain(twice).collect();
    findings.sort_by_key(|finding| finding.line);
    findings
}

fn faulty(
    file: &str,
    reviewed: &ReviewedManifest,
    findings: &[LocatedFault],
    output: &Output,
) -> Result<(), Problem> {
    let faults: Vec<Value> = findings.iter().map(LocatedFault::json).collect();
    let answer = json!({
        "ok": false,
        "faults": faults,
        "not_understood": names(reviewed),
    });
    output.print(&answer, || {
        let said = findings.iter().map(|finding| finding.said_of(file));
        said.collect::<Vec<_>>().join("\n")
    })?;
    let number = findings.len();
    let thing = if number == 1 { "fault" } else { "faults" };
    Err(Problem::said(format!(
        "{file} cannot be registered: {number} {thing}"
    )))
}

fn names(reviewed: &ReviewedManifest) -> Vec<&str> {
    let members = reviewed.not_understood.iter();
    members.map(|member| member.name.as_str()).collect()
}

/// Nothing is wrong with it; perhaps its name could mislead.
fn good(
    checked: &CheckedManifest,
    context: Result<Context, Problem>,
    output: &Output,
) -> Result<(), Problem> {
    let concerns = match &context {
        Ok(context) => {
            let acts = context.administration();
            context.act(acts.concerns_of(&checked.metadata))?
        }
        Err(_) => checked.concerns(),
    };
    let not_compared = context.err().map(|problem| problem.to_string());
    let name = checked.metadata.client_name.clone().unwrap_or_default();
    let told: Vec<String> = concerns.iter().map(Concern::to_string).collect();
    let unknown = &checked.not_understood;
    let names: Vec<&str> = unknown.iter().map(|member| member.name.as_str()).collect();
    let answer = json!({
        "ok": concerns.is_empty(),
        "client_name": name,
        "not_understood": names,
        "concerns": told,
        "compared": not_compared.is_none(),
    });
    output.print(&answer, || said(&name, &told, not_compared.as_deref()))?;
    match concerns.is_empty() {
        true => Ok(()),
        false => Err(Problem::said("the name could mislead people")),
    }
}

/// What is said of a manifest that can be read. Names from the file cannot move the cursor.
fn said(name: &str, concerns: &[String], not_compared: Option<&str>) -> String {
    let name = safe_to_show(name);
    let mut text = match concerns {
        [] => format!("The manifest of {name} is good."),
        _ => {
            format!("The manifest of {name} is good but for its name, which could mislead people:")
        }
    };
    for concern in concerns {
        text.push_str(&format!("\n  - {}", safe_to_show(concern)));
    }
    if !concerns.is_empty() {
        text.push_str(
            "\nChange it; or, where it is right all the same, `portico mini-program add` takes it with \
             --allow-lookalike.",
        );
    }
    if let Some(problem) = not_compared {
        text.push_str(&format!(
            "\nIts name was not compared with others: {problem}"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_database_nobody_compared_names() {
        assert_eq!(said("Market", &[], None), "The manifest of Market is good.");
        assert_eq!(
            said("Market", &[], Some("no database")),
            "The manifest of Market is good.\n\
             Its name was not compared with others: no database"
        );
    }

    #[test]
    fn what_could_mislead_is_said_with_what_to_do() {
        let concerns = ["✓ looks like ours".to_owned()];
        assert_eq!(
            said("✓ Market", &concerns, None),
            "The manifest of ✓ Market is good but for its name, which could mislead people:\n  \
             - ✓ looks like ours\n\
             Change it; or, where it is right all the same, `portico mini-program add` takes it with \
             --allow-lookalike."
        );
    }
}
