//! From when a next key may sign: every live node has it, and no copy of the JWKS that anybody may
//! keep is without it.
//!
//! A node says in its heartbeat up to which event it has the keys. One that does not follow the log
//! serves a JWKS that nobody may keep, so it is enough to ask those that are alive.

use std::sync::Arc;
use std::time::Duration;

use domain::lifetimes::Lifetimes;
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use foundation::clock::{Instant, SharedClock, Span};
use foundation::fault::Fault;
use foundation::id::{KeyId, Position};
use store::Store;
use store::nodes::Node;

use crate::administer::Refusal;
use crate::parts::Parts;

/// How long the command waits for the nodes.
const TIMEOUT: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(200);

/// When a rotation by command happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateWhen {
    /// Only when every copy of the JWKS that may be kept has the next keys.
    CopiesHaveThem,
    /// At once: who verifies with an older copy may refuse what is signed, for some minutes.
    Now,
}

/// Keys of one kind that change places.
pub(super) struct Succession {
    pub(super) active: KeyId,
    pub(super) heir: KeyId,
    /// From when the heir may sign.
    pub(super) from: Instant,
}

/// Who follows whom, for each of these kinds. Nothing is written before all of them may.
///
/// # Errors
/// A key is missing, or it is too early for one of them.
pub(super) fn successions(
    keys: &[SigningKey],
    kinds: &[KeyKind],
    when: RotateWhen,
    now: Instant,
) -> Result<Vec<Succession>, Refusal> {
    let changed = || Refusal::NotPossible("the keys have just changed: look again".into());
    let of = |kind, state| {
        keys.iter()
            .find(move |key| key.kind == kind && key.state == state)
            .ok_or_else(changed)
    };
    let mut found = Vec::new();
    for kind in kinds {
        let (active, heir) = (of(*kind, KeyState::Active)?, of(*kind, KeyState::Next)?);
        found.push(Succession {
            active: active.id.clone(),
            heir: heir.id.clone(),
            from: heir.signs_from().ok_or_else(unconfirmed)?,
        });
    }
    match later_than(&found, now) {
        Some(from) if when == RotateWhen::CopiesHaveThem => Err(too_early(from)),
        _ => Ok(found),
    }
}

/// From when all of them may sign, if that is still to come.
pub(super) fn later_than(found: &[Succession], now: Instant) -> Option<Instant> {
    let last = found.iter().map(|succession| succession.from).max();
    last.filter(|from| now < *from)
}

fn too_early(from: Instant) -> Refusal {
    Refusal::NotPossible(format!(
        "the next keys sign from {} on: until then somebody may keep a JWKS without them; try again \
         then. `portico keys rotate --now` does it at once, and who verifies with an older JWKS may \
         refuse what is signed until then",
        from.rfc3339()
    ))
}

pub(super) fn unconfirmed() -> Refusal {
    let problem = "a running node has not confirmed the next keys yet; they are published, try again in a minute";
    Refusal::NotPossible(problem.into())
}

/// Finds out which next keys every live node has.
#[derive(Clone)]
pub(super) struct Confirmation {
    store: Store,
    clock: SharedClock,
}

impl Confirmation {
    pub(super) fn new(parts: &Parts) -> Self {
        Self {
            store: parts.store.clone(),
            clock: Arc::clone(&parts.clock),
        }
    }

    /// Notes of each next key that every live node has it, if that is so.
    pub(super) async fn confirm(&self) -> Result<bool, Fault> {
        let since = self.clock.now() - Lifetimes::NODE_SILENCE;
        let looked = self.store.read(move |db| {
            // In this order: a key that is seen here was announced by an event that is seen below.
            let mut keys = store::signing_keys::all(db)?;
            keys.retain(|key| key.state == KeyState::Next && key.confirmed_at.is_none());
            let announced = store::events::last_keys_changed(db)?.unwrap_or(Position(0));
            let nodes = store::nodes::live(db, since)?;
            let history = store::histories::current(db)?.id;
            let has_them =
                |node: &Node| node.confirmed.history == history && node.keys_seen >= announced;
            let all = nodes.iter().all(has_them);
            Ok(all.then(|| keys.into_iter().map(|key| key.id).collect::<Vec<_>>()))
        });
        let Some(confirmed) = looked.await? else {
            return Ok(false);
        };
        if !confirmed.is_empty() {
            let now = self.clock.now();
            let noted = self.store.write(move |tx| {
                confirmed
                    .iter()
                    .try_for_each(|id| store::signing_keys::confirm(tx, id, now))
            });
            noted.await?;
        }
        Ok(true)
    }

    /// Waits until every live node has them, for twenty seconds at most.
    pub(super) async fn wait(&self) -> Result<bool, Fault> {
        let tries = TIMEOUT.as_millis() / STEP.as_millis();
        for _ in 0..tries {
            if self.confirm().await? {
                return Ok(true);
            }
            tokio::time::sleep(STEP).await;
        }
        Ok(false)
    }
}

/// Whether the active key of a kind is old enough, and its successor may sign and was announced
/// long enough.
pub(super) fn is_due(
    keys: &[SigningKey],
    kind: KeyKind,
    lifetime: Span,
    announced: Span,
    now: Instant,
) -> bool {
    let of_kind = || keys.iter().filter(|k| k.kind == kind);
    let old = of_kind().any(|k| k.is_due(now, lifetime));
    let ready = of_kind().any(|k| {
        k.state == KeyState::Next
            && now.since(k.since) >= announced
            && k.signs_from().is_some_and(|from| now >= from)
    });
    old && ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::signing_key::JWKS_MAX_AGE;
    use serde_json::json;

    fn key(kind: KeyKind, state: KeyState, since: i64, confirmed: Option<i64>) -> SigningKey {
        let since = Instant::from_seconds(since);
        SigningKey {
            id: KeyId::parse(&format!("{}{}", state.word(), kind.word())).expect("an id"),
            kind,
            state,
            since,
            created_at: since,
            confirmed_at: confirmed.map(Instant::from_seconds),
            public_jwk: json!({}),
            sealed_private: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_followed_when_it_is_old_and_its_successor_was_announced_and_confirmed() {
        let day = Span::days(1).as_seconds();
        let announced = 89 * day + 60;
        let due = |confirmed: Option<i64>, days: i64, seconds: i64| {
            let keys = [
                key(KeyKind::P256, KeyState::Active, 0, None),
                key(KeyKind::P256, KeyState::Next, announced, confirmed),
            ];
            let now = Instant::from_seconds(days * day + seconds);
            let of = |kind| is_due(&keys, kind, Span::days(90), Span::days(1), now);
            assert!(!of(KeyKind::Rsa), "there is none");
            of(KeyKind::P256)
        };
        let at_once = Some(announced);
        assert!(!due(at_once, 89, 0));
        assert!(!due(at_once, 90, 59), "announced for less than a day");
        assert!(due(at_once, 90, 60));
        assert!(!due(None, 200, 0), "a node never confirmed it");
        let wait = JWKS_MAX_AGE.as_seconds() + 60;
        assert!(
            !due(Some(90 * day), 90, wait - 1),
            "a copy may be without it"
        );
        assert!(due(Some(90 * day), 90, wait));
    }

    #[test]
    fn keys_of_all_kinds_change_places_together_or_not_at_all() {
        let keys = |rsa: Option<i64>| {
            vec![
                key(KeyKind::P256, KeyState::Active, 0, None),
                key(KeyKind::P256, KeyState::Next, 0, Some(0)),
                key(KeyKind::Rsa, KeyState::Active, 0, None),
                key(KeyKind::Rsa, KeyState::Next, 0, rsa),
            ]
        };
        let all = KeyKind::ALL;
        let at = Instant::from_seconds;
        let asked = |keys: &[SigningKey], when, now| {
            successions(keys, &all, when, at(now)).map(|found| later_than(&found, at(now)))
        };
        let when = RotateWhen::CopiesHaveThem;
        assert_eq!(asked(&keys(Some(10)), when, 370), Ok(None));
        let refused = asked(&keys(Some(10)), when, 369).expect_err("a second too early");
        assert!(
            refused.to_string().contains("1970-01-01T00:06:10"),
            "{refused}"
        );
        let forced = asked(&keys(Some(10)), RotateWhen::Now, 369);
        assert_eq!(forced, Ok(Some(at(370))), "until then somebody may refuse");
        for when in [when, RotateWhen::Now] {
            assert_eq!(asked(&keys(None), when, 9999), Err(unconfirmed()));
            assert!(
                asked(&keys(Some(0))[..3], when, 9999).is_err(),
                "one is missing"
            );
        }
    }
}
