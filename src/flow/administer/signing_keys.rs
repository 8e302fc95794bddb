//! The life of signing keys and of the secret that seals handles: published, promoted, retired,
//! revoked. By command, and by age when `job/rotate_keys` asks.
//!
//! "rotate promotes an already published next, a new next is used only after every live node has
//! confirmed it": a node says in its heartbeat up to which event it has the keys.

use std::time::Duration;

use domain::event::Event;
use domain::lifetimes::Lifetimes;
use domain::shared_secret::SecretPurpose;
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use foundation::clock::{Instant, Span};
use foundation::fault::Fault;
use foundation::id::{KeyId, Position};
use serde_json::json;

use super::{Administered, Refusal};
use crate::Flows;

/// How long a secret seals new handles.
const HANDLE_SECRET_AGE: Span = Span::days(1);
/// How long the command waits for the nodes.
const TIMEOUT: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(200);

impl Flows {
    /// All keys that something is verified with, be it an old hint only.
    pub async fn list_keys(&self) -> Result<Vec<SigningKey>, Fault> {
        let since = self.oldest_retired();
        self.store()
            .read(move |db| store::signing_keys::verifying(db, since))
            .await
    }

    /// Keys that retired before then have no session left that they signed an id_token of.
    pub(crate) fn oldest_retired(&self) -> Instant {
        self.now() - self.policy().lifetimes.session
    }

    /// Rotates now: the published next keys become active, new ones are published.
    pub async fn rotate_keys(&self) -> Administered<Vec<SigningKey>> {
        self.publish_missing(&KeyKind::ALL).await?;
        if !self.wait_for_nodes().await? {
            let problem = "a running node has not confirmed the next keys yet; they are published, try again in a minute";
            return Ok(Err(Refusal::NotPossible(problem.into())));
        }
        self.promote(&KeyKind::ALL).await
    }

    /// Makes a key worthless at once: what it signed does not verify any more, not even as a hint.
    pub async fn revoke_key(&self, id: &str) -> Administered<Vec<SigningKey>> {
        let Ok(id) = KeyId::parse(id) else {
            return Ok(Err(Refusal::not_found("key", id)));
        };
        let keys = self.list_keys().await?;
        let Some(revoked) = keys.iter().find(|k| k.id == id).cloned() else {
            return Ok(Err(Refusal::not_found("key", id)));
        };
        // Its place is taken by the next one, or by a new one where there is none: a server that
        // cannot sign is worse than a key that some have not seen yet.
        let heir = keys
            .iter()
            .find(|k| k.kind == revoked.kind && k.state == KeyState::Next && k.id != id);
        let fresh = match (revoked.state, heir) {
            (KeyState::Active, None) => Some(self.generate(revoked.kind).await?),
            _ => None,
        };
        let (now, heir) = (self.now(), heir.map(|k| k.id.clone()));
        let since = self.oldest_retired();
        let audited = self.audited("key.revoked").with(json!({ "kid": id }));
        self.administer(move |tx| {
            if !store::signing_keys::set_state(tx, &id, revoked.state, KeyState::Revoked, now)? {
                return Ok(Err(Refusal::NotPossible(
                    "the key has just changed its state: look again".into(),
                )));
            }
            if revoked.state == KeyState::Active {
                match (heir, fresh) {
                    (Some(heir), _) => {
                        store::signing_keys::set_state(
                            tx,
                            &heir,
                            KeyState::Next,
                            KeyState::Active,
                            now,
                        )?;
                    }
                    (None, Some(key)) => {
                        store::signing_keys::insert(
                            tx,
                            &SigningKey {
                                state: KeyState::Active,
                                ..key
                            },
                        )?;
                    }
                    (None, None) => {
                        return Err(Fault::broken("the key that takes a revoked one's place"));
                    }
                }
            }
            tx.append(Event::KeysChanged { revoked: Some(id) });
            audited.insert(tx)?;
            store::signing_keys::verifying(tx, since).map(Ok)
        })
        .await
    }

    /// What age demands of keys and of the handle secret. Any node may do it, and several at once:
    /// every change looks again at what it changes.
    pub async fn rotate_by_age(&self) -> Result<(), Fault> {
        if !self.live().time.may_forget_things() {
            return self.publish_missing(&KeyKind::ALL).await;
        }
        let (now, lifetimes) = (self.now(), self.policy().lifetimes);
        let keys = self.list_keys().await?;
        self.publish_missing(&KeyKind::ALL).await?;
        let due: Vec<KeyKind> = KeyKind::ALL
            .into_iter()
            .filter(|kind| is_due(&keys, *kind, &lifetimes, now))
            .collect();
        if !due.is_empty() && self.nodes_confirmed().await? {
            // A refusal means that another node was quicker.
            drop(self.promote(&due).await?);
        }
        self.retire_old(&keys, now).await?;
        self.rotate_handle_secret(now).await
    }

    /// Publishes a next key of each kind that has none.
    async fn publish_missing(&self, kinds: &[KeyKind]) -> Result<(), Fault> {
        let keys = self.list_keys().await?;
        for kind in kinds {
            if has_next(&keys, *kind) {
                continue;
            }
            let key = self.generate(*kind).await?;
            let published = self.administer(move |tx| {
                if !has_next(&store::signing_keys::all(tx)?, key.kind) {
                    store::signing_keys::insert(tx, &key)?;
                    tx.append(Event::KeysChanged { revoked: None });
                }
                Ok(Ok(()))
            });
            drop(published.await?);
        }
        Ok(())
    }

    async fn promote(&self, kinds: &[KeyKind]) -> Administered<Vec<SigningKey>> {
        let now = self.now();
        let mut fresh = Vec::new();
        for kind in kinds {
            fresh.push(self.generate(*kind).await?);
        }
        let (since, audited) = (self.oldest_retired(), self.audited("keys.rotated"));
        self.administer(move |tx| {
            let keys = store::signing_keys::all(tx)?;
            for next in &fresh {
                let of = |state| {
                    keys.iter()
                        .find(move |k| k.kind == next.kind && k.state == state)
                };
                let (Some(active), Some(heir)) = (of(KeyState::Active), of(KeyState::Next)) else {
                    return Ok(Err(Refusal::NotPossible(
                        "the keys have just changed: look again".into(),
                    )));
                };
                store::signing_keys::set_state(
                    tx,
                    &active.id,
                    KeyState::Active,
                    KeyState::Retiring,
                    now,
                )?;
                store::signing_keys::set_state(
                    tx,
                    &heir.id,
                    KeyState::Next,
                    KeyState::Active,
                    now,
                )?;
                store::signing_keys::insert(tx, next)?;
            }
            tx.append(Event::KeysChanged { revoked: None });
            audited.insert(tx)?;
            store::signing_keys::verifying(tx, since).map(Ok)
        })
        .await
    }

    /// A key that signs no more stays published until what it signed has expired.
    async fn retire_old(&self, keys: &[SigningKey], now: Instant) -> Result<(), Fault> {
        let old: Vec<KeyId> = keys
            .iter()
            .filter(|k| {
                k.state == KeyState::Retiring && now.since(k.since) >= Lifetimes::ENDED_MEMORY
            })
            .map(|k| k.id.clone())
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        let retired = self.administer(move |tx| {
            for id in &old {
                store::signing_keys::set_state(tx, id, KeyState::Retiring, KeyState::Retired, now)?;
            }
            tx.append(Event::KeysChanged { revoked: None });
            Ok(Ok(()))
        });
        retired.await.map(drop)
    }

    /// "The sealing key rotates daily". An old secret goes 62 minutes after the last token that it
    /// sealed could have been given out, which is when the newer one was known everywhere.
    async fn rotate_handle_secret(&self, now: Instant) -> Result<(), Fault> {
        let secrets = self.store().read(store::shared_secrets::all).await?;
        let mut made: Vec<Instant> = secrets
            .iter()
            .filter(|s| s.purpose == SecretPurpose::Handle)
            .map(|s| s.created_at)
            .collect();
        made.sort_unstable();
        let Some(newest) = made.last().copied() else {
            return Ok(());
        };
        if now.since(newest) >= HANDLE_SECRET_AGE {
            let master = self.key_source().master();
            let secret =
                keys::shared_secret::generate(SecretPurpose::Handle, master, now, self.entropy());
            let added = self.administer(move |tx| {
                store::shared_secrets::insert(tx, &secret)?;
                tx.append(Event::KeysChanged { revoked: None });
                Ok(Ok(()))
            });
            return added.await.map(drop);
        }
        // Everybody has the newest after a second; a minute more covers whoever was asleep.
        if made.len() > 1 && now >= newest + Lifetimes::ENDED_MEMORY + Span::minutes(1) {
            let removed = self.administer(move |tx| {
                store::shared_secrets::remove_older(tx, SecretPurpose::Handle, newest)?;
                tx.append(Event::KeysChanged { revoked: None });
                Ok(Ok(()))
            });
            return removed.await.map(drop);
        }
        Ok(())
    }

    async fn wait_for_nodes(&self) -> Result<bool, Fault> {
        let tries = TIMEOUT.as_millis() / STEP.as_millis();
        for _ in 0..tries {
            if self.nodes_confirmed().await? {
                return Ok(true);
            }
            tokio::time::sleep(STEP).await;
        }
        Ok(false)
    }

    /// Whether every live node has the keys as of the last event about them.
    async fn nodes_confirmed(&self) -> Result<bool, Fault> {
        let since = self.now() - store::nodes::SILENCE;
        self.store()
            .read(move |db| {
                let changed = store::events::last_keys_changed(db)?.unwrap_or(Position(0));
                let nodes = store::nodes::live(db, since)?;
                Ok(nodes.iter().all(|node| node.keys_seen >= changed))
            })
            .await
    }

    /// A new key. Takes up to a second for RSA, so it is made on a thread that may block.
    async fn generate(&self, kind: KeyKind) -> Result<SigningKey, Fault> {
        let (flows, now) = (self.clone(), self.now());
        let made = tokio::task::spawn_blocking(move || {
            keys::signing_key::generate(kind, flows.key_source().master(), now, flows.entropy())
        });
        made.await
            .map_err(|e| Fault::broken_by("making a key", e))?
    }
}

fn has_next(keys: &[SigningKey], kind: KeyKind) -> bool {
    keys.iter()
        .any(|k| k.kind == kind && k.state == KeyState::Next)
}

/// Whether the active key of a kind is old enough, and its successor was announced long enough.
fn is_due(keys: &[SigningKey], kind: KeyKind, lifetimes: &Lifetimes, now: Instant) -> bool {
    let of_kind = || keys.iter().filter(|k| k.kind == kind);
    let old = of_kind().any(|k| k.is_due(now, lifetimes.signing_key));
    let announced = of_kind().any(|k| {
        k.state == KeyState::Next && now.since(k.since) >= lifetimes.signing_key_announced
    });
    old && announced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyKind, state: KeyState, since: i64) -> SigningKey {
        let since = Instant::from_seconds(since);
        SigningKey {
            id: KeyId::parse(&format!("{}{since}", state.word())).expect("an id"),
            kind,
            state,
            since,
            created_at: since,
            public_jwk: json!({}),
            sealed_private: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_followed_when_it_is_old_and_its_successor_was_announced() {
        let lifetimes = Lifetimes::default();
        let day = Span::days(1).as_seconds();
        let keys = [
            key(KeyKind::P256, KeyState::Active, 0),
            key(KeyKind::P256, KeyState::Next, 89 * day + 60),
        ];
        let due = |days: i64, seconds: i64| {
            is_due(
                &keys,
                KeyKind::P256,
                &lifetimes,
                Instant::from_seconds(days * day + seconds),
            )
        };
        assert!(!due(89, 0));
        assert!(!due(90, 59), "announced for less than a day");
        assert!(due(90, 60));
        assert!(!is_due(
            &keys,
            KeyKind::Rsa,
            &lifetimes,
            Instant::from_seconds(200 * day)
        ));
    }
}
