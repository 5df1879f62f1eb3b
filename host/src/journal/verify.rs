//! Finds what was changed, removed or put into a journal behind the program's back.
//!
//! It recomputes the chain of every stream and looks for gaps in it and in the order of everything.
//! It runs in constant memory beside a host that goes on writing. What it cannot find is a tail
//! that somebody removed together with the database's own note of the highest position; a copy of
//! the last position kept elsewhere does.

use rusqlite::{Connection, OptionalExtension};

use super::error::{Error, sentence};
use super::reader::Reader;
use super::rows;
use crate::domain::control::{self, Control};
use crate::domain::entry::{GENESIS, chain_hash};
use crate::domain::{Entry, Fact, Sealed};

/// What a check of a journal found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Entries read.
    pub entries: u64,
    /// Streams: incidents, and the host's own.
    pub streams: u64,
    /// Position of the last entry.
    pub position: u64,
    /// What is wrong: a sentence each, with stream and position. Empty when all is well.
    pub problems: Vec<String>,
    /// Problems beyond those listed.
    pub more: u64,
}

/// More than this many sentences help nobody.
const LISTED: usize = 1000;
const PAGE: usize = 1024;

/// Checks a journal.
///
/// # Errors
/// When it cannot be read at all. A file that is damaged in places is a problem in the report.
pub fn verify(reader: &Reader) -> Result<VerifyReport, Error> {
    let mut report = VerifyReport::default();
    reader.with(|connection| positions(connection, &mut report))?;
    let mut walk = Walk::default();
    loop {
        let page = reader.with(|connection| Ok(page(connection, &walk)));
        match page? {
            Ok(rows) => {
                let last = rows.len() < PAGE;
                rows.iter().for_each(|row| walk.step(row, &mut report));
                if last {
                    return Ok(report);
                }
            }
            Err(error) => {
                let why = sentence(reader.path(), &error);
                let after = format!("behind position {} of {}", walk.n, walk.stream);
                report.add(format!("{after} nothing can be read: {why}"));
                return Ok(report);
            }
        }
    }
}

impl VerifyReport {
    fn add(&mut self, problem: String) {
        if self.problems.len() < LISTED {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }
}

/// Looks for holes in the order of everything. One read, so that what is written meanwhile does
/// not look like one.
fn positions(connection: &Connection, report: &mut VerifyReport) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let sql = "SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM entries";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (count, first, last): (i64, i64, i64) = transaction.query_row(sql, [], read)?;
    report.position = rows::uint(last);
    let highest = "SELECT seq FROM sqlite_sequence WHERE name = 'entries'";
    let given: Option<i64> = transaction.query_row(highest, [], |row| row.get(0)).optional()?;
    let given = given.unwrap_or(0);
    if given > last {
        report.add(format!("entries {} to {given} at the end of the journal were removed", last + 1));
    } else if given < last {
        report.add(format!("the database says that {given} entries were written, but the last is {last}"));
    }
    if count > 0 && (first != 1 || last - first + 1 != count) {
        let sql = "SELECT seq, before FROM
                   (SELECT seq, lag(seq, 1, 0) OVER (ORDER BY seq) AS before FROM entries)
                   WHERE seq <> before + 1 LIMIT 100";
        let mut statement = transaction.prepare(sql)?;
        let holes = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for hole in holes {
            let (seq, before): (i64, i64) = hole?;
            report.add(format!("entries {} to {} of the whole journal are missing", before + 1, seq - 1));
        }
    }
    transaction.finish()
}

struct Stored {
    seq: u64,
    at: i64,
    sealed: Sealed,
}

fn page(connection: &Connection, walk: &Walk) -> rusqlite::Result<Vec<Stored>> {
    let sql = format!(
        "SELECT {}, at FROM entries WHERE (stream, n) > (?1, ?2) ORDER BY stream, n LIMIT {PAGE}",
        rows::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    // A position that is no positive number would never be reached otherwise.
    let after = if walk.streams == 0 { i64::MIN } else { walk.raw };
    let found = statement.query_map((&walk.stream, after), |row| {
        let (seq, sealed) = rows::read(row)?;
        Ok(Stored { seq, at: row.get(5)?, sealed })
    })?;
    found.collect()
}

/// Where the walk through all streams stands.
#[derive(Default)]
struct Walk {
    streams: u64,
    stream: String,
    n: u64,
    raw: i64,
    seq: u64,
    hash: String,
}

impl Walk {
    fn step(&mut self, row: &Stored, report: &mut VerifyReport) {
        let Stored { seq, at, sealed } = row;
        let Sealed { stream, n, body, hash } = sealed;
        report.entries += 1;
        if self.streams == 0 || self.stream != *stream {
            report.streams += 1;
            self.streams += 1;
            (self.stream, self.n, self.seq, self.hash) = (stream.clone(), 0, 0, GENESIS.to_string());
        }
        let place = format!("position {n} of {stream} (entry {seq})");
        if *n != self.n + 1 {
            let (from, to) = (self.n + 1, n.saturating_sub(1));
            report.add(format!("positions {from} to {to} of {stream} are missing before entry {seq}"));
        } else if chain_hash(&self.hash, stream, *n, body) != *hash {
            report.add(format!("{place} does not continue its chain: it or the one before was changed"));
        }
        if *seq <= self.seq {
            report.add(format!("{place} stands before the entry that it follows"));
        }
        match read_time(sealed) {
            Err(error) => report.add(format!("{place} is no entry that this program knows: {error}")),
            Ok(written) if written != *at => {
                report.add(format!("{place} is filed under another time than the one it says"));
            }
            Ok(_) => {}
        }
        (self.n, self.seq) = (*n, *seq);
        self.raw = rows::int(*n);
        self.hash.clone_from(hash);
    }
}

fn read_time(sealed: &Sealed) -> Result<i64, serde_json::Error> {
    let at = if sealed.stream == control::STREAM {
        sealed.open::<Control>()?.at
    } else {
        let entry: Entry<Fact> = sealed.open()?;
        entry.at
    };
    Ok(at.as_millisecond())
}

#[cfg(test)]
mod tests;
