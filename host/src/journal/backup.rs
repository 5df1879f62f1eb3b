//! Copies of a journal: made while it is written, and put back when it is not.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::error::{Error, io_sentence, sentence};
use super::file::{create_private, sibling};
use super::lock::Lock;
use super::reader::Reader;
use super::{schema, verify};
use crate::domain::Head;

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the journal ends now.
    pub head: Head,
    /// Where the journal that was there ended; none when there was none that could be read.
    pub replaced: Option<Head>,
    /// Where that one is now.
    pub kept: Option<PathBuf>,
}

/// Writes a copy as the journal stands now, whether a host writes it or not: one state between two
/// appends. It is complete when the file has its name. Says where the copy ends.
///
/// # Errors
/// When the journal cannot be read, the copy cannot be written, or something has its name already.
pub fn back_up(journal: &Path, to: &Path) -> Result<Head, Error> {
    let taken = |path: &Path| Error::Unavailable(format!("{} exists already; choose another name", path.display()));
    let part = sibling(to, ".incomplete");
    if to.exists() {
        return Err(taken(to));
    }
    copy(journal, &part)?;
    let head = Reader::open(&part)?.head()?;
    move_to(&part, to)?;
    Ok(head)
}

/// Puts a backup in the place of a journal that no host has open; what was there is kept beside it.
///
/// # Errors
/// When a host has the journal, when the backup is no whole journal, or when files cannot be written.
pub fn restore(backup: &Path, journal: &Path) -> Result<Restored, Error> {
    let reader = Reader::open(backup)?;
    let report = verify(&reader, &[])?;
    if let Some(problem) = report.problems.first() {
        let why = format!("{problem}; there are {} such problems", report.problems.len() as u64 + report.more);
        return Err(Error::Damaged(backup.display().to_string(), why));
    }
    let there = journal.exists();
    create_private(journal)?;
    let journal = &journal.canonicalize().map_err(|error| io_sentence("found", journal, &error))?;
    if backup.canonicalize().is_ok_and(|backup| backup == *journal) {
        return Err(Error::Unavailable(format!("{} is the journal itself", backup.display())));
    }
    let lock = Lock::take(journal)?;
    let replaced = Reader::open(journal).and_then(|reader| reader.head()).ok();
    // Copied before anything is moved, so that a full disk leaves all as it was.
    let part = sibling(journal, ".incomplete");
    copy(backup, &part)?;
    let kept =
        if there && std::fs::metadata(journal).is_ok_and(|file| file.len() > 0) { set_aside(journal)? } else { None };
    move_to(&part, journal)?;
    drop(lock);
    Ok(Restored { head: report.head, replaced, kept })
}

/// Writes what one read of a journal sees, its log included, into a new file.
fn copy(from: &Path, part: &Path) -> Result<(), Error> {
    if part.exists() {
        std::fs::remove_file(part).map_err(|error| io_sentence("removed", part, &error))?;
    }
    let connection = schema::open_reader(from)?;
    create_private(part)?;
    let name = part.to_str().ok_or_else(|| {
        Error::Unavailable(format!("{} is no name that the database library can use", part.display()))
    })?;
    connection.execute("VACUUM INTO ?1", [name]).map(|_| ()).map_err(|error| sentence(part, &error))
}

/// Gives the journal and the files that belong to it other names.
fn set_aside(journal: &Path) -> Result<Option<PathBuf>, Error> {
    let free = |n: &u32| !sibling(journal, &format!(".replaced-{n}")).exists();
    let Some(number) = (1..=u32::MAX).find(free) else { return Ok(None) };
    let kept = sibling(journal, &format!(".replaced-{number}"));
    // The file keeps its name until the other one takes it, so that whoever starts meanwhile meets its lock.
    std::fs::hard_link(journal, &kept).map_err(|error| io_sentence("kept under another name", journal, &error))?;
    for suffix in ["-wal", "-shm"] {
        let from = sibling(journal, suffix);
        if from.exists() {
            let to = sibling(&kept, suffix);
            std::fs::rename(&from, &to).map_err(|error| io_sentence("moved", &from, &error))?;
        }
    }
    Ok(Some(kept))
}

/// Makes a file durable and gives it its name.
fn move_to(part: &Path, to: &Path) -> Result<(), Error> {
    File::open(part).and_then(|file| file.sync_all()).map_err(|error| io_sentence("synced", part, &error))?;
    std::fs::rename(part, to).map_err(|error| io_sentence("moved", part, &error))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(parent).and_then(|directory| directory.sync_all());
    synced.map_err(|error| io_sentence("synced", parent, &error))
}

#[cfg(test)]
mod tests;
