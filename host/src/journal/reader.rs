//! Reading a journal without being able to change it, while another process may be writing it.
//!
//! What it gives is what was durable when it looked. Long reads go in pages, so that they never
//! keep the writer from emptying its log.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use rusqlite::Connection;

use super::archive::cache::Cache;
use super::archive::table;
use super::error::{Error, sentence};
use super::walk::{self, Page, Stored};
use super::{rows, schema};
use crate::domain::{ChainHash, Head, Sealed, Slot};
use crate::ports::{Journal, JournalError};

/// Entries a page.
const PAGE: u32 = 512;

/// A journal that is open for reading.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    cache: Cache,
}

impl Reader {
    /// Opens a journal that exists.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or a newer program wrote it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let open = Open { connection: schema::open_reader(path)?, cache: Cache::default() };
        Ok(Self { path: path.to_path_buf(), open: Mutex::new(open) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All entries of one stream in order, archived or not.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn stream(&self, stream: &str) -> Result<Vec<Sealed>, Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Open { connection, cache } = &mut *open;
        stream_of(connection, cache, stream).map_err(|error| sentence(&self.path, &error))
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
        let mut cache = Cache::default();
        let mut after = after;
        loop {
            let page = walk::page(&connection, &mut cache, after, PAGE);
            match page.map_err(|error| sentence(&self.path, &error))? {
                Page::Segment(segment) => {
                    for (seq, sealed) in segment.entries().filter(|(seq, _)| *seq > after) {
                        visit(seq, sealed.clone())?;
                    }
                    after = segment.after.position.max(after + 1);
                }
                Page::Entries(entries) if entries.is_empty() => return Ok(()),
                Page::Entries(entries) => {
                    for Stored { seq, sealed, .. } in entries {
                        visit(seq, sealed)?;
                        after = seq;
                    }
                }
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
    pub fn place(&self, position: u64) -> Result<Slot, Error> {
        if position == 0 {
            return Ok(Slot::Entry(ChainHash::GENESIS));
        }
        self.with(|connection| match rows::chain_of(connection, position)? {
            Some(chain) => Ok(Slot::Entry(chain)),
            None => Ok(match rows::head(connection)?.position {
                last if position > last => Slot::Beyond { last },
                _ => Slot::Removed,
            }),
        })
    }

    /// Bytes that the file holds, without its free pages.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn size(&self) -> Result<u64, Error> {
        self.with(|connection| {
            let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            let pages = pragma("page_count")? - pragma("freelist_count")?;
            Ok(rows::uint(pages.saturating_mul(pragma("page_size")?)))
        })
    }

    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        read(&open.connection).map_err(|error| sentence(&self.path, &error))
    }
}

fn stream_of(connection: &Connection, cache: &mut Cache, stream: &str) -> rusqlite::Result<Vec<Sealed>> {
    let transaction = connection.unchecked_transaction()?;
    let mut all = Vec::new();
    for first in table::of_stream(&transaction, stream)? {
        let Some(segment) = cache.at(&transaction, first)? else { continue };
        all.extend(segment.entries().filter(|(_, sealed)| sealed.stream == stream).map(|(_, sealed)| sealed.clone()));
    }
    let sql = format!("SELECT {} FROM entries WHERE stream = ?1 ORDER BY n", rows::COLUMNS);
    let mut statement = transaction.prepare_cached(&sql)?;
    let found = statement.query_map([stream], |row| rows::read(row).map(|(_, sealed)| sealed))?;
    for sealed in found {
        all.push(sealed?);
    }
    Ok(all)
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

    fn place(&self, position: u64) -> Result<Slot, JournalError> {
        Ok(self.place(position)?)
    }
}
