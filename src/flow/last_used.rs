//! *Last used*, to the minute, gathered in memory and written in batches: nothing that answers a
//! request waits for it, and what a crash loses is a few seconds of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use foundation::clock::{Instant, Span};
use foundation::fault::Fault;
use foundation::id::GrantId;
use store::Store;

/// The most grants that are remembered between two batches; further ones are left out.
const MAX_ENTRIES: usize = 200_000;
/// Grants written in one transaction: few enough that nobody else waits long.
const BATCH: usize = 200;

/// Which grants gave something lately.
#[derive(Debug, Default)]
pub struct LastUsed(Mutex<HashMap<GrantId, NotedUse>>);

#[derive(Clone, Copy, Debug)]
struct NotedUse {
    minute: Instant,
    written: bool,
}

impl LastUsed {
    /// Notes that a grant gave something at `now`.
    pub fn note(&self, grant: GrantId, now: Instant) {
        let minute = now.floor_to_minute();
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MAX_ENTRIES && !noted.contains_key(&grant) {
            return;
        }
        let entry = noted.entry(grant).or_insert(NotedUse {
            minute,
            written: false,
        });
        if entry.minute < minute {
            *entry = NotedUse {
                minute,
                written: false,
            };
        }
    }

    /// What has to be written, and forgets what nobody used for two minutes.
    fn take(&self, now: Instant) -> Vec<(GrantId, Instant)> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = noted
            .iter()
            .filter(|(_, n)| !n.written)
            .map(|(id, n)| (*id, n.minute))
            .collect();
        noted.values_mut().for_each(|n| n.written = true);
        noted.retain(|_, n| now.since(n.minute) < Span::minutes(2));
        due
    }

    /// Writes what was noted since the last time; says how many grants.
    ///
    /// # Errors
    /// The store does not answer; what was not written is tried again the next time.
    pub(crate) async fn flush(&self, store: &Store, now: Instant) -> Result<usize, Fault> {
        let due = self.take(now);
        for (done, batch) in due.chunks(BATCH).enumerate() {
            let minutes = by_minute(batch);
            let written = store.write(move |tx| {
                minutes
                    .iter()
                    .try_for_each(|(minute, grants)| store::grants::touch_many(tx, grants, *minute))
            });
            if let Err(fault) = written.await {
                self.put_back(&due[done * BATCH..]);
                return Err(fault);
            }
        }
        Ok(due.len())
    }

    /// Takes back what could not be written, for the next time; a later use stands.
    fn put_back(&self, due: &[(GrantId, Instant)]) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (grant, minute) in due {
            let back = NotedUse {
                minute: *minute,
                written: false,
            };
            let entry = noted.entry(*grant).or_insert(back);
            if entry.minute <= *minute {
                *entry = back;
            }
        }
    }
}

/// The grants of each minute: most batches have one.
fn by_minute(due: &[(GrantId, Instant)]) -> BTreeMap<Instant, Vec<GrantId>> {
    let mut minutes = BTreeMap::<_, Vec<_>>::new();
    for (grant, minute) in due {
        minutes.entry(*minute).or_default().push(*grant);
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;
    use foundation::entropy::SeededEntropy;

    #[test]
    fn what_could_not_be_written_is_tried_again() {
        let used = LastUsed::default();
        let start = Instant::from_seconds(600);
        let grant = GrantId::new(start, &SeededEntropy::new(1));
        used.note(grant, start);
        let due = used.take(start + Span::minutes(3));
        assert_eq!(due, [(grant, start)]);
        used.put_back(&due);
        assert_eq!(used.take(start), due);
        used.note(grant, start + Span::minutes(1));
        used.put_back(&due);
        assert_eq!(
            used.take(start),
            [(grant, start + Span::minutes(1))],
            "a later use stands"
        );
    }

    #[test]
    fn a_minute_is_written_once_however_often_a_grant_is_used() {
        let used = LastUsed::default();
        let start = Instant::from_seconds(600);
        let grant = GrantId::new(start, &SeededEntropy::new(1));
        for second in 0..30 {
            used.note(grant, start + Span::seconds(second));
        }
        assert_eq!(used.take(start + Span::seconds(30)), [(grant, start)]);
        used.note(grant, start + Span::seconds(31));
        assert_eq!(used.take(start + Span::seconds(32)), []);
        used.note(grant, start + Span::seconds(61));
        assert_eq!(
            used.take(start + Span::seconds(62)),
            [(grant, start + Span::minutes(1))]
        );
        assert_eq!(used.take(start + Span::minutes(9)), []);
        assert!(
            used.0.lock().expect("unpoisoned").is_empty(),
            "an idle grant is forgotten"
        );
    }
}
