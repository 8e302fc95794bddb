//! Pairwise identifiers that were looked up before. An identifier never changes, so an entry is
//! right for ever.

use std::hash::{Hash, Hasher};

use foundation::id::{Subject, UserId};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

/// How many identifiers are kept: about a quarter of a KiB each.
const SUBJECTS: usize = 50_000;

/// The identifier of a user within a sector.
#[derive(Debug)]
pub struct Subjects(Cache<OwnedSubjectKey, Subject>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnedSubjectKey {
    user_id: UserId,
    sector: String,
}

/// The same key without a copy of its text.
struct SubjectKey<'a> {
    user_id: UserId,
    sector: &'a str,
}

// Both spell their parts the same way, or one would not be found by the other.
impl Hash for OwnedSubjectKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        SubjectKey {
            user_id: self.user_id,
            sector: &self.sector,
        }
        .hash(state);
    }
}

impl Hash for SubjectKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.user_id.hash(state);
        self.sector.hash(state);
    }
}

impl Equivalent<OwnedSubjectKey> for SubjectKey<'_> {
    fn equivalent(&self, key: &OwnedSubjectKey) -> bool {
        self.user_id == key.user_id && self.sector == key.sector
    }
}

impl Default for Subjects {
    fn default() -> Self {
        Self::bounded(SUBJECTS)
    }
}

impl Subjects {
    /// With a bound of its own.
    pub fn bounded(subjects: usize) -> Self {
        Self(Cache::new(subjects))
    }

    /// The identifier, if it was looked up before; `sector` is `Sector::key`.
    pub fn get(&self, user_id: UserId, sector: &str) -> Option<Subject> {
        self.0.get(&SubjectKey { user_id, sector })
    }

    /// Keeps what the store has. Nothing else may be put here: what was merely derived may differ.
    pub fn fill(&self, user_id: UserId, sector: String, subject: Subject) {
        self.0.insert(OwnedSubjectKey { user_id, sector }, subject);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use foundation::clock::Instant;
    use foundation::entropy::SeededEntropy;

    use super::*;

    #[test]
    fn an_identifier_is_found_for_its_user_and_sector_only() {
        let entropy = SeededEntropy::new(1);
        let user = || UserId::new(Instant::from_millis(0), &entropy);
        let (ada, bob) = (user(), user());
        let subject = Subject::parse("s").expect("an id");
        let subjects = Subjects::default();
        subjects.fill(ada, "client market".into(), subject.clone());
        assert_eq!(subjects.get(ada, "client market"), Some(subject));
        assert_eq!(subjects.get(bob, "client market"), None);
        assert_eq!(subjects.get(ada, "client taxi"), None);
        subjects.clear();
        assert_eq!(subjects.get(ada, "client market"), None);
    }
}
