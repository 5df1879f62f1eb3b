//! The file of accounts: read within bounds, and replaced as a whole by whoever holds its lock.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Book, By};
use crate::regular_file;

/// What tells one edition of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    node: u64,
    size: u64,
    seconds: i64,
    nanos: i64,
    /// When what is said about it changed, such as who may read it.
    changed: (i64, i64),
}

impl Stamp {
    /// Of a file as it is now; none where there is none.
    pub fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        let changed = (data.ctime(), data.ctime_nsec());
        Some(Self { node: data.ino(), size: data.size(), seconds: data.mtime(), nanos: data.mtime_nsec(), changed })
    }
}

/// What a file says; nothing where there is none.
///
/// # Errors
/// When it cannot be read, says something else, or others can read or change it: a sentence.
pub fn read(path: &Path) -> Result<Book, String> {
    let wrong = |text: String| format!("the file of accounts {} {text}", path.display());
    let mode = match std::fs::metadata(path) {
        Ok(data) => data.mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Book::default()),
        Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
    };
    if mode & 0o077 != 0 {
        return Err(wrong(
            "is open to others; it holds hashes of passwords, so make it its owner's alone with `chmod 600`".into(),
        ));
    }
    let text =
        regular_file::read_text(path, regular_file::TEXT).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    // A list would be read as the members in their order.
    if !text.trim_start().starts_with('{') {
        return Err(wrong("is not one: it holds no object".into()));
    }
    serde_json::from_str(&text).map_err(|error| wrong(format!("is not one: {error}")))
}

/// The right to change a file of accounts; others wait for it.
pub struct Locked {
    path: PathBuf,
    /// What it says.
    pub book: Book,
    before: Book,
    _lock: File,
}

impl Locked {
    /// Waits for the right, and reads the file.
    ///
    /// # Errors
    /// When the file or its folder cannot be used: a sentence.
    pub fn take(path: &Path) -> Result<Self, String> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        }
        let beside = path.with_extension("lock");
        let wrong = |error: std::io::Error| format!("{} cannot be used: {error}", beside.display());
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&beside).map_err(wrong)?;
        lock.lock().map_err(wrong)?;
        let book = read(path)?;
        Ok(Self { path: path.to_path_buf(), before: book.clone(), book, _lock: lock })
    }

    /// Says that there are no accounts any more, in the place of a file that is gone.
    ///
    /// # Errors
    /// When it cannot be written: a sentence.
    pub fn reset(mut self, by: &By) -> Result<(), String> {
        self.book.tell(by, "the file of accounts was gone, and somebody said that there are none any more".into());
        replace(&self.path, &self.book)
    }

    /// Puts what it says now in the place of the file, and with it who has changed what.
    ///
    /// # Errors
    /// When it cannot be written: a sentence. Then the file is as it was.
    pub fn write(mut self, by: &By) -> Result<(), String> {
        self.book.note(&self.before, by);
        replace(&self.path, &self.book)
    }
}

/// Puts a value in the place of a file, all or nothing, for its owner's eyes.
///
/// # Errors
/// When it cannot be written: a sentence. Then the file is as it was.
pub fn replace(path: &Path, value: &impl Serialize) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    let new = path.with_extension("new");
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    // One that a crash has left could belong to somebody else.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(wrong(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new).map_err(wrong)?;
    file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(wrong)?;
    file.sync_all().map_err(wrong)?;
    std::fs::rename(&new, path).map_err(wrong)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(wrong)
}
