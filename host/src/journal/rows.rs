//! Reading and writing rows of entries: the only place that knows the columns.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;

use crate::domain::Sealed;
use crate::domain::entry::{GENESIS, chain_hash};

/// Positions and counts as the database wants them. They start at 1 and never come near the limit.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// And back; a negative number can only come from a tampered file and becomes 0, which is nothing's.
pub(super) fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) const COLUMNS: &str = "seq, stream, n, body, hash";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(u64, Sealed)> {
    let sealed = Sealed { stream: row.get(1)?, n: uint(row.get(2)?), body: row.get(3)?, hash: row.get(4)? };
    Ok((uint(row.get(0)?), sealed))
}

/// Position and hash of the last entry of a stream.
pub(super) fn head(connection: &Connection, stream: &str) -> rusqlite::Result<Option<(u64, String)>> {
    let sql = "SELECT n, hash FROM entries WHERE stream = ?1 ORDER BY n DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([stream], |row| Ok((uint(row.get(0)?), row.get(1)?))).optional()
}

pub(super) fn hash_at(connection: &Connection, stream: &str, n: u64) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT hash FROM entries WHERE stream = ?1 AND n = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row((stream, int(n)), |row| row.get(0)).optional()
}

pub(super) fn insert(connection: &Connection, sealed: &Sealed, at: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO entries (stream, n, at, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = connection.prepare_cached(sql)?;
    let row = (&sealed.stream, int(sealed.n), at.as_millisecond(), &sealed.body, &sealed.hash);
    statement.execute(row).map(|_| ())
}

/// What an append may be to its stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It comes next.
    Next,
    /// It is there already: its first append was answered with an error and had its effect.
    There,
}

/// Checks that an entry continues its stream, given the stream's head and the hash that already
/// stands at the entry's place. `Err` says in a sentence why it does not.
pub(super) fn fit(sealed: &Sealed, head: Option<&(u64, String)>, there: Option<&str>) -> Result<Fit, String> {
    let Sealed { stream, n, .. } = sealed;
    if let Some(hash) = there {
        return if *hash == sealed.hash {
            Ok(Fit::There)
        } else {
            Err(format!("another entry stands at position {n} of {stream}; read the stream again"))
        };
    }
    let (last, previous) = head.map_or((0, GENESIS), |(n, hash)| (*n, hash.as_str()));
    if *n != last + 1 {
        return Err(format!("{stream} has {last} entries, so position {n} cannot come next"));
    }
    if chain_hash(previous, stream, *n, &sealed.body) != sealed.hash {
        return Err(format!("the hash of position {n} of {stream} does not continue its chain"));
    }
    Ok(Fit::Next)
}

/// The time in an entry's body.
pub(super) fn time_of(sealed: &Sealed) -> Result<Timestamp, String> {
    #[derive(Deserialize)]
    struct Dated {
        at: Timestamp,
    }
    let dated = serde_json::from_str::<Dated>(&sealed.body);
    dated
        .map(|dated| dated.at)
        .map_err(|error| format!("position {} of {} is no entry with a time: {error}", sealed.n, sealed.stream))
}

/// Entries for the tests of the journal.
#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::domain::{Alert, Entry, Fact, Severity, Status};

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
        let mut previous = after.last().map_or((0, GENESIS.to_string()), |last| (last.n, last.hash.clone()));
        let mut sealed = Vec::new();
        for fact in facts {
            let n = previous.0 + 1;
            let entry = Entry { at: at(n), fact };
            let next = Sealed::new(stream, n, &previous.1, &entry).unwrap();
            previous = (n, next.hash.clone());
            sealed.push(next);
        }
        sealed
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
