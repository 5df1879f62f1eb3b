//! Reading a journal without being able to change it, while another process may be writing it.
//!
//! What it gives is what was durable when it looked. Long reads go in pages, so that they never
//! keep the writer from emptying its log.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use rusqlite::Connection;

use super::error::{Error, sentence};
use super::{rows, schema};
use crate::domain::{ChainHash, Head, Place, Sealed};
use crate::ports::{Journal, JournalError};

/// Entries a page.
const PAGE: i64 = 512;

/// A journal that is open for reading.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Reader {
    /// Opens a journal that exists.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or a newer program wrote it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let connection = Mutex::new(schema::open_reader(path)?);
        Ok(Self { path: path.to_path_buf(), connection })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All entries of one stream in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn stream(&self, stream: &str) -> Result<Vec<Sealed>, Error> {
        self.with(|connection| {
            let sql = format!("SELECT {} FROM entries WHERE stream = ?1 ORDER BY n", rows::COLUMNS);
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([stream], |row| rows::read(row).map(|(_, sealed)| sealed))?;
            found.collect()
        })
    }

    /// Feeds all entries behind position `after` in order to `visit`, with their positions.
    ///
    /// # Errors
    /// When the file cannot be read, and whatever `visit` returns.
    pub fn replay(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, Sealed) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        // A connection of its own: `visit` may read from this journal as well.
        let connection = schema::open_reader(&self.path)?;
        let sql = format!("SELECT {} FROM entries WHERE seq > ?1 ORDER BY seq LIMIT {PAGE}", rows::COLUMNS);
        let explain = |error: rusqlite::Error| JournalError::from(sentence(&self.path, &error));
        let mut after = after;
        loop {
            let mut seen = 0;
            let mut statement = connection.prepare_cached(&sql).map_err(explain)?;
            let mut page = statement.query([rows::int(after)]).map_err(explain)?;
            while let Some(row) = page.next().map_err(explain)? {
                let (seq, sealed) = rows::read(row).map_err(explain)?;
                visit(seq, sealed)?;
                after = seq;
                seen += 1;
            }
            if seen < PAGE {
                return Ok(());
            }
        }
    }

    /// Position of the last entry; 0 when there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn position(&self) -> Result<u64, Error> {
        Ok(self.head()?.position)
    }

    /// Where the journal ends.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn head(&self) -> Result<Head, Error> {
        self.with(rows::head)
    }

    /// What stands at a position.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn place(&self, position: u64) -> Result<Place, Error> {
        if position == 0 {
            return Ok(Place::Entry(ChainHash::GENESIS));
        }
        self.with(|connection| match rows::chain_of(connection, position)? {
            Some(chain) => Ok(Place::Entry(chain)),
            None => Ok(Place::Beyond { last: rows::head(connection)?.position }),
        })
    }

    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        read(&connection).map_err(|error| sentence(&self.path, &error))
    }
}

/// A reader stands in wherever only reading happens, such as when a projection is rebuilt.
impl Journal for Reader {
    fn append(&self, _: Vec<Sealed>) -> BoxFuture<'static, Result<(), JournalError>> {
        let refused = format!("{} is open for reading only", self.path.display());
        Box::pin(async { Err(JournalError(refused)) })
    }

    fn recover(&self) -> BoxFuture<'_, Result<(), JournalError>> {
        Box::pin(async { Ok(()) })
    }

    fn stream(&self, stream: &str) -> Result<Vec<Sealed>, JournalError> {
        Ok(self.stream(stream)?)
    }

    fn replay(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, Sealed) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.replay(after, visit)
    }

    fn place(&self, position: u64) -> Result<Place, JournalError> {
        Ok(self.place(position)?)
    }
}
