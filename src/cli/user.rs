//! `portico user …`

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use flow::administer::users::{NewUser, UserChange};
use foundation::secret::SecretText;
use serde_json::json;

use super::ask::confirmed;
use super::context::{Context, read_json};
use super::list::{List, print_page};
use super::output::{Output, Problem};

mod show;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a person
    Add(Add),
    /// List people, by username; --search looks at usernames, e-mail addresses and phone numbers
    List(List),
    /// Show a person: what they sign in with, their profile, where they are signed in, what they allowed
    Show {
        /// The username
        username: String,
    },
    /// Change what is known about a person; what is not named stays
    Update(UserUpdate),
    /// Give a person another password; every sign-in of theirs ends
    SetPassword {
        /// The username
        username: String,
        /// Read the password from standard input (one line, at least 10 characters)
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Switch an account off: its sign-ins end and everything given out for it is worthless
    Disable {
        /// The username
        username: String,
    },
    /// Switch an account on again; what it lost stays lost
    Enable {
        /// The username
        username: String,
    },
    /// Delete a person with everything that is known about them, at once; only the audit remembers
    Delete {
        /// The username
        username: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What can be said about a person beside the profile.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct About {
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

#[derive(Debug, Args)]
pub(super) struct Add {
    /// What the person signs in with
    #[arg(long)]
    username: String,
    /// Read the password from standard input (one line, at least 10 characters)
    #[arg(long, required = true)]
    password_stdin: bool,
    #[command(flatten)]
    about: About,
}

#[derive(Debug, Args)]
pub(super) struct UserUpdate {
    /// The username
    username: String,
    #[command(flatten)]
    about: About,
    /// Take the e-mail address away
    #[arg(long, conflicts_with = "email")]
    no_email: bool,
    /// Take the phone number away
    #[arg(long, conflicts_with = "phone")]
    no_phone: bool,
}

pub(super) fn run(command: UserCommand, context: &Context, output: &Output) -> Result<(), Problem> {
    let acts = context.administration();
    match command {
        UserCommand::Add(add) => {
            let new = NewUser {
                username: add.username,
                password: password_from_stdin()?,
                email: add.about.email,
                phone: add.about.phone,
                name: add.about.name,
                verified: add.about.verified,
                profile: add.about.profile.as_deref().map(read_json).transpose()?,
            };
            let username = context.act(acts.add_user(new))?;
            output.print(&json!({ "username": username }), || {
                format!("{username} can sign in now.")
            })
        }
        UserCommand::List(list) => {
            let page = context.act(acts.list_users(list.query()))?;
            let columns = (show::HEAD, show::row);
            print_page(output, "users", &page, show::listed, columns)
        }
        UserCommand::Show { username } => {
            let shown = context.act(acts.show_user(&username))?;
            output.print(&show::json(&shown), || show::text(&shown))
        }
        UserCommand::Update(update) => {
            let about = update.about;
            let change = UserChange {
                email: about.email,
                phone: about.phone,
                name: about.name,
                verified: about.verified,
                profile: about.profile.as_deref().map(read_json).transpose()?,
                no_email: update.no_email,
                no_phone: update.no_phone,
            };
            let changed = context.act(acts.update_user(&update.username, change))?;
            let answer = json!({ "username": update.username, "changed": changed });
            output.print(&answer, || match changed.as_slice() {
                [] => "There was nothing to change.".to_owned(),
                changed => format!("Changed: {}.", changed.join(", ")),
            })
        }
        UserCommand::SetPassword { username, .. } => {
            let password = password_from_stdin()?;
            let username = context.act(acts.set_user_password(&username, password))?;
            output.print(&json!({ "username": username, "password_set": true }), || {
                format!("{username} signs in with the new password from now on; all sign-ins of theirs ended.")
            })
        }
        UserCommand::Disable { username } => {
            let username = context.act(acts.disable_user(&username))?;
            output.print(&json!({ "username": username, "disabled": true }), || {
                format!("{username} is switched off; everything given out for them is worthless.")
            })
        }
        UserCommand::Enable { username } => {
            let username = context.act(acts.enable_user(&username))?;
            output.print(&json!({ "username": username, "disabled": false }), || {
                format!("{username} can sign in again.")
            })
        }
        UserCommand::Delete { username, yes } => {
            // Nobody is asked about somebody who is not there.
            context.act(acts.show_user(&username))?;
            let question = format!("Delete {username} with everything that is known about them?");
            confirmed(yes, &question)?;
            let username = context.act(acts.delete_user(&username))?;
            output.print(&json!({ "username": username, "deleted": true }), || {
                format!("{username} is deleted; everything given out for them is worthless.")
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
