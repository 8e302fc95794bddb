//! The witness: a file in the data folder that remembers how far the log was read. It is no part of a
//! backup, so that a copy of the database that was put back while everything was off is noticed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use domain::log_history::{Followed, LogCursor};
use foundation::id::{HistoryId, Mark, Position};
use serde::{Deserialize, Serialize};

/// Its name in the data folder.
const NAME: &str = "log-witness.json";

/// Where it is, and what it says.
#[derive(Debug)]
pub(crate) struct Witness {
    path: Option<PathBuf>,
    said: Option<Followed>,
}

#[derive(Serialize, Deserialize)]
struct WitnessFile {
    history: i64,
    number: i64,
    mark: i64,
    over: Vec<i64>,
}

impl Witness {
    /// The one of a data folder, if there is such a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        let path = folder.is_dir().then(|| folder.join(NAME));
        let said = path.as_deref().and_then(read);
        Self { path, said }
    }

    /// What it says; nothing where there is none.
    pub(crate) fn said(&self) -> Option<&Followed> {
        self.said.as_ref()
    }

    /// Writes down how far the log was read. A folder that cannot be written has no witness, which is
    /// said once.
    pub(crate) fn write(&mut self, followed: &Followed) {
        let Some(path) = &self.path else { return };
        if self.said.as_ref() == Some(followed) {
            return;
        }
        match replace(path, followed) {
            Ok(()) => self.said = Some(followed.clone()),
            Err(error) => {
                let file = path.display();
                tracing::warn!(%file, %error, "a copy of the database that is put back while this server is off will not be noticed");
                self.path = None;
            }
        }
    }
}

fn read(path: &Path) -> Option<Followed> {
    let text = fs::read(path).ok()?;
    let Ok(written) = serde_json::from_slice::<WitnessFile>(&text) else {
        let file = path.display();
        tracing::warn!(%file, "it cannot be read, and is written anew");
        return None;
    };
    Some(Followed {
        read: LogCursor {
            history: HistoryId(written.history),
            number: Position(written.number),
            mark: Mark(written.mark),
        },
        over: written.over.into_iter().map(HistoryId).collect(),
    })
}

/// Whole or not at all.
fn replace(path: &Path, followed: &Followed) -> std::io::Result<()> {
    let written = WitnessFile {
        history: followed.read.history.0,
        number: followed.read.number.0,
        mark: followed.read.mark.0,
        over: followed.over.iter().map(|id| id.0).collect(),
    };
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::File::create(&beside)?;
    file.write_all(&serde_json::to_vec(&written)?)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_said_after_a_start_and_nonsense_is_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let followed = Followed {
            read: LogCursor {
                history: HistoryId(-7),
                number: Position(12),
                mark: Mark(i64::MIN),
            },
            over: vec![HistoryId(3)],
        };
        let mut witness = Witness::of(folder.path());
        assert_eq!(witness.said(), None);
        witness.write(&followed);
        assert_eq!(Witness::of(folder.path()).said(), Some(&followed));
        fs::write(folder.path().join(NAME), "{").expect("written");
        assert_eq!(Witness::of(folder.path()).said(), None);
    }

    #[test]
    fn without_a_folder_nothing_is_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("data");
        Witness::of(&missing).write(&Followed::default());
        assert!(!missing.exists());
    }
}
