//! The projection's file and what is written to it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction};

use super::Learned;
use super::forget::forget;
use crate::domain::control::Removed;
use crate::domain::history::fixes;
use crate::domain::{GateEvent, Head, Incident};
use crate::journal::error::{Error, sentence};
use crate::journal::file::{beside, create_private};
use crate::journal::rows::{int, uint};

/// Another number or another program version makes the file new: an incident's form may differ.
const VERSION: &str = concat!("4 ", env!("CARGO_PKG_VERSION"));

const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE incidents (
        id TEXT PRIMARY KEY,
        opened_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        state TEXT NOT NULL,
        outcome TEXT,
        severity TEXT NOT NULL,
        source TEXT NOT NULL,
        title TEXT NOT NULL,
        rule TEXT NOT NULL,
        group_key TEXT NOT NULL,
        name TEXT NOT NULL,
        fixes TEXT NOT NULL,
        active INTEGER NOT NULL,
        asked INTEGER NOT NULL,
        n INTEGER NOT NULL,
        seq_applied INTEGER NOT NULL,
        snapshot TEXT NOT NULL
    );
    CREATE INDEX by_opening ON incidents (opened_at);
    CREATE INDEX by_state ON incidents (state, id);
    CREATE INDEX by_outcome ON incidents (outcome, id);
    CREATE INDEX asked_lately ON incidents (updated_at) WHERE asked;
    CREATE INDEX still_active ON incidents (id) WHERE active;
    CREATE TABLE gate_events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, spent INTEGER NOT NULL, gate_event TEXT NOT NULL);
    CREATE INDEX by_time ON gate_events (at) WHERE spent;
    CREATE INDEX unforgotten ON gate_events (seq) WHERE NOT spent;
";

/// Incidents as they stand, for listings and for the start of the host.
#[derive(Debug)]
pub struct Projection {
    path: PathBuf,
    writing: Mutex<Connection>,
    /// Its own, so that a page of the web interface does not wait for a batch.
    reading: Mutex<Connection>,
    /// One catching up at a time.
    pub(super) turn: Mutex<()>,
}

impl Projection {
    /// Opens the file, or makes it new when it is missing, broken or of another version. The host
    /// does this; it then catches up with the journal before it uses it.
    ///
    /// # Errors
    /// When the file can neither be used nor made new.
    pub fn open(path: &Path) -> Result<Self, Error> {
        create_private(path)?;
        let opened = match open_as_is(path) {
            Ok(Some(connection)) => Ok(connection),
            Ok(None) => make_new(path),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the projection is made new");
                make_new(path)
            }
        };
        let open = || Ok((opened?, connect(path)?));
        let (writing, reading) = open().map_err(|error| sentence(path, &error))?;
        Ok(Self {
            path: path.to_path_buf(),
            writing: Mutex::new(writing),
            reading: Mutex::new(reading),
            turn: Mutex::new(()),
        })
    }

    /// The head of the journal that a file knows, without changing it; none where there is no such
    /// file or it cannot be read.
    pub fn known(path: &Path) -> Option<Head> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        mark(&Connection::open_with_flags(path, flags).ok()?).ok()
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

    /// Writes incidents as they stand at this head of the journal, and what the entries up to it
    /// teach the gate. A form older than the one that is there changes nothing.
    pub(super) fn put(
        &self,
        head: Head,
        incidents: &[Incident],
        gate_events: &[Learned],
        removed: &[Removed],
    ) -> Result<(), Error> {
        self.write(|transaction| {
            incidents.iter().try_for_each(|incident| put_incident(transaction, head.position, incident))?;
            gate_events.iter().try_for_each(|learned| put_lesson(transaction, learned))?;
            removed.iter().try_for_each(|removed| forget(transaction, removed))?;
            set_mark(transaction, head)
        })
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn wipe(&self) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute_batch("DELETE FROM incidents; DELETE FROM gate_events;")?;
            set_mark(transaction, Head::default())
        })
    }

    /// The head of the journal up to which it was taken in: whether the journal is still the same.
    pub(super) fn mark(&self) -> Result<Head, Error> {
        self.read(mark)
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let connection = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        read(&connection).map_err(|error| sentence(&self.path, &error))
    }

    fn write(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Result<(), Error> {
        let connection = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let written = connection.unchecked_transaction().and_then(|transaction| {
            write(&transaction)?;
            transaction.commit()
        });
        written.map_err(|error| sentence(&self.path, &error))
    }

    pub(super) fn unreadable(&self, id: &str, error: &serde_json::Error) -> Error {
        let why = format!("incident {id} cannot be read: {error}");
        Error::Damaged(self.path.display().to_string(), why)
    }
}

fn put_incident(transaction: &Transaction<'_>, seq: u64, incident: &Incident) -> rusqlite::Result<()> {
    let json = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    let snapshot = serde_json::to_string(incident).map_err(json)?;
    let fixes = serde_json::to_string(&fixes(incident)).map_err(json)?;
    let rule = incident.decision.as_ref().and_then(|decision| decision.rule.as_deref());
    let name = incident.alerts.first().map_or("", |alert| alert.name.as_str());
    let sql = "INSERT INTO incidents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
               ?17)
               ON CONFLICT (id) DO UPDATE SET
               updated_at = excluded.updated_at, state = excluded.state, outcome = excluded.outcome,
               severity = excluded.severity, title = excluded.title, rule = excluded.rule,
               name = excluded.name, fixes = excluded.fixes, active = excluded.active,
               asked = excluded.asked, n = excluded.n, seq_applied = excluded.seq_applied, snapshot = excluded.snapshot
               WHERE excluded.n >= incidents.n";
    let mut statement = transaction.prepare_cached(sql)?;
    let row = rusqlite::params![
        incident.id.0,
        incident.opened_at.as_microsecond(),
        incident.updated_at.as_microsecond(),
        incident.state().as_str(),
        incident.outcome().map(|outcome| outcome.as_str()),
        incident.severity().as_str(),
        incident.source,
        incident.title(),
        rule.unwrap_or_default(),
        incident.group_key,
        name,
        fixes,
        !incident.settled(),
        incident.model.calls > 0,
        int(incident.version),
        int(seq),
        snapshot,
    ];
    statement.execute(row).map(|_| ())
}

fn mark(connection: &Connection) -> rusqlite::Result<Head> {
    let sql = "SELECT value FROM meta WHERE key = 'head'";
    let value = connection.query_row(sql, [], |row| row.get::<_, String>(0)).optional()?;
    Ok(value.and_then(|text| text.parse().ok()).unwrap_or_default())
}

fn set_mark(transaction: &Transaction<'_>, head: Head) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO meta VALUES ('head', ?1)";
    transaction.execute(sql, [head.to_string()]).map(|_| ())
}

fn put_lesson(transaction: &Transaction<'_>, learned: &Learned) -> rusqlite::Result<()> {
    let gate_event = serde_json::to_string(&learned.gate_event)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let spent = matches!(learned.gate_event, GateEvent::Begun { .. });
    // What is there was read off the incident as it stood then.
    let mut statement = transaction.prepare_cached("INSERT OR IGNORE INTO gate_events VALUES (?1, ?2, ?3, ?4)")?;
    statement.execute((int(learned.seq), learned.at.as_microsecond(), spent, gate_event)).map(|_| ())
}

/// The file as it is; none when it is empty or of another version.
fn open_as_is(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let connection = connect(path)?;
    let tables = "SELECT count(*) FROM sqlite_master WHERE name = 'meta'";
    if connection.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    let sql = "SELECT value FROM meta WHERE key = 'version'";
    let version: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    // Touches the tables' first pages, where damage shows without reading everything.
    let _: i64 =
        connection.query_row("SELECT count(*) FROM (SELECT 1 FROM incidents LIMIT 1)", [], |row| row.get(0))?;
    Ok((version.as_deref() == Some(VERSION)).then_some(connection))
}

fn make_new(path: &Path) -> rusqlite::Result<Connection> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let file = beside(path, suffix);
        if file.exists()
            && let Err(error) = std::fs::remove_file(&file)
        {
            tracing::warn!(path = %file.display(), %error, "an old projection file stays");
        }
    }
    // An error here shows at once when the database is opened.
    drop(create_private(path));
    let connection = connect(path)?;
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO meta VALUES ('version', ?1)", [VERSION])?;
    set_mark(&transaction, Head::default())?;
    transaction.commit()?;
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(crate::journal::schema::BUSY)?;
    let _mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    // Not OFF: with NORMAL a commit does not wait for the disk either, and a power loss leaves the
    // file behind the journal instead of broken in a place that nobody looks at for months.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // The pages of its indexes change with every batch: copied into the file rarely, they are copied once.
    connection.pragma_update(None, "wal_autocheckpoint", 8000)?;
    Ok(connection)
}

/// For the files beside this one.
pub(super) fn position(value: i64) -> u64 {
    uint(value)
}
