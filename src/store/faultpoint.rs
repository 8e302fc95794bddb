//! Fault points: places of a read or a write where a test can make the store fail, to see that
//! nothing stays half done and that no failure is taken for a yes. In production nobody is asked,
//! which costs one comparison.

use std::fmt;
use std::sync::Arc;

use foundation::fault::Fault;

use crate::fault::unavailable;

/// Before anything is read outside a transaction, the log included.
pub const READ: &str = "read";
/// Before the transaction begins.
pub const BEGIN: &str = "begin";
/// Before the events of a transaction are appended; only where there are some.
pub const APPEND: &str = "append";
/// Before the transaction commits.
pub const BEFORE_COMMIT: &str = "before_commit";
/// After the transaction has committed, before anybody hears of it.
pub const AFTER_COMMIT_BEFORE_ANSWER: &str = "after_commit_before_answer";

/// Those of a write, in the order in which it passes them.
pub const WRITE: [&str; 4] = [BEGIN, APPEND, BEFORE_COMMIT, AFTER_COMMIT_BEFORE_ANSWER];
/// All fault points.
pub const ALL: [&str; 5] = [
    READ,
    BEGIN,
    APPEND,
    BEFORE_COMMIT,
    AFTER_COMMIT_BEFORE_ANSWER,
];

/// Says at each fault point whether to fail there.
#[derive(Clone, Default)]
pub struct Faultpoints(Option<Arc<dyn Fn(&'static str) -> bool + Send + Sync>>);

impl Faultpoints {
    /// Asks this function at each point; `true` makes the store fail there.
    pub fn new(fails: impl Fn(&'static str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(fails)))
    }

    pub(crate) fn pass(&self, point: &'static str) -> Result<(), Fault> {
        match &self.0 {
            Some(fails) if fails(point) => Err(unavailable(point)),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Faultpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Faultpoints(on)"
        } else {
            "Faultpoints(off)"
        })
    }
}
