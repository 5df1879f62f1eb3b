//! The journal file: its tables, its format's number, and how a connection to it is set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::archive::table;
use super::error::{Error, sentence};

/// The latest format that this program knows.
pub(super) const FORMAT: i64 = 2;

/// Marks the file as ours among all databases: `tide`.
const APPLICATION: i64 = 0x7469_6465;

/// `seq` is the order of everything; AUTOINCREMENT remembers the highest, so that a removed tail
/// shows. `chain` is the hash over everything up to the entry. `probe` is what a recovery writes to see whether writing works.
const ENTRIES: &str = "
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        stream TEXT NOT NULL,
        n INTEGER NOT NULL,
        body TEXT NOT NULL,
        chain BLOB NOT NULL,
        UNIQUE (stream, n)
    );
    CREATE TABLE plugin_state (
        plugin TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (plugin, key)
    ) WITHOUT ROWID;
    CREATE TABLE probe (id INTEGER PRIMARY KEY, filler BLOB NOT NULL);
";

/// How long a connection waits for another one. Only backups and checkpoints by foreign programs
/// ever make it wait.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Opens the one connection that writes, and creates the tables in an empty file.
pub(super) fn open_writer(path: &Path, max_bytes: Option<u64>) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| sentence(path, &error))?;
    set_up(&connection, max_bytes).map_err(|error| sentence(path, &error))?;
    let found = format(&connection, path)?;
    if found == 0 {
        create(&connection).map_err(|error| sentence(path, &error))?;
    }
    Ok(connection)
}

/// Opens a connection that cannot write.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    if !path.exists() {
        return Err(Error::Missing(path.display().to_string()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| sentence(path, &error))?;
    let set_up = connection.busy_timeout(BUSY).and_then(|()| little_cache(&connection));
    set_up.map_err(|error| sentence(path, &error))?;
    if format(&connection, path)? == 0 {
        return Err(Error::Missing(path.display().to_string()));
    }
    Ok(connection)
}

/// Bounds the pages that a connection which only reads keeps in memory: the operating system has them too.
pub(super) fn little_cache(connection: &Connection) -> rusqlite::Result<()> {
    cache(connection, 256)
}

/// The same for one that writes: what a transaction changes beyond goes into the log before its end.
pub(super) fn writing_cache(connection: &Connection) -> rusqlite::Result<()> {
    cache(connection, 1024)
}

fn cache(connection: &Connection, kib: i64) -> rusqlite::Result<()> {
    // A positive number would be one of pages.
    connection.pragma_update(None, "cache_size", -kib)
}

fn set_up(connection: &Connection, max_bytes: Option<u64>) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    writing_cache(connection)?;
    // Takes effect in an empty file alone: pages that the archive frees can be given back.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let _mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Otherwise every statement is compiled anew whenever it is asked with another value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The library's own checkpoints reuse the log; what it once grew to is cut back to this.
    connection.pragma_update(None, "wal_autocheckpoint", 2000)?;
    let _limit: i64 = connection.pragma_update_and_check(None, "journal_size_limit", 16 << 20, |row| row.get(0))?;
    if let Some(bytes) = max_bytes {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        let _pages: i64 = connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |row| row.get(0))?;
    }
    Ok(())
}

/// The file's format; 0 for an empty file.
fn format(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let pragma = |name: &str| {
        let value = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        value.map_err(|error| sentence(path, &error))
    };
    let found = pragma("user_version")?;
    let application = pragma("application_id")?;
    if found > FORMAT && application == APPLICATION {
        return Err(Error::Newer { path: path.display().to_string(), found, known: FORMAT });
    }
    if (1..FORMAT).contains(&found) && application == APPLICATION {
        return Err(Error::Older { path: path.display().to_string(), found, known: FORMAT });
    }
    let tables = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0));
    let tables = tables.map_err(|error| sentence(path, &error))?;
    if application != APPLICATION && (tables > 0 || found != 0) {
        return Err(Error::Foreign(path.display().to_string()));
    }
    Ok(found)
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(ENTRIES)?;
    transaction.execute_batch(table::TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}
