//! The demonstration's folder: `./portico-demo`, held by one process at a time. It is emptied only
//! if it is one.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::cli::output::Problem;

const NAME: &str = "portico-demo";
/// Says that a folder is one of ours; made first, so that a half-made one is recognised too. Who
/// runs has it locked, so it stays when the folder is emptied.
const MARK: &str = ".portico-demo";
const DESCRIPTION: &str = "demo.json";

/// The folder, ours alone until this is dropped or the process ends, however it ends.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the one in the working directory; makes it if there is none.
    pub(super) fn here() -> Result<Self, Problem> {
        Self::take(PathBuf::from(NAME))
    }

    #[cfg(test)]
    pub(super) fn below(parent: &Path) -> Result<Self, Problem> {
        Self::take(parent.join(NAME))
    }

    fn take(path: PathBuf) -> Result<Self, Problem> {
        if exists(&path)? && !is_ours(&path)? {
            return Err(Problem::said(format!(
                "{} is not a folder that `portico demo` made: move it away, or run the demonstration elsewhere",
                path.display()
            )));
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|e| problem(&path, "made", &e))?;
        let lock = mark(&path).map_err(|e| problem(&path, "written to", &e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Problem::said(
                "a demonstration runs in this folder already: end it first, or run another one in another folder",
            )),
            Err(TryLockError::Error(e)) => Err(problem(&path, "locked", &e)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Forgets everything: only the mark stays.
    pub(super) fn empty(&self) -> Result<(), Problem> {
        let emptied = (|| {
            for entry in fs::read_dir(&self.path)? {
                let entry = entry?;
                if entry.file_name() == MARK {
                    continue;
                }
                // Not following links: what they lead to is not ours.
                if entry.file_type()?.is_dir() {
                    fs::remove_dir_all(entry.path())?;
                } else {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        })();
        emptied.map_err(|e| problem(&self.path, "emptied", &e))
    }

    /// What `demo.json` says, if there is one that can be read.
    pub(super) fn description(&self) -> Option<String> {
        fs::read_to_string(self.path.join(DESCRIPTION)).ok()
    }

    /// Writes `demo.json`: whole or not at all, for its owner alone.
    pub(super) fn describe(&self, text: &str) -> Result<(), Problem> {
        let draft = self.path.join(".demo.json.new");
        let written = (|| {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, self.path.join(DESCRIPTION))
        })();
        written.map_err(|e| problem(&self.path, "written to", &e))
    }
}

/// Opens the mark, which is there afterwards.
fn mark(folder: &Path) -> std::io::Result<File> {
    let mut mark = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join(MARK))?;
    mark.write_all(b"`portico demo --reset` empties this folder.\n")?;
    Ok(mark)
}

fn exists(path: &Path) -> Result<bool, Problem> {
    // Not following links: a link is not ours.
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(problem(path, "looked at", &e)),
    }
}

fn is_ours(path: &Path) -> Result<bool, Problem> {
    let metadata = fs::symlink_metadata(path).map_err(|e| problem(path, "looked at", &e))?;
    if !metadata.is_dir() {
        return Ok(false);
    }
    let mut entries = fs::read_dir(path).map_err(|e| problem(path, "read", &e))?;
    Ok(path.join(MARK).is_file() || entries.next().is_none())
}

fn problem(folder: &Path, done: &str, error: &std::io::Error) -> Problem {
    Problem::said(format!("{} cannot be {done}: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_a_folder_of_ours_is_emptied() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = Folder::below(parent.path()).expect("made");
        folder.describe("{}").expect("written");
        let mode = fs::metadata(folder.path().join(DESCRIPTION))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(folder);
        let folder = Folder::below(parent.path()).expect("kept");
        assert_eq!(folder.description().as_deref(), Some("{}"));
        fs::create_dir(folder.path().join("keys")).expect("made");
        folder.empty().expect("emptied");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
        assert_eq!(left.len(), 1, "the mark");
        let path = folder.path().to_owned();
        drop(folder);
        fs::remove_file(path.join(MARK)).expect("there");
        fs::write(path.join("thesis.txt"), "years").expect("written");
        assert!(Folder::below(parent.path()).is_err());
        assert!(path.join("thesis.txt").exists());
    }

    #[test]
    fn a_folder_is_held_by_one_demonstration_at_a_time() {
        let parent = tempfile::tempdir().expect("a folder");
        let first = Folder::below(parent.path()).expect("made");
        for _ in 0..2 {
            let second = Folder::below(parent.path())
                .err()
                .expect("refused")
                .to_string();
            assert!(
                second.starts_with("a demonstration runs in this folder already"),
                "{second}"
            );
            first.empty().expect("emptied");
        }
        drop(first);
        assert!(Folder::below(parent.path()).is_ok());
    }

    #[test]
    fn a_link_is_not_followed() {
        let parent = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("a folder");
        fs::write(elsewhere.path().join(MARK), "").expect("written");
        std::os::unix::fs::symlink(elsewhere.path(), parent.path().join(NAME)).expect("a link");
        assert!(Folder::below(parent.path()).is_err());
        fs::remove_file(parent.path().join(NAME)).expect("the link");
        let folder = Folder::below(parent.path()).expect("made");
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("link")).expect("a link");
        folder.empty().expect("emptied");
        assert!(elsewhere.path().join(MARK).exists());
    }
}
