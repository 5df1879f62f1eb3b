//! Going through a whole journal in the order of positions, archive and table alike, page by page, so
//! that nothing long keeps the writer from emptying its log.

use std::sync::Arc;

use rusqlite::Connection;

use super::archive::Segment;
use super::archive::cache::Cache;
use super::rows;
use crate::domain::{ChainHash, Sealed};

/// An entry in the table, with its position and hash.
pub(super) struct Stored {
    pub seq: u64,
    pub sealed: Sealed,
    pub chain: ChainHash,
}

/// What comes next.
pub(super) enum Page {
    /// A segment, which may begin before the position that was asked for.
    Segment(Arc<Segment>),
    /// Entries; none at the end.
    Entries(Vec<Stored>),
}

/// What comes behind a position. One read, so that what moves meanwhile is met once.
pub(super) fn page(connection: &Connection, cache: &mut Cache, after: u64, limit: u32) -> rusqlite::Result<Page> {
    let transaction = connection.unchecked_transaction()?;
    let page = match cache.at(&transaction, after.saturating_add(1))? {
        Some(segment) => Page::Segment(segment),
        None => Page::Entries(entries(&transaction, after, limit)?),
    };
    transaction.finish()?;
    Ok(page)
}

/// Entries of the table behind a position.
pub(super) fn entries(connection: &Connection, after: u64, limit: u32) -> rusqlite::Result<Vec<Stored>> {
    let columns = rows::COLUMNS;
    let sql = format!("SELECT {columns}, chain FROM entries WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map((rows::int(after), limit), |row| {
        let (seq, sealed) = rows::read(row)?;
        Ok(Stored { seq, sealed, chain: rows::chain_at(row, 4)? })
    })?;
    found.collect()
}
