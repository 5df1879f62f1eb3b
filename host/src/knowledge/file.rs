//! The files of the indexes: derived, and made new where they are missing, damaged or of another format.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

/// Marks the files as ours: `tidk`.
const APPLICATION: i64 = 0x7469_646b;
/// How long a connection waits for another one.
const BUSY: Duration = Duration::from_secs(5);
/// Steps of the database between two looks at the time.
const STEPS: std::os::raw::c_int = 200;
/// What each connection keeps in memory, in KiB.
const CACHE: i64 = 2048;

/// What an index is made of.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Another number makes the file new; it changes with the tables and with what is put into them.
    pub number: i64,
    /// The tables of an empty file.
    pub tables: &'static str,
}

/// One index: a connection that writes, and one that reads beside it.
#[derive(Debug)]
pub struct Index {
    path: Option<PathBuf>,
    format: Format,
    writing: Mutex<Timed>,
    /// None where there is only one.
    reading: Option<Mutex<Timed>>,
}

/// A connection whose work ends at a time.
#[derive(Debug)]
struct Timed {
    connection: Connection,
    began: Instant,
    /// Nanoseconds behind `began`.
    until: Arc<AtomicU64>,
}

/// Why an index gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was no more time.
    #[error("it took too long")]
    Late,
    /// The file.
    #[error("the index cannot be used: {0}")]
    File(#[from] rusqlite::Error),
}

impl Error {
    fn of(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::Late,
            _ => Self::File(error),
        }
    }

    fn is_damage(&self) -> bool {
        let Self::File(error) = self else { return false };
        // A table that is not there is an error without a code of its own.
        let code = error.sqlite_error_code();
        matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown))
    }
}

impl Index {
    /// Opens an index, or makes it new.
    ///
    /// # Errors
    /// When the file can neither be used nor made new, as on a disk that cannot be written.
    pub fn open(path: &Path, format: Format) -> Result<Self, String> {
        let cannot = |why: String| format!("the index {} cannot be used: {why}", path.display());
        create_private(path).map_err(|error| cannot(error.to_string()))?;
        let writing = match open_as_is(path, format.number).map_err(Error::File) {
            Ok(Some(connection)) => connection,
            Ok(None) => make_new(path, format).map_err(cannot)?,
            Err(error) if error.is_damage() => make_new(path, format).map_err(cannot)?,
            Err(error) => return Err(cannot(error.to_string())),
        };
        let timed = |connection| Timed::new(connection).map_err(|error| cannot(error.to_string()));
        let reading = connect(path).map_err(|error| cannot(error.to_string()))?;
        let (writing, reading) = (timed(writing)?, timed(reading)?);
        let path = Some(path.to_path_buf());
        Ok(Self { path, format, writing: Mutex::new(writing), reading: Some(Mutex::new(reading)) })
    }

    /// The one at a path; where that cannot be used, or there is none, one for this process alone.
    pub fn kept_or_temporary(path: Option<PathBuf>, format: Format, what: &str) -> Result<Self, String> {
        match path.map(|path| Self::open(&path, format)) {
            Some(Ok(index)) => return Ok(index),
            Some(Err(error)) => tracing::warn!(error, "{what} are indexed for this process alone"),
            None => {}
        }
        Self::temporary(format)
    }

    /// One for this process alone, in a file without a name.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn temporary(format: Format) -> Result<Self, String> {
        let made = Connection::open("").and_then(|connection| create(&connection, format).map(|()| connection));
        let timed = made.and_then(Timed::new).map_err(|error| format!("no index can be made: {error}"))?;
        Ok(Self { path: None, format, writing: Mutex::new(timed), reading: None })
    }

    /// Reads, within a time.
    ///
    /// # Errors
    /// [`Error::Late`] when it takes longer.
    pub fn read<T>(&self, within: Duration, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let timed = self.reading.as_ref().unwrap_or(&self.writing).lock().unwrap_or_else(PoisonError::into_inner);
        timed.end_within(within);
        let result = read(&timed.connection).map_err(Error::of);
        timed.take_time();
        result
    }

    /// Writes all or nothing. A file that is found damaged is made new, and this is an error all the same:
    /// what it held must be put in again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        let mut timed = self.writing();
        let result = Transaction::new_unchecked(&timed.connection, TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let written = write(&transaction)?;
                transaction.commit()?;
                Ok(written)
            })
            .map_err(Error::of);
        if let (Err(error), Some(path)) = (&result, &self.path)
            && error.is_damage()
        {
            tracing::warn!(path = %path.display(), %error, "an index of what is known is damaged and derived anew");
            if let Ok(connection) =
                make_new(path, self.format).map_err(|error| tracing::warn!(error, "it could not be made new"))
                && let Ok(anew) = Timed::new(connection)
            {
                *timed = anew;
                drop(timed);
                self.read_anew(path);
            }
        }
        result
    }

    /// Bytes of the file and its log.
    pub fn size(&self) -> u64 {
        let of = |path: PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
        self.path.as_ref().map_or(0, |path| of(path.clone()) + of(beside(path, "-wal")))
    }

    fn read_anew(&self, path: &Path) {
        let anew = connect(path).and_then(Timed::new);
        if let (Ok(anew), Some(reading)) = (anew, &self.reading) {
            *reading.lock().unwrap_or_else(PoisonError::into_inner) = anew;
        }
    }

    fn writing(&self) -> MutexGuard<'_, Timed> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timed {
    fn new(mut connection: Connection) -> rusqlite::Result<Self> {
        let (began, until) = (Instant::now(), Arc::new(AtomicU64::new(u64::MAX)));
        let end = Arc::clone(&until);
        let late = move || nanos(began.elapsed()) > end.load(Ordering::Relaxed);
        connection.progress_handler(STEPS, Some(late))?;
        Ok(Self { connection, began, until })
    }

    fn end_within(&self, within: Duration) {
        self.until.store(nanos(self.began.elapsed().saturating_add(within)), Ordering::Relaxed);
    }

    fn take_time(&self) {
        self.until.store(u64::MAX, Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The path with something added to its last part.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

/// Runbooks and incidents are for their owner's eyes only.
fn create_private(path: &Path) -> std::io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.is_dir()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map(drop)
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags())?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    let _mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    // A power loss leaves the file behind the journal, which it is derived from, and not broken.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    let _limit: i64 = connection.pragma_update_and_check(None, "journal_size_limit", 16 << 20, |row| row.get(0))?;
    Ok(connection)
}

/// The file as it is; none when it is empty or of another format.
fn open_as_is(path: &Path, number: i64) -> rusqlite::Result<Option<Connection>> {
    let connection = connect(path)?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let ours = pragma("application_id")? == APPLICATION && pragma("user_version")? == number;
    Ok(ours.then_some(connection))
}

fn make_new(path: &Path, format: Format) -> Result<Connection, String> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match std::fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.to_string()),
            _ => {}
        }
    }
    create_private(path).map_err(|error| error.to_string())?;
    let made = connect(path).and_then(|connection| create(&connection, format).map(|()| connection));
    made.map_err(|error| error.to_string())
}

fn create(connection: &Connection, format: Format) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(format.tables)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", format.number)?;
    transaction.commit()
}

/// A number that fits a column.
pub fn int(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Format = Format { number: 1, tables: "CREATE TABLE one (a INTEGER)" };

    fn count(index: &Index) -> Result<i64, Error> {
        index.read(Duration::from_secs(5), |file| file.query_row("SELECT count(*) FROM one", [], |row| row.get(0)))
    }

    #[test]
    fn what_is_damaged_or_of_another_format_is_made_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("knowledge/index.db");
        let index = Index::open(&path, ONE).unwrap();
        index.write(|file| file.execute("INSERT INTO one VALUES (1)", [])).unwrap();
        drop(index);
        assert_eq!(count(&Index::open(&path, ONE).unwrap()).unwrap(), 1);
        assert_eq!(count(&Index::open(&path, Format { number: 2, ..ONE }).unwrap()).unwrap(), 0);
        std::fs::write(&path, "this is no database, and long enough to be taken for one".repeat(100)).unwrap();
        assert_eq!(count(&Index::open(&path, ONE).unwrap()).unwrap(), 0);
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_takes_too_long_ends() {
        let index = Index::temporary(ONE).unwrap();
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
        let read = index.read(Duration::from_millis(5), |file| file.query_row(endless, [], |row| row.get::<_, i64>(0)));
        assert!(matches!(read, Err(Error::Late)));
        assert_eq!(count(&index).unwrap(), 0, "the next one has its own time");
        let written = index.write(|file| file.execute("INSERT INTO nothing VALUES (1)", []));
        assert!(written.is_err());
        index.write(|file| file.execute("INSERT INTO one VALUES (1)", [])).unwrap();
        assert_eq!(count(&index).unwrap(), 1);
    }
}
