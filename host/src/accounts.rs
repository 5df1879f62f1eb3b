//! Accounts and tokens that the host keeps itself, in a file beside the journal, so that people come and go without a restart.
//!
//! The file holds hashes alone, is for its owner's eyes, and is replaced as a whole. Commands write it, the running host reads
//! it anew when it has changed; what cannot be read lets nobody in.

mod accounts_file;
mod changes;
pub mod edit;
mod file;
mod last_used;
pub mod password;
#[cfg(test)]
mod tests;
mod visitors;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use accounts_file::{Account, AccountsFile, ExternalUser, Token, shown};
pub use changes::{Actor, Change};
pub use edit::Edit;
pub use file::{ChangeError, Guards, LockedFile, read};
pub use last_used::LastUsed;
pub use visitors::Visitors;

use file::Stamp;

/// The accounts of a running host.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    stamp: Option<Stamp>,
    /// There was a file at some time.
    known: bool,
    /// What the file said when it could be read last.
    good: Arc<AccountsFile>,
    /// What holds now: that, or while it cannot be read only who is kept out.
    book: Arc<AccountsFile>,
    /// What has changed since somebody asked.
    changes: Vec<String>,
    /// Counts how often the file was another one.
    edition: u64,
    problem: Option<String>,
}

impl Accounts {
    /// Those of a file, which there need not be yet.
    ///
    /// # Errors
    /// When there is one and it cannot be read: a sentence.
    pub fn open(path: &Path) -> Result<Self, String> {
        let stamp = Stamp::of(path);
        let book = Arc::new(read(path)?);
        let (known, good, changes) = (stamp.is_some(), Arc::clone(&book), Vec::new());
        let seen = Seen { stamp, known, good, book, changes, edition: 0, problem: None };
        Ok(Self { path: path.to_path_buf(), seen: Mutex::new(seen) })
    }

    /// What the file says now, and which edition of it that is.
    pub fn now(&self) -> (Arc<AccountsFile>, u64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of(&self.path);
        let gone = stamp.is_none() && seen.known;
        if stamp == seen.stamp && seen.problem.is_none() && !gone {
            return (Arc::clone(&seen.book), seen.edition);
        }
        let read = if gone { Err(gone_is(&self.path)) } else { read(&self.path) };
        let problem = read.as_ref().err().cloned();
        if stamp == seen.stamp && problem == seen.problem {
            return (Arc::clone(&seen.book), seen.edition);
        }
        match read {
            Ok(book) => {
                // What a command or this host has changed says so itself; the rest was written by hand.
                if book.latest_change() == seen.good.latest_change() {
                    let changes = book.changes_since(&seen.good);
                    seen.changes.extend(changes.into_iter().map(|change| format!("{change}, by hand")));
                }
                seen.good = Arc::new(book);
                seen.book = Arc::clone(&seen.good);
            }
            Err(problem) => {
                tracing::error!(problem, "nobody who is in the file of accounts gets in until it can be read");
                seen.book = Arc::new(seen.good.closed());
                seen.changes.push(problem);
            }
        }
        seen.known |= stamp.is_some();
        seen.edition += 1;
        (seen.stamp, seen.problem) = (stamp, problem);
        (Arc::clone(&seen.book), seen.edition)
    }

    /// Whether there is a file of them.
    pub fn is_there(&self) -> bool {
        Stamp::of(&self.path).is_some()
    }

    /// Somebody else knows that there were accounts: where the file is not there, it is gone, and nobody comes in until it is back;
    /// nobody either of whom others say who they are, because who was kept out is not known.
    pub fn were_there(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.known = true;
        if seen.stamp.is_none() {
            seen.good = Arc::new(AccountsFile { lost: true, ..AccountsFile::default() });
        }
    }

    /// What has changed since this was asked last, a sentence each.
    pub fn take_changes(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner).changes)
    }

    /// Why the file cannot be read, if it cannot.
    pub fn problem(&self) -> Option<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).problem.clone()
    }
}

/// What is said where the file is gone.
pub fn gone_is(path: &Path) -> String {
    format!(
        "the file of accounts {} is gone, and there were accounts: nobody gets in until it is back (perhaps a volume is not mounted); \
         where they are lost for good, `tidegate user create NAME --role admin` begins anew, or `tidegate user reset` says \
         that there are none any more",
        path.display()
    )
}
