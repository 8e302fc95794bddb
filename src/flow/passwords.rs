//! Passwords: how long they are, and hashing them: on threads that may block, as many at once as there
//! are cores, in memory that goes from one to the next while there is work and back to the system
//! after it.

use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::typed_text::{password_form, password_forms};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::secret::SecretText;
use keys::password::{HashMemory, PasswordPolicy};
use tokio::sync::Semaphore;

use crate::parts::Parts;

/// How long somebody waits for a free thread before being told to come back later.
const TIMEOUT: Duration = Duration::from_secs(5);

/// As many hashes at once as there are cores: more would only make each of them slower, and each
/// takes its own memory.
static HASHING: LazyLock<Semaphore> = LazyLock::new(|| {
    Semaphore::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
});

/// The memory of all hashes of this process.
static MEMORY: Memories = Memories(Mutex::new(KeptMemories {
    spare: Vec::new(),
    lent: 0,
}));

/// The fewest characters of a new password (NIST SP 800-63B §3.1.1.2 asks for eight; ten is kinder
/// to people who choose words).
pub const PASSWORD_MIN: usize = 10;
/// The most characters of a password.
pub const PASSWORD_MAX: usize = 256;

/// Hashes passwords, and compares them with hashes.
#[derive(Clone)]
pub(crate) struct Passwords {
    policy: PasswordPolicy,
    entropy: SharedEntropy,
}

impl Passwords {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            policy: parts.policy.passwords,
            entropy: Arc::clone(&parts.entropy),
        }
    }

    /// Hashes a new password, in its normal form where it has one.
    pub(crate) async fn hash(&self, password: SecretText) -> Result<String, Fault> {
        let (policy, entropy) = (self.policy, Arc::clone(&self.entropy));
        let normal = password_form(&password).unwrap_or(password);
        bounded(move |memory| keys::password::hash(policy, memory, &normal, entropy.as_ref())).await
    }

    /// Whether a password fits a hash, in any form in which it may have been hashed. For nobody (`None`)
    /// the work is the same and the answer no.
    pub(crate) async fn matches(
        &self,
        password: &SecretText,
        hash: Option<String>,
    ) -> Result<Fit, Fault> {
        let (policy, forms) = (self.policy, password_forms(password));
        bounded(move |memory| {
            let hash = hash.as_deref();
            let fitting = first_fitting(&forms, |form| {
                keys::password::verify(policy, memory, form, hash)
            })?;
            Ok(match (fitting, hash) {
                (Some(0), Some(hash)) if !keys::password::needs_rehash(policy, hash) => Fit::Yes,
                (Some(_), Some(_)) => Fit::ToBeHashedAnew,
                _ => Fit::No,
            })
        })
        .await
    }
}

/// Whether a password fits a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It does not.
    No,
    /// It does.
    Yes,
    /// It does, and the hash is of another form or other costs than it would be today.
    ToBeHashedAnew,
}

impl Fit {
    /// Whether it does.
    pub(crate) fn fits(self) -> bool {
        self != Self::No
    }
}

/// The first form that fits. Where none does, each was tried, whoever it is for.
fn first_fitting(
    forms: &[SecretText],
    mut fits: impl FnMut(&SecretText) -> Result<bool, Fault>,
) -> Result<Option<usize>, Fault> {
    for (number, form) in forms.iter().enumerate() {
        if fits(form)? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

async fn bounded<T: Send + 'static>(
    work: impl FnOnce(&mut HashMemory) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    const WHAT: &str = "a thread for hashing";
    let permit = tokio::time::timeout(TIMEOUT, HASHING.acquire())
        .await
        .map_err(|error| Fault::unavailable(WHAT, error))?
        .map_err(|error| Fault::unavailable(WHAT, error))?;
    // The permit goes with the work: who stops waiting for the answer does not make room for more.
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work(&mut MEMORY.lend())
    });
    done.await
        .map_err(|error| Fault::broken_by("hashing a password", error))?
}

/// Memory for hashes, handed from one to the next. There is never more of it than there were hashes
/// at one moment, which the permits bound, and none when nobody hashes.
struct Memories(Mutex<KeptMemories>);

struct KeptMemories {
    spare: Vec<HashMemory>,
    lent: usize,
}

impl Memories {
    fn lend(&self) -> Lent<'_> {
        let mut kept = self.kept();
        kept.lent += 1;
        Lent {
            of: self,
            memory: kept.spare.pop().unwrap_or_default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, KeptMemories> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory of one hash; comes back by itself.
struct Lent<'a> {
    of: &'a Memories,
    memory: HashMemory,
}

impl Deref for Lent<'_> {
    type Target = HashMemory;

    fn deref(&self) -> &HashMemory {
        &self.memory
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut HashMemory {
        &mut self.memory
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        let mut kept = self.of.kept();
        kept.lent -= 1;
        kept.spare.push(memory);
        // The last one turns off the light; what is freed is freed outside the lock.
        let freed = match kept.lent {
            0 => std::mem::take(&mut kept.spare),
            _ => Vec::new(),
        };
        drop(kept);
        drop(freed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_97_memory_is_bounded_by_the_hashes_of_one_moment_and_freed_after_them() {
        let memories = Memories(Mutex::new(KeptMemories {
            spare: Vec::new(),
            lent: 0,
        }));
        let counts = || {
            let kept = memories.kept();
            (kept.lent, kept.spare.len())
        };
        let first = memories.lend();
        for _ in 0..100 {
            let second = memories.lend();
            assert_eq!(counts(), (2, 0), "the spare one is used again");
            drop(second);
            assert_eq!(counts(), (1, 1));
        }
        drop(first);
        assert_eq!(counts(), (0, 0));
    }

    #[test]
    fn attack_92_what_does_not_fit_is_tried_in_each_form_for_somebody_and_for_nobody() {
        let policy = PasswordPolicy {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        };
        let entropy = foundation::entropy::SeededEntropy::new(1);
        let mut memory = HashMemory::default();
        let text = SecretText::new("caf\u{E9} noir");
        let hash = keys::password::hash(policy, &mut memory, &text, &entropy).expect("possible");
        for (typed, forms) in [("another one", 1), ("cafe\u{301} blanc", 2)] {
            for hash in [Some(hash.as_str()), None] {
                let mut tried = 0;
                let forms_of = password_forms(&SecretText::new(typed));
                let found = first_fitting(&forms_of, |form| {
                    tried += 1;
                    keys::password::verify(policy, &mut memory, form, hash)
                });
                assert_eq!((found.ok(), tried), (Some(None), forms), "{typed}");
            }
        }
    }

    #[test]
    fn memory_comes_back_from_a_hash_that_panics() {
        let memories = Memories(Mutex::new(KeptMemories {
            spare: Vec::new(),
            lent: 0,
        }));
        let hash = std::panic::AssertUnwindSafe(|| {
            let _lent = memories.lend();
            panic!("while hashing");
        });
        assert!(std::panic::catch_unwind(hash).is_err());
        assert_eq!(memories.kept().lent, 0);
    }
}
