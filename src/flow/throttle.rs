//! How tries to sign in are slowed down. Owns under which keys they are counted; how long one waits is
//! `domain::sign_in`'s.
//!
//! A try is counted before its password is looked at, as if it had failed: guesses at the same moment
//! are no more than guesses one after another. It is counted twice. The count of the name, as it was
//! typed, is the same for somebody and for nobody, and only this one is told. The count of the account
//! bounds the tries under all of its names together, and is kept silent: it would tell which names are
//! one person's.

use std::sync::Arc;

use domain::identity;
use domain::typed_text::name_form;
use foundation::clock::{Instant, SharedClock, Span};
use foundation::digest::{TokenDigest, sha256_of_parts};
use foundation::fault::Fault;
use foundation::id::{SessionId, UserId};
use store::{Store, sign_in_throttles};

use crate::parts::Parts;

/// Where a try is counted.
#[derive(Clone, Copy)]
pub(crate) struct Counters {
    name: TokenDigest,
    account: TokenDigest,
}

/// Whether a try is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is.
    Granted,
    /// It is not, and looks like one that failed: too many were made under other names of the account.
    Silent,
    /// It is not: too many were made under this name.
    Wait(Span),
}

impl Counters {
    /// The counters of what was typed. A browser that succeeded before (`trusted`) has its own, so
    /// strangers cannot slow its person down.
    pub(crate) fn of(typed: &str, user: Option<UserId>, trusted: Option<TokenDigest>) -> Self {
        let name = match identity::readings(typed).first() {
            Some((kind, value)) => {
                sha256_of_parts(&[b"name", kind.word().as_bytes(), value.as_bytes()])
            }
            None => sha256_of_parts(&[b"no name", name_form(typed).as_bytes()]),
        };
        let account = match user {
            Some(id) => sha256_of_parts(&[b"account", id.as_bytes()]),
            None => sha256_of_parts(&[b"nobody", &name]),
        };
        let browser = trusted.map_or([0; 32], |browser| *browser.as_bytes());
        let key = |of: [u8; 32]| {
            TokenDigest::of(&foundation::base64url::encode(&sha256_of_parts(&[
                &of, &browser,
            ])))
        };
        Self {
            name: key(name),
            account: key(account),
        }
    }

    /// Forgets what was counted, after a success.
    pub(crate) fn clear(self, tx: &mut store::Transaction<'_>) -> Result<(), Fault> {
        sign_in_throttles::clear(tx, self.name)?;
        sign_in_throttles::clear(tx, self.account)
    }

    fn take(self, tx: &mut store::Transaction<'_>, now: Instant) -> Result<Turn, Fault> {
        if let Some(wait) = sign_in_throttles::take(tx, self.name, now)? {
            count("name");
            return Ok(Turn::Wait(wait));
        }
        Ok(match sign_in_throttles::take(tx, self.account, now)? {
            None => Turn::Granted,
            Some(_) => {
                count("account");
                Turn::Silent
            }
        })
    }
}

/// A try that was not looked at.
fn count(counted_under: &'static str) {
    metrics::counter!("portico_throttled_total", "counted_under" => counted_under).increment(1);
}

/// Slows tries down.
#[derive(Clone)]
pub(crate) struct SignInThrottle {
    store: Store,
    clock: SharedClock,
    rate_limits: bool,
}

impl SignInThrottle {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            store: parts.store.clone(),
            clock: Arc::clone(&parts.clock),
            rate_limits: parts.policy.rate_limits,
        }
    }

    /// Counts a try, if one is welcome now.
    pub(crate) async fn take_turn(&self, counters: Counters) -> Result<Turn, Fault> {
        if !self.rate_limits {
            return Ok(Turn::Granted);
        }
        let now = self.clock.now();
        let taken = self.store.write(move |tx| counters.take(tx, now)).await?;
        Ok(taken.value)
    }

    /// Counts a try of a session to confirm a password; gives how long to wait if none is welcome now.
    pub(crate) async fn take_confirmation(
        &self,
        session: SessionId,
    ) -> Result<Option<Span>, Fault> {
        if !self.rate_limits {
            return Ok(None);
        }
        let key = TokenDigest::of(&format!("confirm {session}"));
        let now = self.clock.now();
        let taken = self
            .store
            .write(move |tx| sign_in_throttles::take(tx, key, now))
            .await?;
        if taken.value.is_some() {
            count("session");
        }
        Ok(taken.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_counter_however_it_is_spelled() {
        let name = |typed| Counters::of(typed, None, None).name;
        assert_eq!(name("+375 (29) 555-45-67"), name("+375295554567"));
        assert_eq!(name(" Ada@Example.ORG"), name("ada@example.org"));
        assert_eq!(name("a  b"), name(" A  B "));
        assert_ne!(name("ada"), name("ada@example.org"));
    }
}
