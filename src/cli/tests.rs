//! The command line as people meet it: every command has help, and the words of `design` parse.

use clap::{CommandFactory as _, Parser as _};

use super::*;

fn parses(line: &str) -> bool {
    Cli::try_parse_from(line.split_whitespace()).is_ok()
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
        "portico user disable ada",
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
    ] {
        assert!(!parses(line), "{line}");
    }
}
