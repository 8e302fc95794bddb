//! Who is at the command line: the name given with `--as`, else the name that the system knows them by.

use clap::ArgMatches;
use domain::administrator::Administrator;
use domain::audit::{CameFrom, OperatorName};

use super::output::Problem;

/// The person behind `sudo` says more than `root` does.
const BEHIND_SUDO: &str = "SUDO_USER";
const ROOT: &str = "root";
/// Who nobody knows: a container's user without a name.
const UNKNOWN: &str = "unknown";

/// The operator of this command.
pub(super) fn operator(named: Option<&str>, command: String) -> Result<Administrator, Problem> {
    let name = match named {
        Some(name) => OperatorName::parse(name)
            .map_err(|problem| Problem::said(format!("--as {name:?} {problem}")))?,
        None => {
            let system = whoami::username().ok();
            let behind = std::env::var(BEHIND_SUDO).ok();
            by_system(system.as_deref(), behind.as_deref())?
        }
    };
    let from = CameFrom {
        machine: whoami::hostname().ok(),
        command: Some(command),
        ..CameFrom::INSIDE
    };
    Ok(Administrator::at_command_line(name, from))
}

/// The variable counts for root only: anybody else could set it.
fn by_system(system: Option<&str>, behind: Option<&str>) -> Result<OperatorName, Problem> {
    let name = match (system, behind) {
        (Some(ROOT), Some(behind)) => behind,
        (Some(system), _) => system,
        (None, _) => UNKNOWN,
    };
    OperatorName::parse(name).or_else(|_| {
        OperatorName::parse(UNKNOWN).map_err(|problem| Problem::said(problem.to_string()))
    })
}

/// The words of the command, without what was given to them: `mini-program secret add`.
pub(super) fn words(matches: &ArgMatches) -> String {
    let mut words = Vec::new();
    let mut at = matches;
    while let Some((word, below)) = at.subcommand() {
        words.push(word);
        at = below;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_who_it_is_and_sudo_who_stands_behind_root() {
        let name = |system, behind| {
            let name = by_system(system, behind).expect("a name");
            name.as_str().to_owned()
        };
        assert_eq!(name(Some("ada"), None), "ada");
        assert_eq!(name(Some("ada"), Some("mallory")), "ada");
        assert_eq!(name(Some("root"), Some("ada")), "ada");
        assert_eq!(name(Some("root"), None), "root");
        assert_eq!(name(None, Some("mallory")), "unknown");
        assert_eq!(name(Some("\u{1b}"), None), "unknown");
    }
}
