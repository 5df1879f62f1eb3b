//! Reading and writing rows of entries: the only place that knows the columns.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use super::archive::table;
use crate::domain::{ChainHash, Head, Sealed};

/// Positions and counts as the database wants them. They start at 1 and never come near the limit.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// And back; a negative number can only come from a tampered file and becomes 0, which is nothing's.
pub(super) fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// What [`read`] reads.
pub(super) const COLUMNS: &str = "seq, stream, n, body";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(u64, Sealed)> {
    let sealed = Sealed { stream: row.get(1)?, n: uint(row.get(2)?), body: row.get(3)? };
    Ok((uint(row.get(0)?), sealed))
}

/// The hash in a column.
pub(super) fn chain_at(row: &Row<'_>, column: usize) -> rusqlite::Result<ChainHash> {
    let found = ChainHash::from_bytes(row.get_ref(column)?.as_blob().unwrap_or_default());
    found.ok_or_else(|| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, "it is no hash".into()))
}

/// Where the journal ends.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let mut statement = connection.prepare_cached("SELECT seq, chain FROM entries ORDER BY seq DESC LIMIT 1")?;
    let read = |row: &Row<'_>| Ok(Head { position: uint(row.get(0)?), chain: chain_at(row, 1)? });
    match statement.query_row([], read).optional()? {
        Some(head) => Ok(head),
        None => table::end(connection),
    }
}

/// The hash of the entry at a position; none where it is removed or not there yet.
pub(super) fn chain_of(connection: &Connection, position: u64) -> rusqlite::Result<Option<ChainHash>> {
    let mut statement = connection.prepare_cached("SELECT chain FROM entries WHERE seq = ?1")?;
    match statement.query_row([int(position)], |row| chain_at(row, 0)).optional()? {
        Some(chain) => Ok(Some(chain)),
        None => table::chain_of(connection, position),
    }
}

/// Entries of a stream.
pub(super) fn last_of(connection: &Connection, stream: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT n FROM entries WHERE stream = ?1 ORDER BY n DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    match statement.query_row([stream], |row| row.get(0)).optional()? {
        Some(last) => Ok(uint(last)),
        None => table::last_of(connection, stream),
    }
}

pub(super) fn body_at(connection: &Connection, stream: &str, n: u64) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT body FROM entries WHERE stream = ?1 AND n = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    match statement.query_row((stream, int(n)), |row| row.get(0)).optional()? {
        Some(body) => Ok(Some(body)),
        None => table::body_at(connection, stream, n),
    }
}

/// Writes an entry at a head, which is the one behind it.
pub(super) fn insert(connection: &Connection, sealed: &Sealed, head: Head) -> rusqlite::Result<()> {
    let sql = "INSERT INTO entries (seq, stream, n, body, chain) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = connection.prepare_cached(sql)?;
    let row = (int(head.position), &sealed.stream, int(sealed.n), &sealed.body, head.chain.bytes());
    statement.execute(row).map(|_| ())
}

/// What an append may be to its stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AppendPosition {
    /// It comes next.
    Next,
    /// It is there already: its first append was answered with an error and had its effect.
    AlreadyThere,
}

/// Checks that an entry continues its stream, given the entries so far and the body that already
/// stands at the entry's place. `Err` says in a sentence why it does not.
pub(super) fn fit(sealed: &Sealed, last: u64, there: Option<&str>) -> Result<AppendPosition, String> {
    let Sealed { stream, n, body } = sealed;
    match there {
        Some(there) if there == body => Ok(AppendPosition::AlreadyThere),
        Some(_) => Err(format!("another entry stands at position {n} of {stream}; read the stream again")),
        None if *n == last + 1 => Ok(AppendPosition::Next),
        None => Err(format!("{stream} has {last} entries, so position {n} cannot come next")),
    }
}

/// Entries for the tests of the journal.
#[cfg(test)]
pub(super) mod testing {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Alert, Entry, Fact, Severity, Status};
    use crate::ports::{Journal, JournalError};

    /// Everything that a journal has, in order.
    pub(crate) fn replayed(journal: &dyn Journal) -> Vec<(u64, Sealed)> {
        let mut all = Vec::new();
        let mut visit = |seq, sealed| {
            all.push((seq, sealed));
            Ok::<_, JournalError>(())
        };
        journal.replay(0, &mut visit).unwrap();
        all
    }

    fn at(n: u64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + i64::try_from(n).unwrap()).unwrap()
    }

    fn fact(stream: &str, n: u64) -> Fact {
        let alert = Alert {
            source: "test".into(),
            name: "PodNotReady".into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels: [("namespace".to_string(), stream.to_string())].into(),
            annotations: Default::default(),
            starts_at: None,
            ends_at: None,
            fingerprint: format!("f{n}"),
            link: None,
        };
        if n == 1 {
            Fact::Opened { group_key: stream.into(), source: "test".into(), alerts: vec![alert] }
        } else {
            Fact::AlertsChanged { alerts: vec![alert] }
        }
    }

    /// Seals facts behind the ones that are there.
    pub(crate) fn seal(stream: &str, after: &[Sealed], facts: Vec<Fact>) -> Vec<Sealed> {
        let first = after.last().map_or(1, |last| last.n + 1);
        let seal = |(n, fact)| Sealed::new(stream, n, &Entry { at: at(n), fact }).unwrap();
        (first..).zip(facts).map(seal).collect()
    }

    /// The first entries of a stream.
    pub(crate) fn chain(stream: &str, count: u64) -> Vec<Sealed> {
        seal(stream, &[], (1..=count).map(|n| fact(stream, n)).collect())
    }

    /// The entries behind these.
    pub(crate) fn tail(before: &[Sealed], count: u64) -> Vec<Sealed> {
        let last = before.last().unwrap();
        let facts = (last.n + 1..=last.n + count).map(|n| fact(&last.stream, n)).collect();
        seal(&last.stream, before, facts)
    }
}
