//! `portico doctor`: looks at what a server needs, and says what is wrong and what to do.
//! It leaves everything as it was; a database that is not there yet is not made.

use std::sync::Arc;

use foundation::clock::{SharedClock, SystemClock};
use foundation::entropy::SystemEntropy;
use serde_json::{Value, json};

use super::output::{Output, Problem};
use crate::app::App;
use crate::config::{Config, Sources};

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    /// `Err` says what is wrong.
    state: Result<String, String>,
}

pub(super) fn run(sources: &Sources, output: &Output) -> Result<(), Problem> {
    let findings = match Config::load(sources) {
        Ok(config) => diagnose(&config),
        Err(error) => vec![Finding {
            what: "settings",
            state: Err(error.to_string()),
        }],
    };
    let healthy = findings.iter().all(|f| f.state.is_ok());
    let shown: Vec<Value> = findings
        .iter()
        .map(|f| match &f.state {
            Ok(said) => json!({ "what": f.what, "ok": true, "said": said }),
            Err(said) => json!({ "what": f.what, "ok": false, "said": said }),
        })
        .collect();
    output.print(&json!({ "ok": healthy, "findings": shown }), || {
        findings
            .iter()
            .map(|f| match &f.state {
                Ok(said) => format!("  ok     {:<12} {said}\n", f.what),
                Err(said) => format!("  WRONG  {:<12} {said}\n", f.what),
            })
            .collect()
    })?;
    if healthy {
        Ok(())
    } else {
        Err(Problem::said("something is wrong; see above"))
    }
}

fn diagnose(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding {
        what: "settings",
        state: Ok(format!("the issuer is {}", config.server.issuer)),
    }];
    let clock: SharedClock = Arc::new(SystemClock);
    let diagnoses = App::diagnose(config, &clock, &SystemEntropy);
    findings.extend(diagnoses.into_iter().map(|diagnosis| Finding {
        what: diagnosis.what,
        state: diagnosis.state.map_err(|fault| fault.chain()),
    }));
    findings
}
