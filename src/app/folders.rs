//! What a start writes to the disk, besides what its database writes: the data folder, a database
//! that is a file, a master key. Made where something is put into it, and only there: with a server
//! for a database and the key in the environment, nothing is written, and the disk may be read-only.
//!
//! `doctor` tries beforehand what a start would do, and leaves nothing behind.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use foundation::base64url;
use foundation::entropy::{self, Entropy};
use foundation::fault::Fault;

use crate::config::Config;

/// Makes the folder that a file is to be put into, if it is the data folder: nobody else's business.
/// Any other folder is the operator's.
pub(super) fn make_for(config: &Config, file: &Path) -> Result<(), Fault> {
    if !lies_in_data_dir(config, file) {
        return Ok(());
    }
    let folder = &config.server.data_dir;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| unusable(folder, e))
}

/// Tries whether a file could be put where it belongs: makes a folder there, and removes it.
pub(super) fn try_for(config: &Config, file: &Path, entropy: &dyn Entropy) -> Result<(), Fault> {
    let folder = folder_of(file);
    let place = match lies_in_data_dir(config, file) {
        true => nearest_that_exists(&folder),
        false => folder.clone(),
    };
    let name = base64url::encode(&entropy::bytes::<9>(entropy));
    let probe = place.join(format!(".portico-looks-{name}"));
    std::fs::create_dir(&probe)
        .and_then(|()| std::fs::remove_dir(&probe))
        .map_err(|e| unusable(&folder, e))
}

fn unusable(folder: &Path, cause: std::io::Error) -> Fault {
    Fault::unusable(format!("the folder {}", folder.display()), cause)
}

fn lies_in_data_dir(config: &Config, file: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute(file).starts_with(absolute(&config.server.data_dir))
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn nearest_that_exists(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let there = absolute.ancestors().find(|ancestor| ancestor.exists());
    there.map_or(absolute.clone(), Path::to_owned)
}
