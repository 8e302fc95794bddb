//! Random choices that a seed repeats.

use foundation::entropy::{self, SeededEntropy};

/// A stream of choices.
#[derive(Debug)]
pub(super) struct Chance(SeededEntropy);

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below `end`, which is small.
    pub(super) fn below(&self, end: usize) -> usize {
        let end = u64::try_from(end).expect("small");
        let drawn = u64::from_be_bytes(entropy::bytes(&self.0)) % end;
        usize::try_from(drawn).expect("small")
    }

    /// Another stream that hangs on this one.
    pub(super) fn branch(&self) -> Self {
        Self::of(u64::from_be_bytes(entropy::bytes(&self.0)))
    }
}
