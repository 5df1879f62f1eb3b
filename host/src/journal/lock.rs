//! One writer at a time: a lock file beside the journal, held for as long as the journal is open.
//!
//! The operating system drops the lock when the process ends, however it ends, so that nothing has
//! to be cleaned up after a crash. The file itself stays: removing it would race with the next owner.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::error::{Error, io_sentence};
use super::file::{beside, open_private};

/// The right to write a journal; given back on drop.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it, or says who has it.
    pub(super) fn take(journal: &Path) -> Result<Self, Error> {
        let path = beside(journal, ".lock");
        let mut file = open_private(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // Who it is, is only a help: the refusal stands without it.
                let read = file.take(20).read_to_string(&mut owner);
                let owner = match read.map(|_| owner.trim().parse::<u32>()) {
                    Ok(Ok(process)) => format!(" (process {process})"),
                    _ => String::new(),
                };
                return Err(Error::Owned { path: journal.display().to_string(), owner });
            }
            Err(TryLockError::Error(error)) => return Err(io_sentence("locked", &path, &error)),
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        // A full disk must not keep the host from starting: it reads and says what is wrong.
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "the owner of the journal could not be noted");
        }
        Ok(Self { _file: file })
    }
}
