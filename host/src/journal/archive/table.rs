//! Segments and their index as rows: the only place that knows their columns.

use std::collections::BTreeSet;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::{Segment, key};
use crate::domain::{ChainHash, Head};
use crate::journal::rows::{chain_at, int, uint};

/// `first` is the position of the first place. `gaps` is a digest of the places whose entries are
/// removed; none where there are none. `closing` says when the last entry was written, in
/// milliseconds since 1970. `archived` names the segments in which a stream has entries.
pub(in crate::journal) const TABLES: &str = "
    CREATE TABLE segments (
        first INTEGER PRIMARY KEY,
        last INTEGER NOT NULL,
        before BLOB NOT NULL,
        after BLOB NOT NULL,
        closing INTEGER NOT NULL,
        gaps BLOB,
        content BLOB NOT NULL
    );
    CREATE INDEX gappy ON segments (first) WHERE gaps IS NOT NULL;
    CREATE TABLE archived (
        stream INTEGER NOT NULL,
        segment INTEGER NOT NULL,
        PRIMARY KEY (stream, segment)
    ) WITHOUT ROWID;
";

/// A segment as it stands in the file.
#[derive(Clone, Debug)]
pub(in crate::journal) struct Stored {
    pub before: Head,
    pub after: Head,
    /// When its last entry was written, in milliseconds.
    pub closing: i64,
    pub gaps: Option<Vec<u8>>,
    pub content: Vec<u8>,
    /// The streams as the index names them; what is read from the file does not say.
    pub streams: BTreeSet<i64>,
}

const COLUMNS: &str = "first, last, before, after, closing, gaps, content";

fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let first = uint(row.get(0)?);
    Ok(Stored {
        before: Head { position: first.saturating_sub(1), chain: chain_at(row, 2)? },
        after: Head { position: uint(row.get(1)?), chain: chain_at(row, 3)? },
        closing: row.get(4)?,
        gaps: row.get(5)?,
        content: row.get(6)?,
        streams: BTreeSet::new(),
    })
}

impl Stored {
    /// A segment packed for the file.
    pub fn pack(segment: &Segment, closing: i64) -> std::io::Result<Self> {
        let content = segment.pack()?;
        let (before, after, streams) = (segment.before, segment.after, streams(segment));
        Ok(Self { before, after, closing, gaps: digest(segment), content, streams })
    }

    /// Position of its first place.
    pub fn first(&self) -> u64 {
        self.before.position + 1
    }

    /// The segment; the error names it.
    pub fn unpack(&self) -> rusqlite::Result<Segment> {
        Segment::unpack(self.before, self.after, &self.content).map_err(|error| {
            let text = format!("the archive of entries {} to {}: {error}", self.first(), self.after.position);
            rusqlite::Error::FromSqlConversionFailure(6, Type::Blob, text.into())
        })
    }
}

/// What is missing in a segment, in one hash; none where nothing is.
pub(in crate::journal) fn digest(segment: &Segment) -> Option<Vec<u8>> {
    let mut hash = None;
    for (first, last, after) in segment.gaps() {
        let hash = hash.get_or_insert_with(Sha256::new);
        hash.update(first.to_be_bytes());
        hash.update(last.to_be_bytes());
        hash.update(after.bytes());
    }
    hash.map(|hash| hash.finalize().to_vec())
}

/// Where the archive ends.
pub(in crate::journal) fn end(connection: &Connection) -> rusqlite::Result<Head> {
    let mut statement = connection.prepare_cached("SELECT last, after FROM segments ORDER BY first DESC LIMIT 1")?;
    let read = |row: &Row<'_>| Ok(Head { position: uint(row.get(0)?), chain: chain_at(row, 1)? });
    Ok(statement.query_row([], read).optional()?.unwrap_or_default())
}

/// The segment with this position, or the first one behind it.
pub(in crate::journal) fn at(connection: &Connection, position: u64) -> rusqlite::Result<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM segments WHERE first <= ?1 AND last >= ?1 ORDER BY first DESC LIMIT 1");
    let mut statement = connection.prepare_cached(&sql)?;
    if let Some(found) = statement.query_row([int(position)], read).optional()? {
        return Ok(Some(found));
    }
    let sql = format!("SELECT {COLUMNS} FROM segments WHERE first > ?1 ORDER BY first LIMIT 1");
    connection.prepare_cached(&sql)?.query_row([int(position)], read).optional()
}

/// First positions of the segments in which a stream may have entries, in order.
pub(in crate::journal) fn of_stream(connection: &Connection, stream: &str) -> rusqlite::Result<Vec<u64>> {
    let mut statement = connection.prepare_cached("SELECT segment FROM archived WHERE stream = ?1 ORDER BY segment")?;
    let found = statement.query_map([key(stream)], |row| Ok(uint(row.get(0)?)))?;
    found.collect()
}

/// Entries of a stream in the archive.
pub(in crate::journal) fn last_of(connection: &Connection, stream: &str) -> rusqlite::Result<u64> {
    for first in of_stream(connection, stream)?.into_iter().rev() {
        let Some(stored) = at(connection, first)? else { continue };
        let segment = stored.unpack()?;
        let last = segment.entries().filter(|(_, sealed)| sealed.stream == stream).last();
        if let Some((_, sealed)) = last {
            return Ok(sealed.n);
        }
    }
    Ok(0)
}

/// The body at a place of a stream in the archive.
pub(in crate::journal) fn body_at(connection: &Connection, stream: &str, n: u64) -> rusqlite::Result<Option<String>> {
    for first in of_stream(connection, stream)? {
        let Some(stored) = at(connection, first)? else { continue };
        let segment = stored.unpack()?;
        let found = segment.entries().find(|(_, sealed)| sealed.stream == stream && sealed.n == n);
        if let Some((_, sealed)) = found {
            return Ok(Some(sealed.body.clone()));
        }
    }
    Ok(None)
}

/// Writes a segment and its streams.
pub(in crate::journal) fn insert(connection: &Connection, stored: &Stored) -> rusqlite::Result<()> {
    let Stored { before, after, closing, gaps, content, streams } = stored;
    let sql = format!("INSERT INTO segments ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    let first = int(stored.first());
    let row = (first, int(after.position), before.chain.bytes(), after.chain.bytes(), closing, gaps, content);
    connection.prepare_cached(&sql)?.execute(row)?;
    let mut statement = connection.prepare_cached("INSERT INTO archived (stream, segment) VALUES (?1, ?2)")?;
    streams.iter().try_for_each(|stream| statement.execute((stream, first)).map(|_| ()))
}

/// The streams of a segment as the index names them.
pub(in crate::journal) fn streams(segment: &Segment) -> BTreeSet<i64> {
    segment.entries().map(|(_, sealed)| key(&sealed.stream)).collect()
}

/// The hash at a position of the archive; none where its entry is removed.
pub(in crate::journal) fn chain_of(connection: &Connection, position: u64) -> rusqlite::Result<Option<ChainHash>> {
    let Some(stored) = at(connection, position)? else { return Ok(None) };
    if stored.after.position == position {
        return Ok(Some(stored.after.chain));
    }
    let (heads, _) = stored.unpack()?.chain();
    Ok(heads.into_iter().find(|head| head.position == position).map(|head| head.chain))
}

/// The digests of what is missing in segments, by their first positions.
pub(in crate::journal) fn gaps(connection: &Connection) -> rusqlite::Result<Vec<(u64, Vec<u8>)>> {
    let sql = "SELECT first, gaps FROM segments WHERE gaps IS NOT NULL ORDER BY first";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([], |row| Ok((uint(row.get(0)?), row.get(1)?)))?;
    found.collect()
}

/// Puts the digests of segments together in their order: one hash over everything that is missing.
/// What retention notes in the record, so that nobody else's holes pass for its own.
#[derive(Debug, Default)]
pub(in crate::journal) struct Gaps(Option<Sha256>);

impl Gaps {
    pub fn add(&mut self, first: u64, gaps: &[u8]) {
        let hash = self.0.get_or_insert_with(Sha256::new);
        hash.update(first.to_be_bytes());
        hash.update(gaps);
    }

    pub fn finish(self) -> Option<String> {
        self.0.map(|hash| hex::encode(hash.finalize()))
    }
}
