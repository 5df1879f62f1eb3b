//! One writer at a time: a lock on the journal's file itself, for as long as the journal is open, so
//! that it is one lock by whatever path, link or name the file is opened, and none that could be
//! removed.
//!
//! It is a lock of the open file (flock), which does not touch those that the database library takes.
//! The operating system drops it when the process ends, however it ends. The note beside the journal
//! only says who has it.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::error::{Error, io_sentence};
use super::file::{open_private, sibling};

/// The right to write a journal; given back on drop.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it, or says who has it. The path must be the file's own, without links.
    pub(super) fn take(journal: &Path) -> Result<Self, Error> {
        let file = open_private(journal)?;
        match try_for_a_moment(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let owner = noted(journal).or_else(|| listed(&file));
                let owner = owner.map(|process| format!(" (process {process})")).unwrap_or_default();
                return Err(Error::Owned { path: journal.display().to_string(), owner });
            }
            Err(TryLockError::Error(error)) => return Err(io_sentence("locked", journal, &error)),
        }
        if file.metadata().is_ok_and(|file| file.nlink() > 1) {
            tracing::warn!(
                path = %journal.display(),
                "the journal has other names (hard links); open it by one of them alone, because what is beside it goes by its name"
            );
        }
        note(journal);
        Ok(Self { _file: file })
    }
}

/// A process that is just being started has every open file until it executes its program, so a lock that was given
/// back may be held for that long.
fn try_for_a_moment(file: &File) -> Result<(), TryLockError> {
    for _ in 0..10 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
    file.try_lock()
}

/// Notes who has the lock, for whoever does not get it.
fn note(journal: &Path) {
    let path = sibling(journal, ".lock");
    let written = open_private(&path).map_err(|error| error.to_string()).and_then(|mut file| {
        let write = file.set_len(0).and_then(|()| file.rewind());
        write.and_then(|()| writeln!(file, "{}", std::process::id())).map_err(|error| error.to_string())
    });
    // A full disk must not keep the host from starting: it reads and says what is wrong.
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "the owner of the journal could not be noted");
    }
}

fn noted(journal: &Path) -> Option<u32> {
    let mut text = String::new();
    File::open(sibling(journal, ".lock")).ok()?.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The owner in the system's own list of locks, where it has one and shows it.
fn listed(file: &File) -> Option<u32> {
    let inode = file.metadata().ok()?.ino().to_string();
    let list = std::fs::read_to_string("/proc/locks").ok()?;
    list.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let place = words.iter().position(|word| *word == "FLOCK")?;
        let (owner, file) = (words.get(place + 3)?, words.get(place + 4)?);
        (file.rsplit(':').next() == Some(inode.as_str())).then(|| owner.parse().ok())?
    })
}
