//! The program. Everything it can do is a command of [`portico::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    portico::cli::run()
}
