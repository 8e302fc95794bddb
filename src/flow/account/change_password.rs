//! Changing the password: the rules for a new one, and the proof of the current one.

use domain::session::EndReason;
use foundation::fault::Fault;
use foundation::secret::SecretText;

use super::AccountAnswer;
use super::end_sessions::end_others;
use crate::Flows;
use crate::browser::{Browser, SignedIn};

/// What came of a change of password.
#[derive(Debug)]
pub enum PasswordAnswer {
    /// It is changed; every other session has ended.
    Changed,
    /// The current one is wrong.
    WrongCurrent,
    /// Too many wrong ones.
    Wait(foundation::clock::Span),
    /// The new one is too short.
    TooShort,
    /// The new one is longer than a password may be.
    TooLong,
    /// The new one is among the first that anybody would try.
    TooCommon,
    /// Nobody is signed in any more.
    SignedOut,
    /// The form was made for another session, or forged.
    Forged,
}

/// The fewest characters of a new password (NIST SP 800-63B §3.1.1.2 asks for eight; ten is kinder
/// to people who choose words).
pub const PASSWORD_MIN: usize = 10;
/// The most characters of a password.
pub const PASSWORD_MAX: usize = 256;
impl Flows {
    /// Changes the password. Every other session ends.
    pub async fn change_password(
        &self,
        form: &str,
        current: SecretText,
        new: SecretText,
        browser: &Browser,
    ) -> Result<PasswordAnswer, Fault> {
        let signed_in = match self.form_sender(form, browser).await? {
            Ok(signed_in) => signed_in,
            Err(AccountAnswer::SignedOut) => return Ok(PasswordAnswer::SignedOut),
            Err(_) => return Ok(PasswordAnswer::Forged),
        };
        if let Some(problem) = password_problem(&new, &signed_in.user.username) {
            return Ok(problem);
        }
        match self.confirm_password(&signed_in, current).await? {
            Confirmed::Yes => {}
            Confirmed::No => return Ok(PasswordAnswer::WrongCurrent),
            Confirmed::Wait(span) => return Ok(PasswordAnswer::Wait(span)),
        }
        let hash = self.hash_password(new).await?;
        let now = self.now();
        let written = self
            .store()
            .write(move |tx| {
                store::users::set_password(tx, signed_in.user.id, &hash)?;
                end_others(tx, &signed_in, now, EndReason::CredentialChanged)
            })
            .await?;
        self.settled(written.position).await;
        Ok(PasswordAnswer::Changed)
    }

    /// Looks at the current password of a person who is signed in. Failures are counted for the
    /// session, so a borrowed browser cannot guess without end.
    async fn confirm_password(
        &self,
        signed_in: &SignedIn,
        current: SecretText,
    ) -> Result<Confirmed, Fault> {
        let label = format!("confirm {}", signed_in.session.id);
        let (key, now) = (foundation::digest::TokenDigest::of(&label), self.now());
        let throttle = self
            .store()
            .read(move |db| store::sign_in_throttles::find(db, key))
            .await?;
        if let Some(wait) = throttle
            .filter(|_| self.policy().rate_limits)
            .and_then(|t| t.wait(now))
        {
            return Ok(Confirmed::Wait(wait));
        }
        if self
            .password_matches(current, signed_in.user.password_hash.clone())
            .await?
        {
            return Ok(Confirmed::Yes);
        }
        self.store()
            .write(move |db| store::sign_in_throttles::record_failure(db, key, now))
            .await?;
        Ok(Confirmed::No)
    }
}

/// Whether a person confirmed their password.
enum Confirmed {
    Yes,
    No,
    Wait(foundation::clock::Span),
}

/// What is wrong with a new password, if anything.
fn password_problem(new: &SecretText, username: &str) -> Option<PasswordAnswer> {
    let text = new.expose();
    let lower = text.to_lowercase();
    let distinct = text
        .chars()
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    match text.chars().count() {
        0..PASSWORD_MIN => Some(PasswordAnswer::TooShort),
        n if n > PASSWORD_MAX => Some(PasswordAnswer::TooLong),
        _ if distinct < 5
            || COMMON
                .iter()
                .any(|c| lower.contains(c) && lower.len() < c.len() + 4) =>
        {
            Some(PasswordAnswer::TooCommon)
        }
        _ if username.len() >= 4
            && lower.contains(username)
            && lower.len() < username.len() + 6 =>
        {
            Some(PasswordAnswer::TooCommon)
        }
        _ => None,
    }
}

/// The stems of the passwords that lists of leaked ones begin with.
const COMMON: [&str; 14] = [
    "1234567890",
    "0123456789",
    "9876543210",
    "qwertyuiop",
    "qwerty1234",
    "password",
    "passw0rd",
    "iloveyou",
    "letmein",
    "welcome",
    "administrator",
    "1q2w3e4r5t",
    "abcdefghij",
    "11223344",
];
