//! Finds what was changed, removed or put into a journal behind the program's back.
//!
//! It recomputes the chain over everything in the order of positions, in constant memory, beside a
//! host that goes on writing. There is no secret in the chain: who rewrites everything behind the
//! place of a change computes it anew, and is found by a head that was kept elsewhere (an anchor).

use rusqlite::{Connection, OptionalExtension};

use super::error::{Error, sentence};
use super::reader::Reader;
use super::rows;
use crate::domain::control::{self, Control};
use crate::domain::{ChainHash, Fact, Head, Sealed};

/// What a check of a journal found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Entries read.
    pub entries: u64,
    /// Streams that begin in it: incidents, and the host's own.
    pub streams: u64,
    /// The last entry.
    pub head: Head,
    /// What is wrong: a sentence each, with stream and position. Empty when all is well.
    pub problems: Vec<String>,
    /// Problems beyond those listed.
    pub more: u64,
}

/// More than this many sentences help nobody.
const LISTED: usize = 1000;
const PAGE: usize = 1024;

/// Checks a journal against itself and these anchors: heads of it that were kept elsewhere, each with
/// a word about where.
///
/// # Errors
/// When it cannot be read at all. A file that is damaged in places is a problem in the report.
pub fn verify(reader: &Reader, anchors: &[(Head, String)]) -> Result<VerifyReport, Error> {
    let mut report = VerifyReport::default();
    let end = reader.with(end)?;
    let mut walk = Walk { anchors: anchors.to_vec(), ..Walk::default() };
    walk.meet(&mut report);
    loop {
        let page = reader.with(|connection| Ok(page(connection, walk.head.position)));
        match page? {
            Ok(rows) => {
                let last = rows.len() < PAGE;
                rows.iter().for_each(|row| walk.step(row, &mut report));
                if last {
                    break;
                }
            }
            Err(error) => {
                let why = sentence(reader.path(), &error);
                report.add(format!("behind entry {} nothing can be read: {why}", walk.head.position));
                return Ok(report);
            }
        }
    }
    walk.finish(end, &mut report);
    Ok(report)
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

/// The highest position that the database has given out.
fn end(connection: &Connection) -> rusqlite::Result<u64> {
    let highest = "SELECT seq FROM sqlite_sequence WHERE name = 'entries'";
    let given: Option<i64> = connection.query_row(highest, [], |row| row.get(0)).optional()?;
    Ok(given.map_or(0, rows::uint))
}

struct Stored {
    seq: u64,
    sealed: Sealed,
    chain: ChainHash,
}

fn page(connection: &Connection, after: u64) -> rusqlite::Result<Vec<Stored>> {
    let columns = rows::COLUMNS;
    let sql = format!("SELECT {columns}, chain FROM entries WHERE seq > ?1 ORDER BY seq LIMIT {PAGE}");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map([rows::int(after)], |row| {
        let (seq, sealed) = rows::read(row)?;
        Ok(Stored { seq, sealed, chain: rows::chain_at(row, 4)? })
    })?;
    found.collect()
}

/// Where the walk through everything stands.
#[derive(Default)]
struct Walk {
    head: Head,
    anchors: Vec<(Head, String)>,
}

impl Walk {
    fn step(&mut self, row: &Stored, report: &mut VerifyReport) {
        let Stored { seq, sealed, chain } = row;
        let Sealed { stream, n, .. } = sealed;
        report.entries += 1;
        report.streams += u64::from(*n == 1);
        let place = format!("entry {seq} (position {n} of {stream})");
        let next = self.head.position + 1;
        if *seq != next {
            report.add(format!("entries {next} to {} are missing", seq.saturating_sub(1)));
        }
        if self.head.chain.next(*seq, sealed) != *chain {
            report.add(format!(
                "{place} does not continue the chain: it was changed, or something before it was changed or removed"
            ));
        }
        if let Err(error) = readable(sealed) {
            report.add(format!("{place} is no entry that this program knows: {error}"));
        }
        self.head = Head { position: *seq, chain: *chain };
        self.meet(report);
    }

    /// Compares the anchors at this position.
    fn meet(&mut self, report: &mut VerifyReport) {
        let Head { position, chain } = self.head;
        self.anchors.retain(|(anchor, kept)| {
            if anchor.position == position && anchor.chain != chain {
                report.add(format!(
                    "entry {position} is not the one that {kept} knows: up to it something was changed, removed or \
                     put in, and the chain was computed anew, or it is another journal"
                ));
            }
            anchor.position != position
        });
    }

    /// What was not met is beyond the end, or in a hole.
    fn finish(self, end: u64, report: &mut VerifyReport) {
        let last = self.head.position;
        report.head = self.head;
        if end > last {
            report.add(format!("entries {} to {end} at the end of the journal were removed", last + 1));
        }
        for (anchor, kept) in self.anchors {
            let position = anchor.position;
            if position > last {
                report.add(format!("the journal ends at entry {last}, but {kept} knows entry {position}: its end was cut off, or it is an older copy"));
            } else {
                report.add(format!("entry {position}, which {kept} knows, is missing"));
            }
        }
    }
}

fn readable(sealed: &Sealed) -> Result<(), serde_json::Error> {
    if sealed.stream == control::STREAM {
        sealed.open::<Control>().map(|_| ())
    } else {
        sealed.open::<Fact>().map(|_| ())
    }
}

#[cfg(test)]
mod tests;
