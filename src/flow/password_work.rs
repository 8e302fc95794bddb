//! Hashing passwords: on threads that may block, as many at once as there are cores.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use foundation::fault::Fault;
use foundation::secret::SecretText;
use tokio::sync::Semaphore;

use crate::Flows;

/// How long somebody waits for a free thread before being told to come back later.
const PATIENCE: Duration = Duration::from_secs(5);

/// As many hashes at once as there are cores: more would only make each of them slower, and each
/// takes its own memory.
static HASHING: LazyLock<Semaphore> = LazyLock::new(|| {
    Semaphore::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
});

impl Flows {
    /// Hashes a new password.
    pub(crate) async fn hash_password(&self, password: SecretText) -> Result<String, Fault> {
        let (policy, entropy) = (self.policy().passwords, Arc::clone(&self.0.entropy));
        bounded(move || keys::password::hash(policy, &password, entropy.as_ref())).await
    }

    /// Whether a password fits a hash. For nobody (`None`) the work is the same and the answer no.
    pub(crate) async fn password_matches(
        &self,
        password: SecretText,
        hash: Option<String>,
    ) -> Result<bool, Fault> {
        let policy = self.policy().passwords;
        bounded(move || keys::password::verify(policy, &password, hash.as_deref())).await
    }
}

async fn bounded<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    const WHAT: &str = "a thread for hashing";
    let permit = tokio::time::timeout(PATIENCE, HASHING.acquire())
        .await
        .map_err(|error| Fault::unavailable(WHAT, error))?
        .map_err(|error| Fault::unavailable(WHAT, error))?;
    // The permit goes with the work: who stops waiting for the answer does not make room for more.
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await
        .map_err(|error| Fault::broken_by("hashing a password", error))?
}
