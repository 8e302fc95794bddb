//! Making and opening the secrets that all nodes share. The entity is
//! `domain::shared_secret::SharedSecret`; when a new one is due is a job's decision.

use domain::shared_secret::{SecretPurpose, SharedSecret};
use foundation::clock::Instant;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::SecretId;
use foundation::secret::KeyBytes;

use crate::master_key::MasterKey;

/// A new secret of 256 bits, sealed under the master key.
pub fn generate(
    purpose: SecretPurpose,
    master: &MasterKey,
    now: Instant,
    entropy: &dyn Entropy,
) -> SharedSecret {
    let id = SecretId::new(now, entropy);
    let secret = KeyBytes::random(entropy);
    let sealed = master.seal(&label(purpose, id), secret.expose(), entropy);
    SharedSecret {
        id,
        purpose,
        sealed,
        created_at: now,
    }
}

/// The secret itself.
pub(crate) fn open(secret: &SharedSecret, master: &MasterKey) -> Result<KeyBytes, Fault> {
    let label = label(secret.purpose, secret.id);
    let key = master.open(&label, &secret.sealed)?;
    if key.expose().len() == 32 {
        Ok(key)
    } else {
        Err(Fault::broken(label))
    }
}

/// Whether a stored secret opens under this master key.
pub fn opens(secret: &SharedSecret, master: &MasterKey) -> bool {
    open(secret, master).is_ok()
}

/// Purpose and id are part of the seal, so that rows cannot change places.
fn label(purpose: SecretPurpose, id: SecretId) -> String {
    format!("shared secret {} {id}", purpose.word())
}
