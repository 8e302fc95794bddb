//! Changes of people that are there: what is known about them, their password, whether they may sign
//! in, and their end.

use std::collections::BTreeSet;

use domain::administrator::Permission;
use domain::event::Event;
use domain::identity::{Identity, IdentityKind, normal_email};
use domain::profile::Profile;
use domain::session::EndReason;
use domain::user::{User, Username};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::UserId;
use foundation::secret::SecretText;
use protocol::claim;
use serde_json::{Value, json};

use super::users::{UserChange, changed_profile, checked_password, taken_by_other};
use super::{Administered, Administration, Refusal};
use crate::sessions::end_in;

/// The act that ends an account. Its entry is what knows from then on whose it was.
pub(super) const DELETED: &str = "user.deleted";
/// Where that entry says so.
pub(super) const USERNAME: &str = "username";

impl Administration {
    /// Changes what is known about a person; gives the names of the claims that changed.
    ///
    /// # Errors
    /// The store.
    pub async fn update_user(
        &self,
        username: &str,
        change: UserChange,
    ) -> Administered<Vec<String>> {
        let (now, username) = (self.clock.now(), Username::stored(username));
        let audited = self.audited("user.updated");
        self.administer(Permission::ChangeUsers, move |tx| {
            let Some(user) = locked(tx, &username)? else {
                return Ok(Err(Refusal::not_found("user", username)));
            };
            let before = store::profiles::find(tx, user.id)?.unwrap_or_default();
            let after = match changed_profile(&before, &change) {
                Ok(after) => after,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let mut replaced = Vec::new();
            for kind in [IdentityKind::Email, IdentityKind::Phone] {
                let wanted = wanted(kind, &after, now);
                match replacement(tx, user.id, kind, wanted)? {
                    Ok(replacement) => replaced.extend(replacement),
                    Err(refusal) => return Ok(Err(refusal)),
                }
            }
            // Nothing is written before everything was looked at: a refusal commits.
            let mut changed = changed_claims(&before, &after)?;
            if !changed.is_empty() {
                store::profiles::put(tx, user.id, &after, now)?;
            }
            for Replacement { kind, identity } in replaced {
                replace(tx, user.id, kind, identity)?;
                changed.insert(claim_of(kind).to_owned());
            }
            let changed: Vec<String> = changed.into_iter().collect();
            if !changed.is_empty() {
                audited
                    .of_user(user.id)
                    .with(json!({ "changed": changed }))
                    .insert(tx)?;
            }
            Ok(Ok(changed))
        })
        .await
    }

    /// Gives a person another password. Whoever is signed in with the old one is signed out.
    ///
    /// # Errors
    /// The store.
    pub async fn set_user_password(
        &self,
        username: &str,
        password: SecretText,
    ) -> Administered<String> {
        if let Err(refusal) = self.permitted(Permission::ChangeUsers) {
            return Ok(Err(refusal));
        }
        let password = match checked_password(&password) {
            Ok(password) => password,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let hash = self.passwords.hash(password).await?;
        let (now, username) = (self.clock.now(), Username::stored(username));
        let audited = self.audited("user.password_set");
        self.administer(Permission::ChangeUsers, move |tx| {
            let Some(user) = locked(tx, &username)? else {
                return Ok(Err(Refusal::not_found("user", username)));
            };
            store::users::set_password(tx, user.id, &hash)?;
            let ended = end_all(tx, user.id, now, EndReason::CredentialChanged)?;
            audited
                .of_user(user.id)
                .with(json!({ "sessions_ended": ended }))
                .insert(tx)?;
            Ok(Ok(user.username))
        })
        .await
    }

    /// Switches an account off: nobody signs in with it any more, its sessions end, and every token
    /// that was given out for it is dead; switching it on again revives none.
    ///
    /// # Errors
    /// The store.
    pub async fn disable_user(&self, username: &str) -> Administered<String> {
        let (now, username) = (self.clock.now(), Username::stored(username));
        let audited = self.audited("user.disabled");
        self.administer(Permission::ChangeUsers, move |tx| {
            let Some(user) = locked(tx, &username)? else {
                return Ok(Err(Refusal::not_found("user", username)));
            };
            if store::users::set_disabled(tx, user.id, Some(now))? {
                let ended = end_everything(tx, &user, now)?;
                audited
                    .of_user(user.id)
                    .with(json!({ "sessions_ended": ended }))
                    .insert(tx)?;
            }
            Ok(Ok(user.username))
        })
        .await
    }

    /// Switches an account on again.
    ///
    /// # Errors
    /// The store.
    pub async fn enable_user(&self, username: &str) -> Administered<String> {
        let username = Username::stored(username);
        let audited = self.audited("user.enabled");
        self.administer(Permission::ChangeUsers, move |tx| {
            let Some(user) = locked(tx, &username)? else {
                return Ok(Err(Refusal::not_found("user", username)));
            };
            if store::users::set_disabled(tx, user.id, None)? {
                audited.of_user(user.id).insert(tx)?;
            }
            Ok(Ok(user.username))
        })
        .await
    }

    /// Deletes a person with everything that is known about them. Sessions end with their events, and
    /// the account with its own, so that every node knows at once; the log and the audit remember that
    /// it was there.
    ///
    /// # Errors
    /// The store.
    pub async fn delete_user(&self, username: &str) -> Administered<String> {
        let (now, username) = (self.clock.now(), Username::stored(username));
        let audited = self.audited(DELETED);
        self.administer(Permission::ChangeUsers, move |tx| {
            let Some(user) = locked(tx, &username)? else {
                return Ok(Err(Refusal::not_found("user", username)));
            };
            let ended = end_everything(tx, &user, now)?;
            // With the person goes what says who must hear of it.
            tx.tell()?;
            store::users::delete(tx, user.id)?;
            audited
                .of_user(user.id)
                .with(json!({ USERNAME: user.username, "sessions_ended": ended }))
                .insert(tx)?;
            Ok(Ok(user.username))
        })
        .await
    }
}

/// A person by username, whom nobody else writes for until the transaction ends.
fn locked(tx: &mut store::Transaction<'_>, username: &str) -> Result<Option<User>, Fault> {
    match store::users::find_by_username(tx, username)? {
        Some(user) => store::users::lock(tx, user.id),
        None => Ok(None),
    }
}

/// Ends the live sessions of a person; gives how many.
fn end_all(
    tx: &mut store::Transaction<'_>,
    user: UserId,
    now: Instant,
    reason: EndReason,
) -> Result<usize, Fault> {
    let live = store::sessions::live_of_user(tx, user, now)?;
    for session in &live {
        end_in(tx, session.id, user, now, reason)?;
    }
    Ok(live.len())
}

/// Ends the sessions of a person and every token that was given out for them.
fn end_everything(
    tx: &mut store::Transaction<'_>,
    user: &User,
    now: Instant,
) -> Result<usize, Fault> {
    let ended = end_all(tx, user.id, now, EndReason::UserDisabled)?;
    tx.append(Event::UserDisabled { user_id: user.id });
    Ok(ended)
}

/// The claims that one profile has otherwise than the other.
fn changed_claims(before: &Profile, after: &Profile) -> Result<BTreeSet<String>, Fault> {
    let claims = |profile: &Profile| match serde_json::to_value(profile) {
        Ok(Value::Object(claims)) => Ok(claims),
        _ => Err(Fault::broken("a profile that is no object")),
    };
    let (before, after) = (claims(before)?, claims(after)?);
    let names = before.keys().chain(after.keys());
    let differ = names.filter(|name| before.get(*name) != after.get(*name));
    Ok(differ.cloned().collect())
}

/// The claim that says what a person signs in with.
fn claim_of(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::Email => claim::EMAIL,
        IdentityKind::Phone => claim::PHONE_NUMBER,
        IdentityKind::Username => claim::PREFERRED_USERNAME,
    }
}

/// What a person signs in with, of one kind, by what the profile says.
fn wanted(kind: IdentityKind, profile: &Profile, now: Instant) -> Option<Identity> {
    let (value, verified) = match kind {
        IdentityKind::Email => {
            let email = profile.email.as_deref();
            (email.and_then(normal_email), profile.email_verified)
        }
        IdentityKind::Phone => (profile.phone_number.clone(), profile.phone_number_verified),
        IdentityKind::Username => (None, None),
    };
    value.map(|value| Identity {
        kind,
        value,
        verified_at: (verified == Some(true)).then_some(now),
    })
}

/// Something else to sign in with, or nothing in its place.
struct Replacement {
    kind: IdentityKind,
    identity: Option<Identity>,
}

/// What is to be replaced, if it is another; a refusal if somebody else signs in with it.
fn replacement(
    db: &mut store::Connection,
    user: UserId,
    kind: IdentityKind,
    identity: Option<Identity>,
) -> Result<Result<Option<Replacement>, Refusal>, Fault> {
    let before = store::identities::of_user(db, user)?;
    let before = before.iter().find(|i| i.kind == kind);
    let what = |i: &Identity| (i.value.clone(), i.verified_at.is_some());
    if before.map(what) == identity.as_ref().map(what) {
        return Ok(Ok(None));
    }
    if let Some(identity) = &identity
        && let Some(refusal) = taken_by_other(db, kind, &identity.value, user)?
    {
        return Ok(Err(refusal));
    }
    Ok(Ok(Some(Replacement { kind, identity })))
}

fn replace(
    tx: &mut store::Transaction<'_>,
    user: UserId,
    kind: IdentityKind,
    identity: Option<Identity>,
) -> Result<(), Fault> {
    store::identities::remove(tx, user, kind)?;
    match identity {
        Some(identity) if !store::identities::insert(tx, user, &identity)? => Err(
            Fault::unavailable("the identity", "it was taken a moment ago"),
        ),
        _ => Ok(()),
    }
}
