//! `portico backup` and `portico restore`.

use std::path::PathBuf;
use std::sync::Arc;

use domain::administrator::Administrator;
use foundation::clock::{SharedClock, SystemClock};
use foundation::entropy::{SharedEntropy, SystemEntropy};
use serde_json::json;

use super::ask::confirmed;
use super::context;
use super::output::{Output, Problem};
use crate::app::App;
use crate::config::{Config, Sources};

#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// Where to write it; a file that is there is not overwritten
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// What `portico backup` wrote
    file: PathBuf,
    /// Put it in the place of what is there; that is kept beside it
    #[arg(long)]
    yes: bool,
}

fn parts() -> (SharedClock, SharedEntropy) {
    (Arc::new(SystemClock), Arc::new(SystemEntropy))
}

pub(super) fn back_up(
    command: &Backup,
    sources: &Sources,
    operator: &Administrator,
    output: &Output,
) -> Result<(), Problem> {
    let config = Config::load(sources)?;
    context::log_what_is_wrong();
    let (clock, entropy) = parts();
    let made = App::back_up(&config, &clock, &entropy, (operator.by(), &command.file))?;
    let (file, bytes) = (command.file.display(), made.bytes);
    let answer = json!({ "file": file.to_string(), "bytes": bytes, "log_end": made.end });
    output.print(&answer, || {
        format!(
            "The whole installation is in {file} ({bytes} bytes). It is sealed with the master key, which \
             is not in it: keep that elsewhere."
        )
    })
}

pub(super) fn restore(
    command: &Restore,
    sources: &Sources,
    operator: &Administrator,
    output: &Output,
) -> Result<(), Problem> {
    let config = Config::load(sources)?;
    context::log_what_is_wrong();
    let (clock, entropy) = parts();
    if App::would_replace(&config, &clock)? {
        confirmed(
            command.yes,
            "There is a database in that place. Replace it? It will be kept beside the new one, and \
             everybody will have to sign in again.",
        )?;
    }
    let done = App::restore(&config, &clock, &entropy, (operator.by(), &command.file))?;
    let answer = json!({
        "database": done.place,
        "replaced": done.replaced,
        "of_another_issuer": done.of_another,
    });
    output.print(&answer, || {
        let mut said = format!(
            "The copy is in {}. Nobody is signed in any more, and no token of before is worth anything: \
             what was ended since the copy was made is not in it.",
            done.place
        );
        if let Some(replaced) = &done.replaced {
            said += &format!("\nWhat was there before is kept in {replaced}.");
        }
        if let Some(theirs) = &done.of_another {
            said += &format!(
                "\nIt is the installation of {theirs}; `portico adopt` makes it that of {}.",
                config.server.issuer
            );
        }
        said
    })
}
