//! Files that hold what happened in an organisation: made for their owner's eyes only.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::{Error, io_sentence};

/// Makes the parent directory (0700) and the file (0600) where they do not exist. The database
/// library gives its side files the same permissions as the file.
pub(super) fn create_private(path: &Path) -> Result<(), Error> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
        made.map_err(|error| io_sentence("created", parent, &error))?;
    }
    if path.exists() {
        return Ok(());
    }
    open_private(path)?;
    // The name must be on disk too, or a power loss leaves durable entries in no file.
    let synced = File::open(parent).and_then(|directory| directory.sync_all());
    synced.map_err(|error| io_sentence("synced", parent, &error))
}

/// Opens a file for writing without cutting it; creates it with 0600.
pub(super) fn open_private(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|error| io_sentence("opened", path, &error))
}

/// The path with something added to its last part: `journal.db` → `journal.db-wal`.
pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}
