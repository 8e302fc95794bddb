//! Lists `languages/<tag>/*.ftl`, so that adding such a folder is all it takes to add a language.
//! Owns the list only; `language.rs` reads the files.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=languages");
    let mut list = String::from("/// Tag, file name and text of every translation file.\n");
    list.push_str("pub(crate) const SOURCES: &[(&str, &str, &str)] = &[\n");
    for folder in sorted(Path::new("languages"))? {
        for file in sorted(&folder)? {
            let (tag, name) = (name_of(&folder), name_of(&file));
            if name.ends_with(".ftl") {
                let line = format!(
                    "    ({tag:?}, {name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/languages/{tag}/{name}\"))),"
                );
                let _ = writeln!(list, "{line}");
            }
        }
    }
    list.push_str("];\n");
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    std::fs::write(PathBuf::from(out).join("sources.rs"), list)
}

/// A folder's entries in an order that does not depend on the file system.
fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
