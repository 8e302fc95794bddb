//! Reading a file that is to be one: no pipe, no device, nothing that lets its reader wait.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a regular file to read it. The question is asked of the open file, not of its name, which could
/// lead elsewhere a moment later; and to open a pipe does not wait for somebody who writes.
///
/// # Errors
/// It cannot be opened, or is something else.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(file)
}

/// Reads a regular file of so many bytes at most.
///
/// # Errors
/// As [`open`]; or it is longer, or cannot be read.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::other(format!("it is longer than {max} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_not_read_and_what_is_long_neither() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "text").expect("our own folder");
        assert_eq!(read(&file, 4).expect("a file"), b"text");
        let said = |path: &Path, max| read(path, max).expect_err("refused").to_string();
        assert!(said(&file, 3).contains("longer than 3"));
        for other in [folder.path(), Path::new("/dev/zero")] {
            assert!(said(other, 4).contains("not a regular file"), "{other:?}");
        }
    }
}
