//! Passwords: argon2id (RFC 9106), and equal work whether or not there is such a person. How many
//! are hashed at once is `flow`'s.
//!
//! How long and how guessable a password may be is decided elsewhere; so is how often one may try.

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use foundation::entropy::{self, Entropy};
use foundation::fault::Fault;
use foundation::secret::SecretText;

/// The cost of a password hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for PasswordPolicy {
    /// The first choice of OWASP's Password Storage Cheat Sheet for argon2id.
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

impl PasswordPolicy {
    /// Checks the costs once, at start-up.
    ///
    /// # Errors
    /// Argon2 does not know such costs.
    pub fn check(self) -> Result<(), Fault> {
        self.argon2().map(|_| ())
    }

    fn params(self) -> Result<Params, Fault> {
        Params::new(self.memory_kib, self.passes, self.lanes, None)
            .map_err(|error| Fault::broken(format!("the cost of password hashes ({error})")))
    }

    fn argon2(self) -> Result<Argon2<'static>, Fault> {
        Ok(Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            self.params()?,
        ))
    }
}

/// Hashes a password. Takes tens of milliseconds: not for a thread that others wait for.
///
/// # Errors
/// The policy's costs are not possible.
pub fn hash(
    policy: PasswordPolicy,
    password: &SecretText,
    entropy: &dyn Entropy,
) -> Result<String, Fault> {
    hash_with_salt(policy, password, entropy::bytes(entropy))
}

/// Whether the password is the one that was hashed. With no hash, because there is no such person
/// or none has been set, the same work is done and the answer is no. A hash made under another
/// policy costs what that policy said.
///
/// # Errors
/// The stored hash cannot be read: that is not the person's mistake.
pub fn verify(
    policy: PasswordPolicy,
    password: &SecretText,
    hash: Option<&str>,
) -> Result<bool, Fault> {
    let Some(hash) = hash else {
        hash_with_salt(policy, password, [0; 16])?;
        return Ok(false);
    };
    let unreadable = |error| Fault::broken(format!("a stored password hash ({error})"));
    let stored = PasswordHash::new(hash).map_err(unreadable)?;
    match policy
        .argon2()?
        .verify_password(password.expose().as_bytes(), &stored)
    {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(error) => Err(unreadable(error)),
    }
}

/// Whether a hash was made with other costs than today's. Ask after the password was right, which
/// is the only moment at which it can be hashed anew.
pub fn needs_rehash(policy: PasswordPolicy, hash: &str) -> bool {
    let Ok(stored) = PasswordHash::new(hash) else {
        return true;
    };
    let costs = Params::try_from(&stored).map(|p| (p.m_cost(), p.t_cost(), p.p_cost()));
    stored.algorithm != Algorithm::Argon2id.ident()
        || costs != Ok((policy.memory_kib, policy.passes, policy.lanes))
}

fn hash_with_salt(
    policy: PasswordPolicy,
    password: &SecretText,
    salt: [u8; 16],
) -> Result<String, Fault> {
    let fault = |error| Fault::broken(format!("hashing a password ({error})"));
    let salt = SaltString::encode_b64(&salt).map_err(fault)?;
    let hash = policy
        .argon2()?
        .hash_password(password.expose().as_bytes(), &salt)
        .map_err(fault)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use foundation::entropy::SeededEntropy;

    use super::*;

    const CHEAP: PasswordPolicy = PasswordPolicy {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    fn text(password: &str) -> SecretText {
        SecretText::new(password)
    }

    #[test]
    fn the_right_password_and_no_other_matches() {
        let hash = hash(CHEAP, &text("correct horse"), &SeededEntropy::new(1)).expect("possible");
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        let verify = |password: &str| verify(CHEAP, &text(password), Some(&hash)).ok();
        assert_eq!(verify("correct horse"), Some(true));
        for wrong in ["correct horsf", "", "correct horse ", &hash] {
            assert_eq!(verify(wrong), Some(false), "{wrong:?}");
        }
    }

    #[test]
    fn equal_passwords_have_different_hashes() {
        let entropy = SeededEntropy::new(1);
        let one = hash(CHEAP, &text("a"), &entropy).expect("possible");
        assert_ne!(one, hash(CHEAP, &text("a"), &entropy).expect("possible"));
    }

    #[test]
    fn nobody_never_matches_and_a_broken_hash_is_a_fault() {
        assert_eq!(verify(CHEAP, &text(""), None).ok(), Some(false));
        for hash in [
            "",
            "plain",
            "$argon2id$v=19$m=64,t=1,p=1$",
            "$2b$10$abcdefghijklmnopqrstuv",
        ] {
            assert!(verify(CHEAP, &text(""), Some(hash)).is_err(), "{hash:?}");
        }
    }

    #[test]
    fn attack_92_nobody_costs_as_much_as_somebody() {
        // Enough memory that the work, not the clock, is what is seen.
        let policy = PasswordPolicy {
            memory_kib: 8192,
            passes: 1,
            lanes: 1,
        };
        let hash = hash(policy, &text("a"), &SeededEntropy::new(1)).expect("possible");
        // Taken in turns, and the shortest of each: whatever else the machine does only adds time.
        // Work left out would be a factor of a thousand.
        let (mut somebody, mut nobody) = (Duration::MAX, Duration::MAX);
        for _ in 0..8 {
            somebody = somebody.min(time_to_refuse(policy, Some(&hash)));
            nobody = nobody.min(time_to_refuse(policy, None));
        }
        let ratio = nobody.as_secs_f64() / somebody.as_secs_f64();
        assert!(
            (0.1..10.0).contains(&ratio),
            "{nobody:?} against {somebody:?}"
        );
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long it takes is what is tested"
    )]
    fn time_to_refuse(policy: PasswordPolicy, hash: Option<&str>) -> Duration {
        let start = std::time::Instant::now();
        assert_eq!(verify(policy, &text("b"), hash).ok(), Some(false));
        start.elapsed()
    }

    #[test]
    fn a_hash_of_other_costs_is_made_anew() {
        let hash = hash(CHEAP, &text("a"), &SeededEntropy::new(1)).expect("possible");
        assert!(!needs_rehash(CHEAP, &hash));
        assert!(needs_rehash(PasswordPolicy::default(), &hash));
        assert!(needs_rehash(CHEAP, "plain"));
        assert_eq!(
            verify(PasswordPolicy::default(), &text("a"), Some(&hash)).ok(),
            Some(true)
        );
    }

    #[test]
    fn impossible_costs_are_found_at_start() {
        assert!(
            PasswordPolicy {
                memory_kib: 1,
                passes: 0,
                lanes: 0
            }
            .check()
            .is_err()
        );
        assert!(PasswordPolicy::default().check().is_ok());
    }
}
