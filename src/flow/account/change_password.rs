//! Changing the password: the rules for a new one, and the proof of the current one.

use std::sync::Arc;

use domain::audit::AuditEntry;
use domain::interaction::is_same_press;
use domain::session::EndReason;
use domain::typed_text::password_form;
use foundation::clock::Span;
use foundation::fault::Fault;
use foundation::id::AuditId;
use foundation::secret::SecretText;

use super::end_sessions::end_others;
use super::{Account, AccountAnswer, OwnerView};
use crate::browser::{Browser, SignedIn};
use crate::passwords::{PASSWORD_MAX, PASSWORD_MIN};

/// What came of a change of password.
#[derive(Debug)]
pub enum PasswordAnswer {
    /// It is changed; every other session has ended. The page is shown to whoever did it, also if they are
    /// signed out by now: it is changed all the same.
    Changed(Box<OwnerView>),
    /// The current one is wrong.
    WrongCurrent,
    /// Too many tries.
    Wait(Span),
    /// The new one is too short.
    TooShort,
    /// The new one is longer than a password may be.
    TooLong,
    /// The new one has characters that no password may have.
    NotText,
    /// The new one is among the first that anybody would try.
    TooCommon,
    /// The new one is the current one.
    Same,
    /// Nobody is signed in any more.
    SignedOut,
    /// The form was made for another session, or forged.
    Forged,
}

impl Account {
    /// Changes the password. Every other session ends.
    ///
    /// # Errors
    /// The store does not answer.
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
            Err(AccountAnswer::Wait(span)) => return Ok(PasswordAnswer::Wait(span)),
            Err(_) => return Ok(PasswordAnswer::Forged),
        };
        let Some(new) = password_form(&new) else {
            return Ok(match new.expose() {
                "" => PasswordAnswer::TooShort,
                _ => PasswordAnswer::NotText,
            });
        };
        if let Some(problem) = password_problem(&new, &signed_in.user.username) {
            return Ok(problem);
        }
        if password_form(&current).is_some_and(|current| current.expose() == new.expose()) {
            return Ok(PasswordAnswer::Same);
        }
        match self.confirm_password(&signed_in, current).await? {
            Confirmed::Yes(before) => {
                let hash = self.passwords.hash(new.clone()).await?;
                match self.replace_password(&signed_in, before, hash).await? {
                    Some(true) => return self.changed(signed_in).await,
                    Some(false) => {}
                    None => return Ok(PasswordAnswer::SignedOut),
                }
            }
            Confirmed::No => {}
            Confirmed::Wait(span) => return Ok(PasswordAnswer::Wait(span)),
        }
        match self.was_changed_here(&signed_in, new).await? {
            true => self.changed(signed_in).await,
            false => Ok(PasswordAnswer::WrongCurrent),
        }
    }

    async fn changed(&self, by: SignedIn) -> Result<PasswordAnswer, Fault> {
        let owner = self.owner_view(by).await?;
        Ok(PasswordAnswer::Changed(Box::new(owner)))
    }

    /// Writes the new password in place of the one that was confirmed, and ends what was begun with that;
    /// `false` if there is another one by now, `None` if the session that does it has ended.
    async fn replace_password(
        &self,
        signed_in: &SignedIn,
        before: String,
        hash: String,
    ) -> Result<Option<bool>, Fault> {
        let (now, signed_in) = (self.clock.now(), signed_in.clone());
        let user_id = signed_in.user.id;
        let id = AuditId::new(now, self.entropy.as_ref());
        let entropy = Arc::clone(&self.entropy);
        let written = self
            .store
            .write(move |tx| {
                if !signed_in.still_acts(tx, now)? {
                    return Ok(None);
                }
                if !store::users::replace_password(tx, user_id, &before, &hash)? {
                    return Ok(Some(false));
                }
                store::sessions::note_password_change(tx, signed_in.session.id, now)?;
                store::audit::insert(
                    tx,
                    &AuditEntry::new(now, signed_in.acts(), "password.changed").of_user(user_id),
                    id,
                )?;
                let reason = EndReason::CredentialChanged;
                end_others(tx, &signed_in, now, reason, entropy.as_ref())?;
                Ok(Some(true))
            })
            .await?;
        self.memory.settled(written.position).await;
        Ok(written.value)
    }

    /// Whether the password is the new one already, by this session's doing and a moment ago: who presses
    /// twice has changed it.
    async fn was_changed_here(&self, signed_in: &SignedIn, new: SecretText) -> Result<bool, Fault> {
        let (session, user) = (signed_in.session.id, signed_in.user.id);
        let (changed_at, user) = self
            .store
            .read(move |db| {
                let changed_at = store::sessions::password_changed_at(db, session)?;
                Ok((changed_at, store::users::find(db, user)?))
            })
            .await?;
        let now = self.clock.now();
        if !changed_at.is_some_and(|at| is_same_press(at, now)) {
            return Ok(false);
        }
        let hash = user.and_then(|user| user.password_hash);
        Ok(self.passwords.matches(&new, hash).await?.fits())
    }

    /// Looks at the current password of a person who is signed in. Tries are counted for the session,
    /// before they are looked at, so a borrowed browser cannot guess without end. Right ones count too:
    /// they cost as much, and nobody changes a password many times in a row.
    async fn confirm_password(
        &self,
        signed_in: &SignedIn,
        current: SecretText,
    ) -> Result<Confirmed, Fault> {
        if let Some(wait) = self
            .throttle
            .take_confirmation(signed_in.session.id)
            .await?
        {
            return Ok(Confirmed::Wait(wait));
        }
        let hash = signed_in.user.password_hash.clone();
        let fit = self.passwords.matches(&current, hash.clone()).await?;
        let hash = hash.filter(|_| fit.fits());
        Ok(hash.map_or(Confirmed::No, Confirmed::Yes))
    }
}

/// Whether a person confirmed their password.
enum Confirmed {
    /// They did; this is its hash.
    Yes(String),
    No,
    Wait(Span),
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
