//! What a mini-program remembers about its own people, by their identifier there: in memory,
//! bounded, gone when the demonstration ends.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many people a program remembers; past it the one not seen for longest is forgotten.
const MAX_PEOPLE: usize = 2_000;

/// A value of type `T` for each person.
pub(crate) struct Keep<T> {
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    by_subject: HashMap<String, Kept<T>>,
    /// Counts visits, to know who was here last.
    visits: u64,
}

struct Kept<T> {
    last_visit: u64,
    value: T,
}

impl<T: Default> Keep<T> {
    /// Remembers nobody.
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                by_subject: HashMap::new(),
                visits: 0,
            }),
        }
    }

    /// Looks at or changes what is kept for one person; a new person starts with the default.
    pub(crate) fn with<R>(&self, subject: &str, look: impl FnOnce(&mut T) -> R) -> R {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.visits += 1;
        let last_visit = inner.visits;
        if !inner.by_subject.contains_key(subject) && inner.by_subject.len() >= MAX_PEOPLE {
            let longest_ago = inner
                .by_subject
                .iter()
                .min_by_key(|(_, kept)| kept.last_visit);
            if let Some(subject) = longest_ago.map(|(subject, _)| subject.clone()) {
                inner.by_subject.remove(&subject);
            }
        }
        let kept = inner
            .by_subject
            .entry(subject.to_owned())
            .or_insert_with(|| Kept {
                last_visit,
                value: T::default(),
            });
        kept.last_visit = last_visit;
        look(&mut kept.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_do_not_see_one_another_and_the_oldest_is_forgotten() {
        let keep = Keep::<Vec<usize>>::new();
        for i in 0..MAX_PEOPLE {
            keep.with(&i.to_string(), |values| values.push(i));
        }
        assert_eq!(keep.with("0", |values| values.clone()), [0]);
        keep.with("one more", |values| assert!(values.is_empty()));
        assert_eq!(keep.with("0", |values| values.clone()), [0], "seen lately");
        assert!(
            keep.with("1", |values| values.is_empty()),
            "not seen for longest"
        );
    }
}
