//! `portico config check`: reads the settings and the files that they name as `serve` would, and says
//! what they are. It does not look at the database: `portico doctor` does.

use clap::Subcommand;
use serde_json::json;

use super::output::{Output, Problem};
use crate::app::App;
use crate::config::{self, Sources};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Read the settings and the files that they name as `serve` would, and say what they are
    Check,
}

pub(super) fn run(
    command: &ConfigCommand,
    sources: &Sources,
    output: &Output,
) -> Result<(), Problem> {
    let ConfigCommand::Check = command;
    let config = config::Config::load(sources)?;
    App::look_at_files(&config)?;
    let database = config.database.url.to_string();
    let file = sources.file.as_ref().map(|path| path.display().to_string());
    let answer = json!({
        "file": file,
        "issuer": config.server.issuer,
        "listen": config.server.listen.to_string(),
        "database": database,
        "data_dir": config.server.data_dir,
        "tls": config.tls.is_some(),
    });
    output.print(&answer, || {
        format!(
            "The settings are good.\n\n  file      {}\n  issuer    {}\n  listen    {}\n  database  {}\n  tls       {}",
            file.as_deref().unwrap_or("none; defaults and the environment"),
            config.server.issuer,
            config.server.listen,
            database,
            if config.tls.is_some() { "on" } else { "off; a proxy in front must speak it" },
        )
    })
}
