//! Files that people name or put into a folder: regular ones alone, and of a bounded size. A pipe would be waited for
//! without end, and a device read until no memory is left.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Bytes of a text that people write by hand.
pub const TEXT: u64 = 4 << 20;
/// Bytes of a plugin's component.
pub const COMPONENT: u64 = 64 << 20;

/// The bytes of a regular file, or of one that a link leads to.
///
/// # Errors
/// When it cannot be read, is no regular file, or is larger than `most` bytes.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    // Before it is opened: opening a pipe waits for who writes into it.
    check(&fs::metadata(path)?, most)?;
    let file = File::open(path)?;
    check(&file.metadata()?, most)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

/// The same as UTF-8 text.
///
/// # Errors
/// As [`read`], and when it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    let bytes = read(path, most)?;
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn check(metadata: &fs::Metadata, most: u64) -> Result<()> {
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if metadata.len() > most { Err(too_large(most)) } else { Ok(()) }
}

fn too_large(most: u64) -> Error {
    Error::new(ErrorKind::FileTooLarge, format!("it is larger than {} MiB", most >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let said = |path: &Path| read(path, TEXT).unwrap_err().to_string();
        assert!(said(folder.path()).contains("not a regular file"));
        let zero = folder.path().join("zero");
        std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
        assert!(said(&zero).contains("not a regular file"));
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len(TEXT + 1).unwrap();
        assert!(said(&large).contains("larger than 4 MiB"), "{}", said(&large));
        assert_eq!(read(&folder.path().join("none"), TEXT).unwrap_err().kind(), ErrorKind::NotFound);
        let (plain, link) = (folder.path().join("plain"), folder.path().join("link"));
        fs::write(&plain, "a = 1").unwrap();
        std::os::unix::fs::symlink(&plain, &link).unwrap();
        assert_eq!(read_text(&link, TEXT).unwrap(), "a = 1");
        fs::write(&plain, [0xff, 0xfe]).unwrap();
        assert!(read_text(&link, TEXT).unwrap_err().to_string().contains("UTF-8"));
    }
}
