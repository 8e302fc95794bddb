//! A question before something that cannot be taken back. Only a person at a terminal can answer it;
//! everybody else says `--yes`.

use std::io::{IsTerminal as _, Write as _};

use super::output::Problem;

/// Asks, unless the answer was given with the command.
pub(super) fn confirmed(yes: bool, question: &str) -> Result<(), Problem> {
    if yes {
        return Ok(());
    }
    match answered(question)? {
        Some(true) => Ok(()),
        Some(false) => Err(Problem::said("nothing was done")),
        None => Err(Problem::said(format!(
            "{question} Nobody is there to answer: say --yes"
        ))),
    }
}

/// What the person at the terminal answers; nothing where there is nobody.
pub(super) fn answered(question: &str) -> Result<Option<bool>, Problem> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    let mut stderr = std::io::stderr();
    // A closed terminal gives no answer either.
    let _ = write!(stderr, "{question} [y/N] ");
    let _ = stderr.flush();
    let mut line = String::new();
    stdin
        .read_line(&mut line)
        .map_err(|e| Problem::said(format!("no answer: {e}")))?;
    Ok(Some(matches!(line.trim(), "y" | "Y" | "yes")))
}
