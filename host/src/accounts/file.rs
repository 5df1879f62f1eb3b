//! The file of accounts: read within bounds, and replaced as a whole by whoever holds its lock.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{AccountsFile, Actor, gone_is};
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
pub fn read(path: &Path) -> Result<AccountsFile, String> {
    let wrong = |text: String| format!("the file of accounts {} {text}", path.display());
    let mode = match std::fs::metadata(path) {
        Ok(data) => data.mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(AccountsFile::default()),
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
pub struct LockedFile {
    path: PathBuf,
    book: AccountsFile,
    is_missing: bool,
    _lock: File,
}

/// What no change does by the way.
pub struct Guards<'a> {
    /// Whether somebody knows that there were accounts, so that a file which is missing is gone.
    pub had_accounts: &'a dyn Fn() -> bool,
    /// Who would be lost between two states of the file, where nobody is left then who may say who there is: a sentence.
    pub admins_lost: &'a dyn Fn(&AccountsFile, &AccountsFile) -> Option<String>,
    /// That is meant.
    pub last_admin: bool,
}

/// Why the file is as it was.
#[derive(Debug, PartialEq, Eq)]
pub enum ChangeError<E> {
    /// Whoever wants the change cannot make it.
    Refused(E),
    /// The file is gone, and a new one would forget whom the old one kept out.
    Gone(String),
    /// Nobody would be left who may say who there is.
    LastAdmin(String),
    /// It cannot be written.
    Unwritten(String),
}

impl LockedFile {
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
        let (book, is_missing) = (read(path)?, Stamp::of(path).is_none());
        Ok(Self { path: path.to_path_buf(), book, is_missing, _lock: lock })
    }

    /// Says that there are no accounts any more, in the place of a file that is gone.
    ///
    /// # Errors
    /// When it is there, or cannot be written: a sentence.
    pub fn reset(mut self, by: &Actor) -> Result<(), String> {
        if !self.is_missing {
            let path = self.path.display();
            return Err(format!(
                "{path} is there, so nothing is to be reset; `tidegate user remove NAME` removes an account"
            ));
        }
        self.book.tell(by, "the file of accounts was gone, and somebody said that there are none any more".into());
        replace(&self.path, &self.book)
    }

    /// Changes what it says, all or nothing, and notes who has changed what.
    ///
    /// # Errors
    /// When it is refused, does what no change does by the way, or cannot be written. Then the file is as it was.
    pub fn change<T, E>(
        mut self,
        by: &Actor,
        guards: &Guards<'_>,
        change: impl FnOnce(&mut AccountsFile) -> Result<T, E>,
    ) -> Result<T, ChangeError<E>> {
        let before = self.book.clone();
        let done = change(&mut self.book).map_err(ChangeError::Refused)?;
        if self.is_missing && !self.book.begins_anew() && (guards.had_accounts)() {
            return Err(ChangeError::Gone(gone_is(&self.path)));
        }
        if !guards.last_admin
            && let Some(lost) = (guards.admins_lost)(&before, &self.book)
        {
            return Err(ChangeError::LastAdmin(lost));
        }
        self.book.note(&before, by);
        replace(&self.path, &self.book).map_err(ChangeError::Unwritten)?;
        Ok(done)
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
