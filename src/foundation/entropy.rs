//! Randomness as a parameter.

use std::sync::{Arc, Mutex, PoisonError};

use crate::digest::sha256;

/// Gives unpredictable bytes. The system's outside tests; a [`SeededEntropy`] inside.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer. A system that cannot give randomness ends the process: there is no safe
    /// way to go on.
    fn fill(&self, buffer: &mut [u8]);
}

/// A source that can be handed around.
pub type SharedEntropy = Arc<dyn Entropy>;

/// `N` fresh bytes.
pub fn bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut buffer = [0; N];
    entropy.fill(&mut buffer);
    buffer
}

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the system is asked"
        )]
        if getrandom::fill(buffer).is_err() {
            std::process::abort();
        }
    }
}

/// Reproducible bytes for tests: SHA-256 over a seed and a counter.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<([u8; 32], u64)>);

impl SeededEntropy {
    /// A stream that is the same for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new((sha256(&seed.to_be_bytes()), 0)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in buffer.chunks_mut(32) {
            let mut block = [0; 40];
            block[..32].copy_from_slice(&state.0);
            block[32..].copy_from_slice(&state.1.to_be_bytes());
            state.1 += 1;
            chunk.copy_from_slice(&sha256(&block)[..chunk.len()]);
        }
    }
}
