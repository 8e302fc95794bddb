//! The life of signing keys and of the secret that seals handles: published, promoted, retired,
//! revoked. By command, and by age when `job/rotate_keys` asks.
//!
//! Rotating promotes a next key that is published already; from when it may be is in
//! `signing_keys/confirmation.rs`.

use std::sync::Arc;

use domain::administrator::{Administrator, Permission};
use domain::event::Event;
use domain::lifetimes::Lifetimes;
use domain::shared_secret::{SecretPurpose, SharedSecret};
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use foundation::clock::{Instant, SharedClock, Span};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::KeyId;
use live::Live;
use serde_json::json;
use store::Store;

use super::{Administered, Refusal};
use crate::administer::Administration;
use crate::key_source::KeySource;
use crate::parts::Parts;
use crate::refresh_keys::oldest_retired;

mod confirmation;

pub use confirmation::RotateWhen;
use confirmation::{Confirmation, is_due, later_than, successions, unconfirmed};

/// How long a secret seals new handles.
const HANDLE_SECRET_AGE: Span = Span::days(1);

/// What a rotation by command left.
#[derive(Debug)]
pub struct Rotated {
    /// The keys as they stand now.
    pub keys: Vec<SigningKey>,
    /// Until when somebody who verifies with an older JWKS may refuse what is signed.
    pub may_fail_until: Option<Instant>,
}

/// Publishes, promotes, retires and revokes signing keys.
#[derive(Clone)]
pub struct SigningKeys {
    administration: Administration,
    confirmation: Confirmation,
    store: Store,
    live: Arc<Live>,
    source: Arc<KeySource>,
    clock: SharedClock,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
}

impl SigningKeys {
    pub(crate) fn new(parts: &Parts, administration: &Administration) -> Self {
        Self {
            administration: administration.by(Administrator::system()),
            confirmation: Confirmation::new(parts),
            store: parts.store.clone(),
            live: Arc::clone(&parts.live),
            source: Arc::clone(&parts.key_source),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
        }
    }

    /// The same keys, in the hands of this administrator.
    #[must_use]
    pub fn by(&self, administrator: Administrator) -> Self {
        Self {
            administration: self.administration.by(administrator),
            ..self.clone()
        }
    }

    /// All keys that something is verified with, be it an old hint only.
    ///
    /// # Errors
    /// The store.
    pub async fn list(&self) -> Administered<Vec<SigningKey>> {
        match self.administration.permitted(Permission::ReadKeys) {
            Ok(()) => self.known().await.map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn known(&self) -> Result<Vec<SigningKey>, Fault> {
        let since = oldest_retired(&self.lifetimes, self.clock.now());
        self.store
            .read(move |db| store::signing_keys::verifying(db, since))
            .await
    }

    /// Rotates: the published next keys become active, new ones are published.
    ///
    /// # Errors
    /// It is refused while a live node has not confirmed the next keys, and, unless it is wanted
    /// now, while somebody may keep a JWKS without them. A store that does not answer is a fault.
    pub async fn rotate(&self, when: RotateWhen) -> Administered<Rotated> {
        if let Err(refusal) = self.administration.permitted(Permission::ChangeKeys) {
            return Ok(Err(refusal));
        }
        self.publish_missing(&KeyKind::ALL).await?;
        if !self.confirmation.wait().await? {
            return Ok(Err(unconfirmed()));
        }
        self.promote(&KeyKind::ALL, when).await
    }

    /// Makes a key worthless at once: what it signed does not verify any more, not even as a hint.
    ///
    /// # Errors
    /// The store does not answer, or a key cannot be made. What is refused is a value.
    pub async fn revoke(&self, id: &str) -> Administered<Vec<SigningKey>> {
        if let Err(refusal) = self.administration.permitted(Permission::ChangeKeys) {
            return Ok(Err(refusal));
        }
        let Ok(id) = KeyId::parse(id) else {
            return Ok(Err(Refusal::not_found("key", id)));
        };
        let keys = self.known().await?;
        let Some(revoked) = keys.iter().find(|k| k.id == id).cloned() else {
            return Ok(Err(Refusal::not_found("key", id)));
        };
        // Made outside the transaction, where it may be needed in it.
        let usable = self.source.usable(keys);
        let fresh = match successor_of(&revoked, &usable) {
            Successor::MadeNow => Some(self.generate(revoked.kind).await?),
            Successor::Nobody | Successor::Next(_) => None,
        };
        let (source, now) = (Arc::clone(&self.source), self.clock.now());
        let since = oldest_retired(&self.lifetimes, now);
        let audited = self
            .administration
            .audited("key.revoked")
            .with(json!({ "kid": id }));
        self.change(move |tx| {
            let changed = || Refusal::NotPossible("the keys have just changed: look again".into());
            let keys = store::signing_keys::verifying(tx, since)?;
            let Some(revoked) = keys.iter().find(|k| k.id == id).cloned() else {
                return Ok(Err(changed()));
            };
            let fresh = match (successor_of(&revoked, &source.usable(keys)), fresh) {
                (Successor::MadeNow, None) => return Ok(Err(changed())),
                (Successor::MadeNow, Some(key)) => Some(key),
                (Successor::Next(heir), _) => {
                    let (from, to) = (KeyState::Next, KeyState::Active);
                    store::signing_keys::set_state(tx, &heir, from, to, now)?;
                    None
                }
                (Successor::Nobody, _) => None,
            };
            store::signing_keys::set_state(tx, &id, revoked.state, KeyState::Revoked, now)?;
            if let Some(key) = fresh {
                let key = SigningKey {
                    state: KeyState::Active,
                    ..key
                };
                store::signing_keys::insert(tx, &key, &source.fingerprint())?;
            }
            tx.append(Event::KeysChanged { revoked: Some(id) });
            audited.insert(tx)?;
            store::signing_keys::verifying(tx, since).map(Ok)
        })
        .await
    }

    /// A change of keys. On all nodes one is made at a time, so what it reads is what stands until it is
    /// done.
    async fn change<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut store::Transaction<'_>) -> Result<Result<T, Refusal>, Fault>
        + Send
        + 'static,
    ) -> Administered<T> {
        let alone = move |tx: &mut store::Transaction<'_>| {
            store::installation::lock(tx)?;
            act(tx)
        };
        self.administration
            .administer(Permission::ChangeKeys, alone)
            .await
    }

    /// What age demands of keys and of the handle secret. Any node may do it, and several at once:
    /// every change looks again at what it changes.
    ///
    /// # Errors
    /// The store does not answer, or a key cannot be made.
    pub async fn rotate_by_age(&self) -> Result<(), Fault> {
        self.publish_missing(&KeyKind::ALL).await?;
        self.confirmation.confirm().await?;
        let Some(now) = self.live.time.now_to_forget_things() else {
            return Ok(());
        };
        let lifetimes = self.lifetimes;
        let keys = self.source.usable(self.known().await?);
        let (lifetime, announced) = (lifetimes.signing_key, lifetimes.signing_key_announced);
        let due: Vec<KeyKind> = KeyKind::ALL
            .into_iter()
            .filter(|kind| is_due(&keys, *kind, lifetime, announced, now))
            .collect();
        if !due.is_empty() {
            // A refusal means that another node was quicker.
            drop(self.promote(&due, RotateWhen::CopiesHaveThem).await?);
        }
        self.retire_old(&keys, now).await?;
        self.rotate_handle_secret(now).await
    }

    /// Publishes a next key of each kind that has none.
    async fn publish_missing(&self, kinds: &[KeyKind]) -> Result<(), Fault> {
        let keys = self.source.usable(self.known().await?);
        for kind in kinds {
            if has_next(&keys, *kind) {
                continue;
            }
            let key = self.generate(*kind).await?;
            let source = Arc::clone(&self.source);
            let published = self.change(move |tx| {
                let keys = source.usable(store::signing_keys::all(tx)?);
                if !has_next(&keys, key.kind) {
                    store::signing_keys::insert(tx, &key, &source.fingerprint())?;
                    tx.append(Event::KeysChanged { revoked: None });
                }
                Ok(Ok(()))
            });
            drop(published.await?);
        }
        Ok(())
    }

    async fn promote(&self, kinds: &[KeyKind], when: RotateWhen) -> Administered<Rotated> {
        let (kinds, now) = (kinds.to_vec(), self.clock.now());
        // Looked at before keys are made in vain, and again where nobody can come in between.
        let keys = self.store.read(store::signing_keys::all).await?;
        let keys = self.source.usable(keys);
        if let Err(refusal) = successions(&keys, &kinds, when, now) {
            return Ok(Err(refusal));
        }
        let mut fresh = Vec::new();
        for kind in &kinds {
            fresh.push(self.generate(*kind).await?);
        }
        let since = oldest_retired(&self.lifetimes, self.clock.now());
        let audited = self.administration.audited("keys.rotated");
        let source = Arc::clone(&self.source);
        self.change(move |tx| {
            let keys = source.usable(store::signing_keys::all(tx)?);
            let found = match successions(&keys, &kinds, when, now) {
                Ok(found) => found,
                Err(refusal) => return Ok(Err(refusal)),
            };
            for (succession, next) in found.iter().zip(&fresh) {
                let mut step = |id, from, to| store::signing_keys::set_state(tx, id, from, to, now);
                step(&succession.active, KeyState::Active, KeyState::Retiring)?;
                step(&succession.heir, KeyState::Next, KeyState::Active)?;
                store::signing_keys::insert(tx, next, &source.fingerprint())?;
            }
            tx.append(Event::KeysChanged { revoked: None });
            let heirs: Vec<&KeyId> = found.iter().map(|s| &s.heir).collect();
            let early = when == RotateWhen::Now;
            let detail = json!({ "active": heirs, "now": early });
            audited.with(detail).insert(tx)?;
            let keys = store::signing_keys::verifying(tx, since)?;
            Ok(Ok(Rotated {
                keys,
                may_fail_until: later_than(&found, now),
            }))
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
        let retired = self.change(move |tx| {
            let (from, to) = (KeyState::Retiring, KeyState::Retired);
            let mut some = false;
            for id in &old {
                some |= store::signing_keys::set_state(tx, id, from, to, now)?;
            }
            if some {
                tx.append(Event::KeysChanged { revoked: None });
            }
            Ok(Ok(()))
        });
        retired.await.map(drop)
    }

    /// "The sealing key rotates daily". An old secret goes 62 minutes after the last token that it
    /// sealed could have been given out, which is when the newer one was known everywhere.
    async fn rotate_handle_secret(&self, now: Instant) -> Result<(), Fault> {
        let secrets = self.store.read(store::shared_secrets::all).await?;
        let master = self.source.master();
        let made = sealing_handles(&secrets, &self.source);
        let Some(newest) = made.last().copied() else {
            return Ok(());
        };
        if now.since(newest) >= HANDLE_SECRET_AGE {
            let sealed_with = master.fingerprint();
            let secret = keys::shared_secret::generate(
                SecretPurpose::Handle,
                master,
                now,
                self.entropy.as_ref(),
            );
            let source = Arc::clone(&self.source);
            let added = self.change(move |tx| {
                let made = sealing_handles(&store::shared_secrets::all(tx)?, &source);
                if made.last() == Some(&newest) {
                    store::shared_secrets::insert(tx, &secret, &sealed_with)?;
                    tx.append(Event::KeysChanged { revoked: None });
                }
                Ok(Ok(()))
            });
            return added.await.map(drop);
        }
        // Everybody has the newest after a second; a minute more covers whoever was asleep.
        if made.len() > 1 && now >= newest + Lifetimes::ENDED_MEMORY + Span::minutes(1) {
            let removed = self.change(move |tx| {
                store::shared_secrets::remove_older(tx, SecretPurpose::Handle, newest)?;
                tx.append(Event::KeysChanged { revoked: None });
                Ok(Ok(()))
            });
            return removed.await.map(drop);
        }
        Ok(())
    }

    /// A new key. Takes up to a second for RSA, so it is made on a thread that may block.
    async fn generate(&self, kind: KeyKind) -> Result<SigningKey, Fault> {
        let (source, entropy) = (Arc::clone(&self.source), Arc::clone(&self.entropy));
        let now = self.clock.now();
        let made = tokio::task::spawn_blocking(move || {
            keys::signing_key::generate(kind, source.master(), now, entropy.as_ref())
        });
        made.await
            .map_err(|e| Fault::broken_by("making a key", e))?
    }
}

/// Who takes the place of a key that is revoked.
enum Successor {
    /// It signs nothing: nobody need.
    Nobody,
    /// The next one.
    Next(KeyId),
    /// There is none. A server that cannot sign is worse than a key that some have not seen yet.
    MadeNow,
}

/// Who takes the place of a key, among those that open. One that does not open itself signs nothing, so
/// another does.
fn successor_of(revoked: &SigningKey, usable: &[SigningKey]) -> Successor {
    if revoked.state != KeyState::Active || !usable.iter().any(|k| k.id == revoked.id) {
        return Successor::Nobody;
    }
    let mut usable = usable.iter();
    let next = usable.find(|k| k.kind == revoked.kind && k.state == KeyState::Next);
    next.map_or(Successor::MadeNow, |next| Successor::Next(next.id.clone()))
}

/// When the secrets were made that seal handles, the newest last. One that does not open seals nothing.
fn sealing_handles(secrets: &[SharedSecret], source: &KeySource) -> Vec<Instant> {
    let handles = secrets
        .iter()
        .filter(|s| s.purpose == SecretPurpose::Handle)
        .filter(|s| keys::shared_secret::opens(s, source.master()));
    let mut made: Vec<Instant> = handles.map(|s| s.created_at).collect();
    made.sort_unstable();
    made
}

fn has_next(keys: &[SigningKey], kind: KeyKind) -> bool {
    keys.iter()
        .any(|k| k.kind == kind && k.state == KeyState::Next)
}
