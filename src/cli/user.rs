//! `portico user …`

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use flow::administer::users::NewUser;
use foundation::secret::SecretText;
use serde_json::json;

use super::context::{Context, read_json};
use super::output::{Output, Problem};

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a person
    Add(Add),
    /// Switch an account off: its sign-ins end and everything given out for it is worthless
    Disable {
        /// The username
        username: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// What the person signs in with
    #[arg(long)]
    username: String,
    /// Read the password from standard input (one line, at least 10 characters)
    #[arg(long, required = true)]
    password_stdin: bool,
    /// An e-mail address; the person can sign in with it too
    #[arg(long)]
    email: Option<String>,
    /// A phone number in international form; the person can sign in with it too
    #[arg(long)]
    phone: Option<String>,
    /// The full name
    #[arg(long)]
    name: Option<String>,
    /// Vouch for the e-mail address and the phone number
    #[arg(long)]
    verified: bool,
    /// A profile: a JSON object with the claim names of OpenID Connect plus addresses,
    /// payment_methods and kyc
    #[arg(long, value_name = "FILE.json")]
    profile: Option<PathBuf>,
}

pub(super) fn run(command: User, context: &Context, output: &Output) -> Result<(), Problem> {
    match command {
        User::Add(add) => {
            let new = NewUser {
                username: add.username,
                password: password_from_stdin()?,
                email: add.email,
                phone: add.phone,
                name: add.name,
                verified: add.verified,
                profile: add.profile.as_deref().map(read_json).transpose()?,
            };
            let username = context.act(context.services().administration.add_user(new))?;
            output.print(&json!({ "username": username }), || {
                format!("{username} can sign in now.")
            })
        }
        User::Disable { username } => {
            let username =
                context.act(context.services().administration.disable_user(&username))?;
            output.print(&json!({ "username": username, "disabled": true }), || {
                format!("{username} is switched off; everything given out for them is worthless.")
            })
        }
    }
}

/// One line; the line break is not part of it.
fn password_from_stdin() -> Result<SecretText, Problem> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(|e| {
            Problem::said(format!(
                "the password cannot be read from standard input: {e}"
            ))
        })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains('\n') {
        return Err(Problem::said(
            "the password on standard input must be one line",
        ));
    }
    Ok(SecretText::new(line))
}
