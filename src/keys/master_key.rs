//! The master key: the one secret that is not in the database. Everything secret in the database
//! is sealed under it, and the database keeps its fingerprint, so that a wrong one is noticed
//! before anything is written.
//!
//! Whether a new one may be made is for the caller to decide: only when nothing is sealed yet.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use foundation::base64url;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::regular_file;
use foundation::secret::{KeyBytes, SecretText};

use crate::aead::AeadKey;
use crate::mac::MacKey;

/// Bytes of the key.
const LENGTH: usize = 32;
/// The longest file that is read: the key's 43 characters and a line break, with some room.
const MAX_FILE: u64 = 64;

/// The master key, ready to seal and open.
pub struct MasterKey {
    sealing: AeadKey,
    fingerprint: [u8; 32],
}

impl MasterKey {
    /// Reads the key's file; `None` where there is none.
    ///
    /// # Errors
    /// The file cannot be read, others than its owner may use it, or it holds no key.
    pub fn load(path: &Path) -> Result<Option<Self>, Fault> {
        let file = match regular_file::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(path, error)),
        };
        let metadata = file.metadata().map_err(|error| fault(path, error))?;
        if metadata.mode() & 0o077 != 0 {
            return Err(fault(path, "others may use it; `chmod 600` it"));
        }
        let mut text = String::new();
        file.take(MAX_FILE + 1)
            .read_to_string(&mut text)
            .map_err(|error| fault(path, error))?;
        let text = SecretText::new(text);
        Self::read(text.expose())
            .map(Some)
            .map_err(|problem| fault(path, problem))
    }

    /// Makes a new key and keeps it in a file of mode 0600. The file appears whole and on disk, or
    /// not at all, and never in the place of another.
    ///
    /// # Errors
    /// The file exists already or cannot be written.
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, Fault> {
        let key = KeyBytes::random(entropy);
        let text = SecretText::new(format!("{}\n", base64url::encode(key.expose())));
        let draft = draft_beside(path, entropy);
        let written = write_new(&draft, text.expose()).and_then(|()| {
            // Unlike a rename, a link fails where a file is already.
            std::fs::hard_link(&draft, path)
        });
        let removed = match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        written
            .and(removed)
            .and_then(|()| File::open(directory_of(path))?.sync_all())
            .map_err(|error| fault(path, error))?;
        Ok(Self::from_key(&key))
    }

    /// From text: 32 bytes in base64url, white space around it ignored.
    ///
    /// # Errors
    /// The text is anything else. It is not repeated in the error.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        Self::read(text).map_err(|problem| Fault::unusable("the master key", problem))
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty; it must be 32 bytes in base64url");
        }
        base64url::decode(text)
            .filter(|bytes| bytes.len() == LENGTH)
            .map(|bytes| Self::from_key(&KeyBytes::new(bytes)))
            .ok_or("it must be 32 bytes in base64url")
    }

    /// What the database remembers of it: tells two keys apart and says nothing else.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Seals a value under a label that says what it is.
    pub fn seal(&self, label: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        self.sealing.seal(label.as_bytes(), plain, entropy)
    }

    /// Opens a value that was sealed under the same label.
    ///
    /// # Errors
    /// It was sealed under another key or label, or has changed since.
    pub fn open(&self, label: &str, sealed: &[u8]) -> Result<KeyBytes, Fault> {
        let plain = self.sealing.open(label.as_bytes(), sealed);
        plain
            .map(KeyBytes::new)
            .ok_or_else(|| Fault::broken(format!("the seal of {label}")))
    }

    /// One key for sealing and one for the fingerprint, so that neither says anything about the
    /// other.
    fn from_key(key: &KeyBytes) -> Self {
        let mac = MacKey::new(key);
        Self {
            sealing: AeadKey::derived(mac.code(&[b"portico master key: sealing"])),
            fingerprint: mac.code(&[b"portico master key: fingerprint"]),
        }
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

fn fault(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::unusable(format!("the master key in {}", path.display()), cause)
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A name in the same directory, which is the same file system.
fn draft_beside(path: &Path, entropy: &dyn Entropy) -> PathBuf {
    let suffix = base64url::encode(&foundation::entropy::bytes::<9>(entropy));
    directory_of(path).join(format!(".master-key-{suffix}"))
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use foundation::entropy::SeededEntropy;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, permissions).expect("our own file");
    }

    #[test]
    fn a_created_key_is_private_reads_back_and_is_never_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        assert!(
            MasterKey::load(&path)
                .expect("no file is no fault")
                .is_none()
        );
        let made = MasterKey::create(&path, &SeededEntropy::new(1)).expect("an empty folder");
        let mode = std::fs::metadata(&path).expect("the file").mode() & 0o777;
        assert_eq!(mode, 0o600);
        let read = MasterKey::load(&path).expect("readable").expect("there");
        assert_eq!(read.fingerprint(), made.fingerprint());

        assert!(MasterKey::create(&path, &SeededEntropy::new(2)).is_err());
        let still = MasterKey::load(&path).expect("readable").expect("there");
        assert_eq!(still.fingerprint(), made.fingerprint());
        let files = std::fs::read_dir(folder.path())
            .expect("the folder")
            .count();
        assert_eq!(files, 1, "no draft is left behind");
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        MasterKey::create(&path, &SeededEntropy::new(1)).expect("an empty folder");
        for mode in [0o640, 0o604, 0o620, 0o602, 0o644, 0o666] {
            set_mode(&path, mode);
            let refused = MasterKey::load(&path).expect_err("others may use it");
            assert!(
                refused.chain().contains("chmod 600"),
                "{mode:o}: {}",
                refused.chain()
            );
        }
        set_mode(&path, 0o400);
        assert!(MasterKey::load(&path).expect("its owner alone").is_some());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        for text in [
            "",
            "hunter2",
            &"A".repeat(42),
            &"A".repeat(44),
            &format!("{}=", "A".repeat(43)),
        ] {
            std::fs::write(&path, text).expect("our own folder");
            set_mode(&path, 0o600);
            let refused = MasterKey::load(&path).expect_err("no key").chain();
            assert!(refused.contains("cannot be used: it "), "{refused}");
            assert!(text.is_empty() || !refused.contains(text), "{refused}");
        }
        assert!(MasterKey::load(folder.path()).is_err(), "a folder");
        assert!(MasterKey::parse(&format!(" {}\n", "A".repeat(43))).is_ok());
    }

    #[test]
    fn a_seal_opens_under_its_own_key_and_label_only() {
        let entropy = SeededEntropy::new(1);
        let key = MasterKey::parse(&"A".repeat(43)).expect("a key");
        let other = MasterKey::parse(&format!("{}E", "A".repeat(42))).expect("a key");
        assert_ne!(key.fingerprint(), other.fingerprint());
        let sealed = key.seal("a", b"secret", &entropy);
        assert_eq!(key.open("a", &sealed).expect("its own").expose(), b"secret");
        assert!(key.open("b", &sealed).is_err());
        assert!(other.open("a", &sealed).is_err());
    }
}
