//! What a command works with: the settings, the opened house, a runtime.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use domain::administrator::Administrator;
use flow::administer::signing_keys::SigningKeys;
use flow::administer::{Administered, Administration};
use foundation::clock::SystemClock;
use foundation::entropy::SystemEntropy;
use foundation::fault::Fault;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::output::Problem;
use crate::app::{App, Make};
use crate::config::{Config, LogFormat, Sources, TelemetrySettings};
use crate::telemetry;

/// The longest file that a command reads.
const LONGEST_FILE: u64 = 256 * 1024;

/// The settings of this process. What looks like one of ours and is not is said once.
pub(super) fn sources(file: Option<&Path>) -> Sources {
    let sources = Sources::of_process(file);
    for (variable, why) in sources.unknown_variables() {
        eprintln!("portico: {variable} is ignored: it {why}");
    }
    sources
}

/// A command's answer is its output; only what is wrong is logged beside it.
pub(super) fn log_what_is_wrong() {
    telemetry::start_log(&TelemetrySettings {
        format: LogFormat::Human,
        log: "warn".into(),
        metrics: false,
    });
}

/// Everything open, for one command.
pub(super) struct Context {
    app: App,
    runtime: Runtime,
    operator: Administrator,
}

impl Context {
    /// For a command beside a server: works with what `serve` or `migrate` made.
    pub(super) fn open(
        file: Option<&Path>,
        make: Make,
        operator: Administrator,
    ) -> Result<Self, Problem> {
        Self::making(&Config::load(&sources(file))?, make, operator)
    }

    /// For the demonstration: makes everything.
    pub(super) fn with(config: &Config, operator: Administrator) -> Result<Self, Problem> {
        Self::making(config, Make::Everything, operator)
    }

    fn making(config: &Config, make: Make, operator: Administrator) -> Result<Self, Problem> {
        log_what_is_wrong();
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let app = App::open_making(config, clock, entropy, make)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Fault::broken_by("the runtime", e))?;
        Ok(Self {
            app,
            runtime,
            operator,
        })
    }

    /// What the operator of this command may do.
    pub(super) fn administration(&self) -> Administration {
        self.app.services().administration.by(self.operator.clone())
    }

    /// Signing keys, in the hands of the operator of this command.
    pub(super) fn signing_keys(&self) -> SigningKeys {
        self.app.services().signing_keys.by(self.operator.clone())
    }

    /// What another one may do beside the operator of this command, with keys too.
    pub(super) fn in_the_hands_of(&self, other: &Administrator) -> (Administration, SigningKeys) {
        let services = self.app.services();
        (
            services.administration.by(other.clone()),
            services.signing_keys.by(other.clone()),
        )
    }

    /// Does an act of the operator.
    pub(super) fn act<T>(&self, act: impl Future<Output = Administered<T>>) -> Result<T, Problem> {
        Ok(self.runtime.block_on(act)??)
    }

    /// Gives the opened house away, to serve.
    pub(super) fn into_app(self) -> App {
        self.app
    }
}

/// A text that the operator named, and what it is called.
pub(super) struct NamedText {
    pub(super) name: String,
    pub(super) text: String,
}

impl NamedText {
    /// Reads a file; `-` is standard input.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        use std::io::Read as _;
        let is_stdin = path == Path::new("-");
        let name = match is_stdin {
            true => "what standard input says".to_owned(),
            false => path.display().to_string(),
        };
        let unreadable = |e| Problem::said(format!("{name} cannot be read: {e}"));
        let reader: Box<dyn std::io::Read> = if is_stdin {
            Box::new(std::io::stdin())
        } else {
            Box::new(std::fs::File::open(path).map_err(unreadable)?)
        };
        let mut text = String::new();
        let mut reader = reader.take(LONGEST_FILE + 1);
        reader.read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > LONGEST_FILE {
            return Err(Problem::said(format!(
                "{name} is longer than {LONGEST_FILE} bytes"
            )));
        }
        Ok(Self { name, text })
    }

    /// The text as JSON.
    pub(super) fn json(&self) -> Result<Value, Problem> {
        let name = &self.name;
        serde_json::from_str(&self.text)
            .map_err(|e| Problem::said(format!("{name} is not JSON: {e}")))
    }
}

/// Reads a JSON file that the operator named; `-` is standard input.
pub(super) fn read_json(path: &Path) -> Result<Value, Problem> {
    NamedText::read(path)?.json()
}
