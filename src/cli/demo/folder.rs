//! The demonstration's folder: `./portico-demo`. It is emptied only if it is one.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::cli::output::Problem;

const NAME: &str = "portico-demo";
/// Says that a folder is one of ours; made first, so that a half-made one is recognised too.
const MARK: &str = ".portico-demo";
const DESCRIPTION: &str = "demo.json";

/// The folder.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn here() -> Self {
        Self(PathBuf::from(NAME))
    }

    #[cfg(test)]
    fn below(parent: &Path) -> Self {
        Self(parent.join(NAME))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it if there is none; with `reset`, empties it first.
    pub(super) fn prepare(&self, reset: bool) -> Result<(), Problem> {
        if self.exists()? {
            if !self.is_ours()? {
                return Err(Problem::said(format!(
                    "{} is not a folder that `portico demo` made: move it away, or run the demonstration elsewhere",
                    self.0.display()
                )));
            }
            if reset {
                fs::remove_dir_all(&self.0).map_err(|e| self.problem("emptied", &e))?;
            }
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|e| self.problem("made", &e))?;
        fs::write(
            self.0.join(MARK),
            "`portico demo --reset` empties this folder.\n",
        )
        .map_err(|e| self.problem("written to", &e))
    }

    fn exists(&self) -> Result<bool, Problem> {
        // Not following links: a link is not ours.
        match fs::symlink_metadata(&self.0) {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(self.problem("looked at", &e)),
        }
    }

    fn is_ours(&self) -> Result<bool, Problem> {
        let metadata = fs::symlink_metadata(&self.0).map_err(|e| self.problem("looked at", &e))?;
        if !metadata.is_dir() {
            return Ok(false);
        }
        let mut entries = fs::read_dir(&self.0).map_err(|e| self.problem("read", &e))?;
        Ok(self.0.join(MARK).is_file() || entries.next().is_none())
    }

    /// What `demo.json` says, if there is one that can be read.
    pub(super) fn description(&self) -> Option<String> {
        fs::read_to_string(self.0.join(DESCRIPTION)).ok()
    }

    /// Writes `demo.json`: whole or not at all, for its owner alone.
    pub(super) fn describe(&self, text: &str) -> Result<(), Problem> {
        let draft = self.0.join(".demo.json.new");
        let written = (|| {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, self.0.join(DESCRIPTION))
        })();
        written.map_err(|e| self.problem("written to", &e))
    }

    fn problem(&self, done: &str, error: &std::io::Error) -> Problem {
        Problem::said(format!("{} cannot be {done}: {error}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_a_folder_of_ours_is_emptied() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = Folder::below(parent.path());
        folder.prepare(false).expect("made");
        folder.describe("{}").expect("written");
        let mode = fs::metadata(folder.path().join(DESCRIPTION))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        folder.prepare(false).expect("kept");
        assert_eq!(folder.description().as_deref(), Some("{}"));
        folder.prepare(true).expect("emptied");
        assert_eq!(folder.description(), None);
        fs::remove_file(folder.path().join(MARK)).expect("there");
        fs::write(folder.path().join("thesis.txt"), "years").expect("written");
        for reset in [false, true] {
            assert!(folder.prepare(reset).is_err());
        }
        assert!(folder.path().join("thesis.txt").exists());
    }

    #[test]
    fn a_link_is_not_followed() {
        let parent = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("a folder");
        fs::write(elsewhere.path().join(MARK), "").expect("written");
        let folder = Folder::below(parent.path());
        std::os::unix::fs::symlink(elsewhere.path(), folder.path()).expect("a link");
        assert!(folder.prepare(true).is_err());
        assert!(elsewhere.path().join(MARK).exists());
    }
}
