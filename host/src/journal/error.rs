//! What can go wrong with the files of the journal, as sentences for the person who runs the host.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::ports::JournalError;

/// Why a file of the journal cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process writes it. The operator's to solve.
    #[error(
        "{path} is in use by another tidegate{owner}; stop that one, or give this one a data \
         directory of its own"
    )]
    Owned {
        /// The journal.
        path: String,
        /// ` (process 123)`, where known.
        owner: String,
    },
    /// A later version of the program wrote it. The operator's to solve.
    #[error(
        "{path} was written by a newer tidegate (its format is {found}, this program knows up to \
         {known}); run the newer program, or move the file away to begin a new journal"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        found: i64,
        /// The latest format that this program knows.
        known: i64,
    },
    /// A version of the program that was never released wrote it. The operator's to solve.
    #[error(
        "{path} has format {found}, which this program does not read any more (it reads {known}); \
         move the file away to begin a new journal"
    )]
    Older {
        /// The file.
        path: String,
        /// Its format.
        found: i64,
        /// The format that this program reads.
        known: i64,
    },
    /// It is a database of something else. The operator's to solve.
    #[error("{0} is a database, but not a journal of tidegate; choose another path")]
    Foreign(String),
    /// It does not exist. The operator's to solve.
    #[error("there is no journal at {0}; it comes into being when `tidegate serve` runs")]
    Missing(String),
    /// The file's content is broken: only a backup helps.
    #[error(
        "{0} is damaged ({1}); restore it from a backup, or move it away together with its -wal \
         file to begin a new journal"
    )]
    Damaged(String, String),
    /// A file that is derived from the journal is broken. The host derives it anew; nothing is lost.
    #[error("the listing {path} is damaged ({why}); the journal is not, and the listing is derived anew from it")]
    Derived {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The disk or its permissions stand in the way; worth another attempt once that is solved.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Error> for JournalError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// Says what a database error means to the person who runs the host.
pub(super) fn sentence(path: &Path, error: &rusqlite::Error) -> Error {
    let path = path.display();
    let code = error.sqlite_error_code();
    Error::Unavailable(match code {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            return Error::Damaged(path.to_string(), error.to_string());
        }
        Some(ErrorCode::DiskFull) => {
            format!("no space is left for {path}; free some on its disk and it goes on by itself")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => format!(
            "{path} cannot be written ({error}); mount its disk read-write and make its directory \
             writable for the user that runs tidegate"
        ),
        Some(ErrorCode::CannotOpen) => format!(
            "{path} cannot be opened ({error}); its directory must exist and belong to the user \
             that runs tidegate"
        ),
        Some(ErrorCode::SystemIoFailure) => {
            format!("the disk of {path} does not answer as it should ({error}); check it")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("{path} is held by another program; close whatever has it open")
        }
        Some(ErrorCode::TooBig) => format!("an entry is too large for {path}"),
        _ => format!("{path}: {error}"),
    })
}

/// Says what a file system error means.
pub(super) fn io_sentence(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::Unavailable(format!(
        "{} cannot be {what}: {error}; its directory must be writable for the user that runs tidegate",
        path.display()
    ))
}
