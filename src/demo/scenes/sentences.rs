//! One plain sentence for each exchange.

use serde_json::Value;

use super::Party;
use super::asked::{Asked, Purpose};

/// Whom a sentence speaks of.
pub(super) struct Told<'a> {
    pub(super) party: &'a Party,
    /// The program that it is about, where it names one.
    pub(super) program: Option<&'static str>,
}

impl Told<'_> {
    /// What a request and its answer came to.
    pub(super) fn of_exchange(&self, asked: &Asked, status: Option<u16>, body: &Value) -> String {
        let who = self.who();
        let Some(status) = status else {
            return format!("{who} asks, and Portico does not answer.");
        };
        let good = (200..300).contains(&status);
        let error = body["error"].as_str().unwrap_or("an error");
        match asked.purpose {
            Purpose::Discovery => format!("{who} asks where everything is."),
            Purpose::Configuration => {
                format!("{who} asks what Portico has beside the standards.")
            }
            Purpose::Keys => {
                format!("{who} fetches Portico's public keys, to check signatures by itself.")
            }
            Purpose::Token => self.of_grant(asked, good, error),
            Purpose::Introspection => match (good, body["active"].as_bool()) {
                (true, Some(true)) => {
                    format!("{who} asks whether its token still stands, and for what. It does.")
                }
                (true, _) => format!("{who} asks about its token. It is worth nothing any more."),
                _ => format!("{who} asks about its token, and is refused."),
            },
            Purpose::Userinfo if good => match shared(body) {
                0 => format!("{who} reads what the person shares with it: nothing but an id."),
                _ => format!("{who} reads what the person shares with it, as of now."),
            },
            Purpose::Userinfo => format!("Portico tells {who} nothing any more."),
            Purpose::SessionEvents if good => {
                format!("{who} listens: it will hear the moment something ends.")
            }
            Purpose::SessionEvents => {
                format!("{who} wants to listen, with a token that has ended.")
            }
            Purpose::Programs if good => {
                format!("{who} asks which programs there are for this person.")
            }
            Purpose::Programs => format!("{who} wants the list of programs, and gets none."),
            Purpose::Other => format!("{who} asks Portico."),
        }
    }

    fn of_grant(&self, asked: &Asked, good: bool, error: &str) -> String {
        let grant = asked.grant();
        let wanted = asked.parameter("requested_token_type").unwrap_or_default();
        let (who, program) = (self.who(), self.program.unwrap_or("the program"));
        match (grant, good) {
            ("authorization_code", true) if self.party.is_host => {
                format!(
                    "{who} trades the code of the sign-in for tokens. The browser sees none of them."
                )
            }
            ("authorization_code", true) => {
                format!("{who} trades the code for tokens of its own. Nobody had to sign in again.")
            }
            ("refresh_token", true) => {
                format!("{who} gets fresh tokens: access tokens are short-lived on purpose.")
            }
            ("refresh_token", false) => {
                format!("{who} wants fresh tokens, and gets none: what they rest on has ended.")
            }
            ("token-exchange", true) if wanted.ends_with(":access_token") => {
                format!(
                    "{who} gets a token for {program}'s page: short-lived, and for nothing else."
                )
            }
            ("token-exchange", true) => {
                format!(
                    "{who} gets a code for {program}: good once, for a minute, for its backend alone."
                )
            }
            ("token-exchange", false) => match error {
                "consent_required" => format!(
                    "{program} asks for something that the person has not decided yet: Portico offers its sheet."
                ),
                "invalid_target" => format!("Portico launches no {program}: it is not available."),
                _ => format!("Portico does not launch {program}: {error}."),
            },
            (_, true) => format!("{who} gets tokens."),
            (_, false) => format!("Portico refuses {who} tokens: {error}."),
        }
    }

    /// What a logout token says.
    pub(super) fn of_logout_token(&self) -> String {
        let who = self.who();
        format!("{who} is sent a logout token: this stay is over, and so is its own session.")
    }

    /// What an event says.
    pub(super) fn of_event(&self, event: &str, data: &Value) -> String {
        let reason = match data["reason"].as_str().unwrap_or_default() {
            "logout" => "the person signed out",
            "operator" => "an operator ended it",
            "left" => "the person left",
            "credential_changed" => "the password was changed",
            "reuse_detected" => "a token was used twice",
            "withdrawn" => "the person removed it",
            "user_disabled" => "the person was switched off",
            _ => "it is over",
        };
        if !self.party.is_host {
            return self.of_own_event(event);
        }
        match (event, self.program) {
            ("ready", _) => "Portico says that all stands, and until when.".to_owned(),
            ("session_ended", None) => {
                format!("Portico says that the session has ended: {reason}.")
            }
            ("session_ended", Some(program)) => {
                format!("Portico says that the stay at {program} has ended: {reason}.")
            }
            ("session_expired", _) => "Portico says that the session's time is over.".to_owned(),
            ("user_changed", _) => "Portico says that somebody else signed in here.".to_owned(),
            ("grant_changed", Some(program)) => {
                format!("Portico says that {program} may know something else from now on.")
            }
            ("grant_changed", None) => {
                "Portico says that what may be known has changed.".to_owned()
            }
            ("mini_program_suspended", program) => format!(
                "Portico says that {} was suspended.",
                program.unwrap_or("a program")
            ),
            ("tokens_revoked", _) => {
                "Portico says that tokens are worth nothing any more.".to_owned()
            }
            ("token_expired", _) => "Portico asks to come back with a fresh token.".to_owned(),
            ("reset", _) => "Portico asks to look at everything anew.".to_owned(),
            (other, _) => format!("Portico says {other}."),
        }
    }

    /// What a program's backend hears on the stream of its client.
    fn of_own_event(&self, event: &str) -> String {
        let who = self.who();
        match event {
            "session_ended" | "session_expired" | "user_changed" => {
                format!(
                    "{who} hears on its stream that this stay is over, and ends its own session."
                )
            }
            "grant_changed" => format!("{who} hears that the person shares something else now."),
            other => format!("{who} hears {other}."),
        }
    }

    fn who(&self) -> String {
        match self.party.is_host {
            true => self.party.name.to_owned(),
            false => format!("{}'s backend", self.party.name),
        }
    }
}

/// How much a userinfo answer tells beside the id.
fn shared(body: &Value) -> usize {
    let members = body.as_object().into_iter().flatten();
    members.filter(|(name, _)| *name != "sub").count()
}
