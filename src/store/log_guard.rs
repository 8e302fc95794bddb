//! Before anything is read or written on a connection that is new: is it the installation that this
//! process was started on, and the log that it followed?
//! After a failover the connections are new, and the log may have gone back; or the address leads to
//! somebody else's database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::log_history::{Continuity, Followed};
use foundation::fault::Fault;

use crate::connection::Connection;
use crate::histories;
use crate::installation::InstallationIdentity;

/// What connections that are new must show.
#[derive(Debug, Default)]
pub(crate) struct LogGuard {
    expected: Mutex<ExpectedLog>,
    /// How often another installation was found. What was shown before is worth nothing then.
    doubts: AtomicU64,
}

#[derive(Clone, Debug, Default)]
struct ExpectedLog {
    installation: Option<Arc<InstallationIdentity>>,
    /// How far this process has followed the log.
    followed: Option<Arc<Followed>>,
}

/// What a connection has shown, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown(u64);

impl LogGuard {
    /// From now on new connections must lead to this installation.
    pub(crate) fn set_installation(&self, installation: InstallationIdentity) {
        self.expected().installation = Some(Arc::new(installation));
    }

    /// From now on new connections must show this log.
    pub(crate) fn set(&self, followed: Followed) {
        self.expected().followed = Some(Arc::new(followed));
    }

    /// Whether what a connection has shown is worth something still.
    pub(crate) fn accepts(&self, shown: Option<Shown>) -> bool {
        shown == Some(Shown(self.doubts.load(Ordering::Acquire)))
    }

    /// Refuses another installation, and a log that went back. Whoever follows it renews it, and then
    /// it is let in. Gives what was shown, if there was something to compare it with.
    pub(crate) fn check(&self, conn: &mut Connection) -> Result<Option<Shown>, Fault> {
        let shown = Shown(self.doubts.load(Ordering::Acquire));
        self.check_installation(conn)?;
        let Some(followed) = self.expected().followed.clone() else {
            return Ok(None);
        };
        match histories::look(conn, followed.read.number)?.continues(&followed) {
            Continuity::Continues | Continuity::Renewed => Ok(Some(shown)),
            Continuity::WentBack(loss) => {
                let cause = format!("it went back ({}), and nothing goes by it yet", loss.word());
                Err(Fault::unavailable("the log", cause))
            }
        }
    }

    /// Refuses another installation, and then doubts every connection.
    pub(crate) fn check_installation(&self, conn: &mut Connection) -> Result<(), Fault> {
        let Some(expected) = self.expected().installation.clone() else {
            return Ok(());
        };
        expected
            .must_be(&InstallationIdentity::read(conn)?)
            .inspect_err(|_| {
                self.doubts.fetch_add(1, Ordering::AcqRel);
            })
    }

    fn expected(&self) -> std::sync::MutexGuard<'_, ExpectedLog> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
