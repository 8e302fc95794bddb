//! Passwords: argon2id (RFC 9106), and equal work whether or not there is such a person. How many
//! are hashed at once, and for how long their memory is kept, is `flow`'s.
//!
//! How long and how guessable a password may be is decided elsewhere; so is how often one may try.

use argon2::password_hash::{self, Ident, Output, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use foundation::entropy::{self, Entropy};
use foundation::fault::Fault;
use foundation::secret::SecretText;

/// What a hash begins with.
const ARGON2ID: Ident<'static> = argon2::ARGON2ID_IDENT;

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

/// The memory that one hash works in: nothing until it is used, then as much as the hash costs.
///
/// All of it goes back to the system with the value. glibc keeps smaller blocks for the thread that
/// freed them, and with a thread for each of many guesses that adds up; blocks beyond
/// `GIVEN_BACK` it never keeps, and what of a block is not touched costs nothing.
#[derive(Default)]
pub struct HashMemory(Vec<Block>);

/// Past this size glibc maps each block by itself, and unmaps it when it is freed (`mallopt(3)`:
/// "the upper limit is `DEFAULT_MMAP_THRESHOLD_MAX`: … 4*1024*1024*sizeof(long) on 64-bit systems").
const GIVEN_BACK: usize = 4 * 1024 * 1024 * 8;

impl HashMemory {
    /// As many blocks as a hash needs.
    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            // A new block, not a copy of the old one into a larger one.
            self.0 = Vec::with_capacity(count.max(GIVEN_BACK / Block::SIZE + 1));
            self.0.resize(count, Block::new());
        }
        &mut self.0[..count]
    }
}

/// Hashes a password. Takes tens of milliseconds: not for a thread that others wait for.
///
/// # Errors
/// The policy's costs are not possible.
pub fn hash(
    policy: PasswordPolicy,
    memory: &mut HashMemory,
    password: &SecretText,
    entropy: &dyn Entropy,
) -> Result<String, Fault> {
    hash_with_salt(policy, memory, password, entropy::bytes(entropy))
}

/// Whether the password is the one that was hashed. With no hash, because there is no such person
/// or none has been set, the same work is done and the answer is no. A hash made under another
/// policy costs what that policy said.
///
/// # Errors
/// The stored hash cannot be read: that is not the person's mistake.
pub fn verify(
    policy: PasswordPolicy,
    memory: &mut HashMemory,
    password: &SecretText,
    hash: Option<&str>,
) -> Result<bool, Fault> {
    let Some(hash) = hash else {
        hash_with_salt(policy, memory, password, [0; 16])?;
        return Ok(false);
    };
    fits(memory, password, hash)
        .map_err(|error| Fault::broken(format!("a stored password hash ({error})")))
}

/// Hashes the password again as the stored hash says it was hashed, and compares.
fn fits(
    memory: &mut HashMemory,
    password: &SecretText,
    hash: &str,
) -> Result<bool, password_hash::Error> {
    let stored = PasswordHash::new(hash)?;
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(password_hash::Error::PhcStringField);
    };
    let version = stored.version.map(Version::try_from).transpose()?;
    let argon2 = Argon2::new(
        Algorithm::try_from(stored.algorithm)?,
        version.unwrap_or_default(),
        Params::try_from(&stored)?,
    );
    // `Output` is compared in constant time.
    Ok(output(&argon2, memory, password, salt)? == expected)
}

/// Whether a hash was made with other costs than today's. Ask after the password was right, which
/// is the only moment at which it can be hashed anew.
pub fn needs_rehash(policy: PasswordPolicy, hash: &str) -> bool {
    let Ok(stored) = PasswordHash::new(hash) else {
        return true;
    };
    let costs = Params::try_from(&stored).map(|p| (p.m_cost(), p.t_cost(), p.p_cost()));
    stored.algorithm != ARGON2ID || costs != Ok((policy.memory_kib, policy.passes, policy.lanes))
}

fn hash_with_salt(
    policy: PasswordPolicy,
    memory: &mut HashMemory,
    password: &SecretText,
    salt: [u8; 16],
) -> Result<String, Fault> {
    let argon2 = policy.argon2()?;
    let mut hashed = || {
        let salt = SaltString::encode_b64(&salt)?;
        let hash = PasswordHash {
            algorithm: ARGON2ID,
            version: Some(Version::V0x13.into()),
            params: argon2.params().try_into()?,
            salt: Some(salt.as_salt()),
            hash: Some(output(&argon2, memory, password, salt.as_salt())?),
        };
        Ok(hash.to_string())
    };
    hashed().map_err(|error: password_hash::Error| {
        Fault::broken(format!("hashing a password ({error})"))
    })
}

/// What argon2 makes of a password, working in memory that is lent to it.
fn output(
    argon2: &Argon2<'_>,
    memory: &mut HashMemory,
    password: &SecretText,
    salt: Salt<'_>,
) -> Result<Output, password_hash::Error> {
    let mut room = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut room)?;
    let params = argon2.params();
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    Output::init_with(length, |out| {
        let blocks = memory.blocks(params.block_count());
        argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, out, blocks)?;
        Ok(())
    })
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

    fn hash(
        policy: PasswordPolicy,
        password: &SecretText,
        entropy: &dyn Entropy,
    ) -> Result<String, Fault> {
        super::hash(policy, &mut HashMemory::default(), password, entropy)
    }

    fn verify(
        policy: PasswordPolicy,
        password: &SecretText,
        hash: Option<&str>,
    ) -> Result<bool, Fault> {
        super::verify(policy, &mut HashMemory::default(), password, hash)
    }

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
    fn memory_that_was_used_before_changes_nothing() {
        let mut memory = HashMemory::default();
        let more = PasswordPolicy {
            memory_kib: 256,
            ..CHEAP
        };
        let entropy = SeededEntropy::new(1);
        for policy in [CHEAP, more, CHEAP] {
            let hash = super::hash(policy, &mut memory, &text("a"), &entropy).expect("possible");
            for (password, fits) in [("a", true), ("b", false)] {
                let used = super::verify(CHEAP, &mut memory, &text(password), Some(&hash));
                assert_eq!(used.ok(), Some(fits));
                assert_eq!(verify(CHEAP, &text(password), Some(&hash)).ok(), Some(fits));
            }
        }
    }

    #[test]
    fn a_hash_that_another_library_wrote_is_read() {
        // `hashtest(version, 2, 8, …)` of `src/test.c` in the reference implementation.
        for reference in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        ] {
            for (password, fits) in [("password", true), ("passwore", false)] {
                let found = verify(CHEAP, &text(password), Some(reference));
                assert_eq!(found.ok(), Some(fits), "{reference}");
            }
        }
    }

    #[test]
    fn attack_97_the_memory_of_a_hash_is_one_that_the_system_gets_back() {
        let mut memory = HashMemory::default();
        hash_with_salt(CHEAP, &mut memory, &text("a"), [0; 16]).expect("possible");
        assert!(memory.0.capacity() * Block::SIZE > GIVEN_BACK);
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
        let mut memory = HashMemory::default();
        let start = std::time::Instant::now();
        let fits = super::verify(policy, &mut memory, &text("b"), hash);
        assert_eq!(fits.ok(), Some(false));
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
