//! The command line as people meet it: every command has help, and the words of `design` parse.

use clap::CommandFactory as _;

use super::*;

fn parses(line: &str) -> bool {
    Cli::read(line.split_whitespace().map(OsString::from)).is_ok()
}

#[test]
fn the_commands_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_is_for() {
    fn look(command: &mut clap::Command, path: &str) {
        assert!(
            command.get_about().is_some(),
            "{path} does not say what it is for"
        );
        for argument in command.get_arguments() {
            let known = argument.is_global_set()
                || ["help", "version"].contains(&argument.get_id().as_str());
            assert!(
                known || argument.get_help().is_some(),
                "{path} {} has no help",
                argument.get_id()
            );
        }
        assert!(
            command.render_long_help().to_string().contains("Usage:"),
            "{path}"
        );
        for below in command.get_subcommands_mut() {
            let path = format!("{path} {}", below.get_name());
            look(below, &path);
        }
    }
    let mut whole = Cli::command();
    whole.build();
    look(&mut whole, "portico");
}

#[test]
fn the_lines_that_outsiders_rely_on_are_understood() {
    for line in [
        "portico demo",
        "portico demo --reset",
        "portico serve",
        "portico serve --config portico.toml",
        "portico --config portico.toml serve",
        "portico migrate",
        "portico doctor --json",
        "portico config check",
        "portico user add --username ada --password-stdin --verified --email a@example.com --phone +375 --name Ada --profile p.json --json",
        "portico user list --search x --limit 5 --after ada --json",
        "portico user show ada",
        "portico user update ada --email a@example.com --no-phone --verified",
        "portico user set-password ada --password-stdin",
        "portico user disable ada",
        "portico user enable ada",
        "portico user delete ada --yes",
        "portico --as grace user list",
        "portico user list --as grace",
        "portico publisher list --search x",
        "portico publisher show -p1",
        "portico publisher update p1 --name Haven --unverify",
        "portico publisher verify p1 --allow-lookalike",
        "portico mini-program add --manifest m.json --again --allow-lookalike",
        "portico mini-program list --publisher p1 --after -m1",
        "portico mini-program show -m1",
        "portico mini-program update m1 --manifest m.json --yes",
        "portico mini-program update m1 --manifest m.json --dry-run",
        "portico client update c1 --metadata c.json --yes",
        "portico client secret add c1",
        "portico client secret retire c1 --secret 0198",
        "portico audit --operator grace --action user.deleted --limit 5 --after 0198",
        "portico publisher add --name Harbour --json",
        "portico publisher verify p1",
        "portico mini-program new --origin https://market.example",
        "portico mini-program check m.json",
        "portico mini-program add --manifest m.json --json",
        "portico mini-program suspend m1",
        "portico mini-program release m1 --json",
        "portico mini-program secret add m1",
        "portico mini-program secret retire m1",
        "portico client add --metadata c.json --json",
        "portico client show c1",
        "portico client list",
        "portico client delete c1",
        "portico keys list --json",
        "portico keys rotate",
        "portico keys revoke k1",
        "portico session list --user ada",
        "portico session end 0198",
        "portico revoke --client c1",
        "portico revoke --user ada",
        "portico revoke --all",
        "portico audit --user ada --client c1 --since 2026-11-20",
    ] {
        assert!(parses(line), "{line}");
    }
}

fn is_text(arg: &clap::Arg) -> bool {
    arg.get_action().takes_values() && arg.get_value_parser().type_id() == TypeId::of::<String>()
}

/// The arguments of groups that want one of theirs, and have none yet.
fn wanted_by_groups<'a>(command: &'a clap::Command, given: &clap::Arg) -> Vec<&'a clap::Id> {
    let open = command.get_groups().filter(|group| {
        group.is_required_set() && !group.get_args().any(|id| id == given.get_id())
    });
    open.filter_map(|group| group.get_args().next()).collect()
}

/// The line that gives a text to one argument of a command, and to the others what they need.
fn line_giving(text: &str, to: &clap::Arg, command: &clap::Command, path: &[&str]) -> Vec<String> {
    let mut line: Vec<String> = path.iter().map(ToString::to_string).collect();
    let wanted = wanted_by_groups(command, to);
    let is_given = |arg: &&clap::Arg| {
        arg.is_required_set() || arg.get_id() == to.get_id() || wanted.contains(&arg.get_id())
    };
    for arg in command.get_arguments().filter(is_given) {
        let long = arg.get_long().map(|long| format!("--{long}"));
        let value = if is_text(arg) { text } else { "file.json" };
        let value = arg.get_action().takes_values().then(|| value.to_owned());
        line.extend(long.into_iter().chain(value));
    }
    if command.is_subcommand_required_set() {
        line.push("migrate".to_owned());
    }
    line
}

/// Two arguments of one name are one to the parser: what is given to every command would be given to
/// the other.
#[test]
fn no_command_has_an_argument_named_like_one_of_every_command() {
    fn look(command: &clap::Command, of_all: &[clap::Id], path: &str) {
        for below in command.get_subcommands() {
            let path = format!("{path} {}", below.get_name());
            for arg in below.get_arguments() {
                assert!(!of_all.contains(arg.get_id()), "{path}: {}", arg.get_id());
            }
            look(below, of_all, &path);
        }
    }
    let whole = Cli::command();
    let of_all = whole.get_arguments().filter(|arg| arg.is_global_set());
    let of_all: Vec<clap::Id> = of_all.map(|arg| arg.get_id().clone()).collect();
    assert_eq!(of_all.len(), 3, "{of_all:?}");
    look(&whole, &of_all, "portico");
}

#[test]
fn an_id_that_begins_like_an_option_can_be_given_to_every_command() {
    fn look(command: &clap::Command, path: &[&str], given: &mut usize) {
        for below in command.get_subcommands() {
            look(below, &[path, &[below.get_name()]].concat(), given);
        }
        for arg in command.get_arguments().filter(|arg| is_text(arg)) {
            for id in [
                "-aBcDeFgHiJkLmNoPqRsTu",
                "--BcDeFgHiJkLmNoPqRsTu",
                "-hVaBcDeFgHiJkLmNoPqRs",
            ] {
                let line = line_giving(id, arg, command, path);
                let read = Cli::read(line.iter().map(OsString::from));
                let cli = read.unwrap_or_else(|error| panic!("{line:?}: {error}"));
                assert!(format!("{cli:?}").contains(id), "{line:?}");
            }
            *given += 1;
        }
    }
    let mut given = 0;
    look(&Cli::command(), &["portico"], &mut given);
    assert!(given >= 20, "{given}");
    for line in [
        "portico client show --json -aBcDeFgHiJkLmNoPqRsTu",
        "portico client show -aBcDeFgHiJkLmNoPqRsTu --json",
    ] {
        assert!(parses(line), "{line}");
    }
    assert!(!parses("portico client list --nonsense"));
}

#[test]
fn half_a_command_is_refused() {
    for line in [
        "portico",
        "portico revoke",
        "portico revoke --all --user ada",
        "portico user add --username ada",
        "portico mini-program add",
        "portico demo --reset --database postgres://localhost/demo",
        "portico audit --limit 0",
        "portico user list --limit 0",
        "portico user update",
        "portico user update ada --email a@example.com --no-email",
        "portico publisher update p1",
        "portico mini-program update m1 --manifest m.json --yes --dry-run",
    ] {
        assert!(!parses(line), "{line}");
    }
}
