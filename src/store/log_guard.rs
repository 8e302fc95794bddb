//! Before anything is read or written on a connection that is new: is it the log that this process
//! followed?
//! After a failover the connections are new, and the log may have gone back.

use std::sync::{Arc, Mutex, PoisonError};

use domain::log_history::{Continuity, Followed};
use foundation::fault::Fault;

use crate::connection::Connection;
use crate::histories;

/// How far this process has followed the log, for connections that are new.
#[derive(Debug, Default)]
pub(crate) struct LogGuard(Mutex<Option<Arc<Followed>>>);

impl LogGuard {
    /// From now on new connections must show this log.
    pub(crate) fn set(&self, followed: Followed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(followed));
    }

    /// Refuses a log that went back. Whoever follows it renews it, and then it is let in. Gives whether
    /// there was something to compare it with.
    pub(crate) fn check(&self, conn: &mut Connection) -> Result<bool, Fault> {
        let followed = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(followed) = followed else {
            return Ok(false);
        };
        match histories::look(conn, followed.read.number)?.continues(&followed) {
            Continuity::Continues | Continuity::Renewed => Ok(true),
            Continuity::WentBack(loss) => {
                let cause = format!("it went back ({}), and nothing goes by it yet", loss.word());
                Err(Fault::unavailable("the log", cause))
            }
        }
    }
}
