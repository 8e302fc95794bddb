//! The pairwise identifier of a user within a sector: derived once, then kept, so that keys can
//! rotate and accounts merge without any identifier changing.

use std::sync::Arc;

use domain::subject::Sector;
use foundation::fault::Fault;
use foundation::id::{Subject, UserId};
use keys::key_ring::{KeyRing, Keys};
use live::Live;
use store::Store;

use crate::parts::Parts;

/// The identifier within an open transaction: the stored one, or a new one that is stored now.
pub(crate) fn subject_in(
    db: &mut store::Connection,
    keys: &KeyRing,
    sector: &Sector,
    user_id: UserId,
) -> Result<Subject, Fault> {
    let key = sector.key();
    if let Some(stored) = store::subjects::find(db, user_id, &key)? {
        return Ok(stored);
    }
    store::subjects::put(db, user_id, &key, &keys.pairwise(sector, user_id))
}

/// Finds or makes the pairwise identifiers of users.
#[derive(Clone)]
pub(crate) struct PairwiseSubjects {
    store: Store,
    live: Arc<Live>,
    keys: Arc<Keys>,
}

impl PairwiseSubjects {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            store: parts.store.clone(),
            live: Arc::clone(&parts.live),
            keys: Arc::clone(&parts.keys),
        }
    }

    /// The identifier of a user within a sector. Memory answers for most: an identifier never
    /// changes.
    pub(crate) async fn of(&self, sector: Sector, user_id: UserId) -> Result<Subject, Fault> {
        let key = sector.key();
        if let Some(known) = self.live.subjects.get(user_id, &key) {
            return Ok(known);
        }
        let keys = self.keys.current();
        let written = self
            .store
            .write(move |db| subject_in(db, &keys, &sector, user_id))
            .await?;
        self.live.subjects.fill(user_id, key, written.value.clone());
        Ok(written.value)
    }

    /// The identifier by which a user was known within a sector. It is not stored: the user may have been
    /// deleted since, and then it is what it was derived as.
    pub(crate) async fn of_whoever_was(
        &self,
        sector: Sector,
        user_id: UserId,
    ) -> Result<Subject, Fault> {
        let key = sector.key();
        if let Some(known) = self.live.subjects.get(user_id, &key) {
            return Ok(known);
        }
        let stored = self
            .store
            .read(move |db| store::subjects::find(db, user_id, &key))
            .await?;
        Ok(stored.unwrap_or_else(|| self.keys.current().pairwise(&sector, user_id)))
    }
}
