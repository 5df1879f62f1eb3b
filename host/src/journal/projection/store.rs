//! The projection's file: opened, made new, and put aside as evidence.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::Notify;

use super::GateLesson;
use super::conversations::{self, ConversationChange};
use super::forget::forget;
use super::tables::{self, APPLICATION, FORMAT, RowIds};
use crate::domain::control::Removed;
use crate::domain::{Head, Incident};
use crate::journal::error::{Error, io_sentence, sentence};
use crate::journal::file::{create_private, sibling};
use crate::journal::schema::{little_cache, writing_cache};

/// Files up to this size are looked through when they are opened; damage in larger ones is noticed
/// when it is read.
const LOOKED_THROUGH: u64 = 32 << 20;

/// Whose the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileAccess {
    /// The host's, which makes it new when it must.
    Owned,
    /// The host's, and read and brought up to date by somebody else.
    Shared,
    /// Nobody can write it.
    ReadOnly,
    /// Derived for this process alone, and gone with it.
    Temporary,
}

/// Incidents as they stand, for listings and for the start of the host.
#[derive(Debug)]
pub struct Projection {
    path: PathBuf,
    file_use: FileAccess,
    writing: Mutex<Writing>,
    /// Its own, so that a listing does not wait for a batch; none where there is only one.
    reading: Mutex<Option<Connection>>,
    /// One catching up at a time.
    pub(super) turn: Mutex<()>,
    /// Reading found that the file is not whole.
    damaged: AtomicBool,
    noticed: Notify,
    /// It does not hold all that it held before, or has never held all.
    pub(super) derived: AtomicBool,
    pub(super) reached: AtomicU64,
    pub(super) goal: AtomicU64,
}

#[derive(Debug)]
struct Writing {
    connection: Connection,
    numbers: RowIds,
}

impl Projection {
    /// Opens the file for the host, or makes it new when it is missing, damaged or of another format.
    /// What is damaged is kept beside it, once.
    ///
    /// # Errors
    /// When the file can neither be used nor made new.
    pub fn open(path: &Path) -> Result<Self, Error> {
        create_private(path)?;
        let connection = match open_as_is(path) {
            Ok(Some(connection)) => connection,
            Ok(None) => make_new(path)?,
            Err(error) if is_damage(&error) => {
                tracing::warn!(path = %path.display(), %error, "the listing is damaged and derived anew from the journal");
                put_aside(path, &sibling(path, ".damaged"))?;
                make_new(path)?
            }
            Err(error) => return Err(explained(path, &error)),
        };
        Self::over(path, connection, FileAccess::Owned)
    }

    /// Opens the file of a host that may be running: it is brought up to date and never made new. Where
    /// it cannot be used, listings are derived for this process alone.
    ///
    /// # Errors
    /// When there is no place for these either.
    pub fn open_shared(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            return Self::temporary(path);
        }
        match open_as_is(path) {
            Ok(Some(connection)) => return Self::over(path, connection, FileAccess::Shared),
            Ok(None) => return Self::temporary(path),
            Err(error) if is_damage(&error) => {
                tracing::warn!(path = %path.display(), %error, "the listing is damaged; the host derives it anew when it starts");
                return Self::temporary(path);
            }
            Err(error) => tracing::debug!(path = %path.display(), %error, "the listing cannot be written"),
        }
        match Self::read_only(path) {
            Ok(Some(projection)) => Ok(projection),
            Ok(None) | Err(_) => Self::temporary(path),
        }
    }

    /// Opens a file that cannot be written; none when it is of another format.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read_only(path: &Path) -> Result<Option<Self>, Error> {
        let connection = open_to_read(path).map_err(|error| explained(path, &error))?;
        connection.map(|connection| Self::over(path, connection, FileAccess::ReadOnly)).transpose()
    }

    /// One for this process alone, in a file without a name.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn temporary(path: &Path) -> Result<Self, Error> {
        let made = Connection::open("").and_then(|connection| tables::create(&connection).map(|()| connection));
        Self::over(path, made.map_err(|error| explained(path, &error))?, FileAccess::Temporary)
    }

    fn over(path: &Path, writing: Connection, file_use: FileAccess) -> Result<Self, Error> {
        let reading = match file_use {
            FileAccess::Owned | FileAccess::Shared => {
                Some(connect_to_read(path).map_err(|error| explained(path, &error))?)
            }
            FileAccess::ReadOnly | FileAccess::Temporary => None,
        };
        let applied = tables::mark(&writing).map_err(|error| explained(path, &error))?.position;
        Ok(Self {
            path: path.to_path_buf(),
            file_use,
            writing: Mutex::new(Writing { connection: writing, numbers: RowIds::default() }),
            reading: Mutex::new(reading),
            turn: Mutex::new(()),
            damaged: AtomicBool::new(false),
            noticed: Notify::new(),
            derived: AtomicBool::new(false),
            reached: AtomicU64::new(applied),
            goal: AtomicU64::new(0),
        })
    }

    /// The head of the journal that a file knows, without changing it; none where there is no such
    /// file or it cannot be read.
    pub fn known(path: &Path) -> Option<Head> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        tables::mark(&Connection::open_with_flags(path, flags).ok()?).ok()
    }

    /// The head of the journal up to which it was taken in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn head(&self) -> Result<Head, Error> {
        self.mark()
    }

    /// Position up to which the journal has been taken in; 0 when nothing has.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn applied(&self) -> Result<u64, Error> {
        Ok(self.mark()?.position)
    }

    /// How much of the journal is taken in, while that is not all that was there: percent.
    pub fn deriving(&self) -> Option<u64> {
        let (reached, goal) = (self.reached.load(Ordering::Relaxed), self.goal.load(Ordering::Relaxed));
        let percent = reached.saturating_mul(100).checked_div(goal).unwrap_or(0).min(99);
        (!self.derived.load(Ordering::Relaxed)).then_some(percent)
    }

    /// Whether it holds all that the journal had when it last looked, as far as anybody has noticed.
    pub fn is_whole(&self) -> bool {
        self.derived.load(Ordering::Relaxed) && !self.damaged.load(Ordering::Relaxed)
    }

    /// Resolves when reading has found the file damaged, so that it must be caught up at once.
    pub async fn found_damaged(&self) {
        self.noticed.notified().await;
    }

    /// Puts the file aside as evidence, under the first free number, and begins anew.
    ///
    /// # Errors
    /// When it cannot be moved or made new.
    pub fn set_aside(&self) -> Result<PathBuf, Error> {
        let free = (1..u64::MAX).map(|n| sibling(&self.path, &format!(".{n}"))).find(|path| !path.exists());
        let aside = free.unwrap_or_else(|| sibling(&self.path, ".0"));
        self.make_new(&aside)?;
        Ok(aside)
    }

    /// Makes the file new when somebody has found it damaged, or it is not there any more.
    pub(super) fn mend(&self) -> Result<(), Error> {
        let damaged = self.damaged.swap(false, Ordering::Relaxed);
        if self.file_use != FileAccess::Owned || !damaged && self.path.exists() {
            return Ok(());
        }
        tracing::warn!(path = %self.path.display(), "the listing is damaged or gone and derived anew from the journal");
        self.make_new(&sibling(&self.path, ".damaged"))
    }

    /// Whether [`Projection::mend`] can help.
    pub(super) fn is_damaged(&self) -> bool {
        self.file_use == FileAccess::Owned && self.damaged.load(Ordering::Relaxed)
    }

    /// Whether catching up can be written down.
    pub(super) fn is_writable(&self) -> bool {
        self.file_use != FileAccess::ReadOnly
    }

    fn make_new(&self, aside: &Path) -> Result<(), Error> {
        self.derived.store(false, Ordering::Relaxed);
        self.reached.store(0, Ordering::Relaxed);
        let (mut writing, mut reading) = (self.writing(), self.reading());
        put_aside(&self.path, aside)?;
        create_private(&self.path)?;
        *writing = Writing { connection: make_new(&self.path)?, numbers: RowIds::default() };
        *reading = Some(connect_to_read(&self.path).map_err(|error| explained(&self.path, &error))?);
        Ok(())
    }

    /// Writes incidents as they stand at the head `to`, and what the entries up to it teach the gate;
    /// false, and nothing written, when somebody else has moved the mark from `from`.
    pub(super) fn put<'a>(
        &self,
        from: u64,
        to: Head,
        incidents: impl Iterator<Item = &'a Incident>,
        gate_events: &[GateLesson],
        removed: &[Removed],
        talked: &[ConversationChange],
    ) -> Result<bool, Error> {
        let mut writing = self.writing();
        let Writing { connection, numbers } = &mut *writing;
        let write = || {
            let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            if tables::mark(&transaction)?.position != from {
                return Ok(false);
            }
            for incident in incidents {
                numbers.put(&transaction, incident)?;
            }
            gate_events.iter().try_for_each(|learned| tables::put_learned(&transaction, learned))?;
            if let Some(last) = gate_events.last() {
                tables::forget(&transaction, last.at)?;
            }
            talked.iter().try_for_each(|talked| conversations::put(&transaction, talked))?;
            for removed in removed {
                forget(&transaction, removed)?;
                conversations::forget(&transaction, removed)?;
            }
            tables::set_mark(&transaction, to)?;
            transaction.commit()?;
            tables::vacuum(connection)?;
            Ok(true)
        };
        let written = write();
        if !matches!(written, Ok(true)) {
            // Numbers that were given in what is not there.
            *numbers = RowIds::default();
        }
        written.map_err(|error| self.found(&error))
    }

    /// The head of the journal up to which it was taken in.
    pub(super) fn mark(&self) -> Result<Head, Error> {
        self.read(tables::mark)
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let reading = self.reading();
        let result = match &*reading {
            Some(connection) => read(connection),
            None => read(&self.writing().connection),
        };
        drop(reading);
        result.map_err(|error| self.found(&error))
    }

    /// Says what an error is, and remembers damage.
    pub(super) fn found(&self, error: &rusqlite::Error) -> Error {
        if is_damage(error) {
            self.damaged.store(true, Ordering::Relaxed);
            self.noticed.notify_one();
        }
        explained(&self.path, error)
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> MutexGuard<'_, Option<Connection>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an error means that the file's content is not what was written.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(error, _) => matches!(
            error.code,
            // A table that is not there is an error without a code of its own.
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation | ErrorCode::Unknown
        ),
        E::SqlInputError { .. }
        | E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::Utf8Error(..)
        | E::QueryReturnedNoRows => true,
        _ => false,
    }
}

fn explained(path: &Path, error: &rusqlite::Error) -> Error {
    if is_damage(error) {
        return Error::Derived { path: path.display().to_string(), why: error.to_string() };
    }
    sentence(path, error)
}

/// The file as it is; none when it is empty or of another format.
fn open_as_is(path: &Path) -> rusqlite::Result<Option<Connection>> {
    checked(path, connect(path)?)
}

/// The file on a disk that nobody writes to.
fn open_to_read(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let plain = Connection::open_with_flags(path, flags).and_then(|connection| checked(path, connection));
    let log = std::fs::metadata(sibling(path, "-wal")).map_or(0, |log| log.len());
    if plain.is_ok() || log > 0 {
        return plain;
    }
    // Nothing is in its log, and no place for the index of one.
    let name: String = path.to_string_lossy().chars().fold(String::new(), |mut name, letter| {
        match letter {
            '%' | '?' | '#' => name.push_str(&format!("%{:02x}", u32::from(letter))),
            letter => name.push(letter),
        }
        name
    });
    let flags = flags | OpenFlags::SQLITE_OPEN_URI;
    checked(path, Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)?)
}

fn checked(path: &Path, connection: Connection) -> rusqlite::Result<Option<Connection>> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (format, application) = (pragma("user_version")?, pragma("application_id")?);
    if application != APPLICATION || format != FORMAT {
        return Ok(None);
    }
    tables::mark(&connection)?;
    if std::fs::metadata(path).is_ok_and(|file| file.len() <= LOOKED_THROUGH) {
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
            return Err(rusqlite::Error::SqliteFailure(corrupt, Some(found)));
        }
    }
    Ok(Some(connection))
}

/// Moves the file to another name in place of whatever has it; a file that is not there is none.
fn put_aside(path: &Path, aside: &Path) -> Result<(), Error> {
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let (from, to) = (sibling(path, suffix), sibling(aside, suffix));
        match std::fs::rename(&from, &to) {
            Ok(()) => {}
            // What is left of an older one would be taken for its log.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => drop(std::fs::remove_file(&to)),
            Err(error) => return Err(io_sentence("moved", &from, &error)),
        }
    }
    Ok(())
}

fn make_new(path: &Path) -> Result<Connection, Error> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let file = sibling(path, suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io_sentence("removed", &file, &error));
            }
            _ => {}
        }
    }
    create_private(path)?;
    let made = || {
        // Before the log: how pages are given back is settled with the first page.
        let connection = Connection::open_with_flags(path, flags())?;
        tables::create(&connection)?;
        drop(connection);
        connect(path)
    };
    made().map_err(|error| explained(path, &error))
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    little_cache(&connection)?;
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags())?;
    connection.busy_timeout(crate::journal::schema::BUSY)?;
    writing_cache(&connection)?;
    let _mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    // Not OFF: with NORMAL a commit does not wait for the disk either, and a power loss leaves the
    // file behind the journal instead of broken in a place that nobody looks at for months.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // The pages of its indexes change with every batch: copied into the file rarely, they are copied once.
    connection.pragma_update(None, "wal_autocheckpoint", 8000)?;
    let _limit: i64 = connection.pragma_update_and_check(None, "journal_size_limit", 32 << 20, |row| row.get(0))?;
    Ok(connection)
}
