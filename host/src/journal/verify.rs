//! Finds what was changed, removed or put into a journal behind the program's back.
//!
//! It recomputes the chain over everything in the order of positions, in constant memory, beside a
//! host that goes on writing. There is no secret in the chain: who rewrites everything behind the
//! place of a change computes it anew, and is found by a head that was kept elsewhere (an anchor).

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::archive::cache::Cache;
use super::archive::table::{self, Gaps};
use super::archive::{self, Segment};
use super::error::{Error, sentence};
use super::reader::Reader;
use super::rows;
use super::walk::{self, Page, Stored};
use crate::domain::control::Control;
use crate::domain::{Anchor, Fact, Head, Sealed, Stream, conversation};

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
const PAGE: u32 = 1024;

/// Checks a journal against itself and these anchors: heads of it that were kept elsewhere, each with
/// a word about where.
///
/// # Errors
/// When it cannot be read at all. A file that is damaged in places is a problem in the report.
pub fn verify(reader: &Reader, anchors: &[(Anchor, String)]) -> Result<VerifyReport, Error> {
    let mut walk = Walk::new(anchors.to_vec());
    let end = reader.with(end)?;
    while walk.turn(reader) {}
    Ok(walk.finish(end))
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
pub(super) fn end(connection: &Connection) -> rusqlite::Result<u64> {
    let highest = "SELECT seq FROM sqlite_sequence WHERE name = 'entries'";
    let given: Option<i64> = connection.query_row(highest, [], |row| row.get(0)).optional()?;
    Ok(given.map_or(0, rows::uint))
}

/// A check that is under way; it can be made in slices.
#[derive(Debug, Default)]
pub(super) struct Walk {
    head: Head,
    anchors: Vec<(Anchor, String)>,
    /// Digest of what is missing, and the first places of it.
    gaps: Gaps,
    missing: Vec<(u64, u64)>,
    /// What retention says is missing.
    noted: Option<String>,
    cache: Cache,
    report: VerifyReport,
    stopped: bool,
}

impl Walk {
    /// Begins at the first entry.
    pub fn new(anchors: Vec<(Anchor, String)>) -> Self {
        let mut walk = Self { anchors, ..Self::default() };
        walk.meet(Head::default());
        walk
    }

    /// Checks some more; whether there may be more to check.
    pub fn turn(&mut self, reader: &Reader) -> bool {
        let mut cache = std::mem::take(&mut self.cache);
        let after = self.head.position;
        let read = reader.with(|connection| {
            let page = walk::page(connection, &mut cache, after, PAGE);
            let unnamed = match &page {
                Ok(Page::Segment(segment)) => unnamed(connection, segment)?,
                _ => Vec::new(),
            };
            Ok((page, unnamed))
        });
        self.cache = cache;
        match read {
            Ok((Ok(Page::Segment(segment)), unnamed)) => {
                self.segment(&segment, unnamed);
                true
            }
            Ok((Ok(Page::Entries(entries)), _)) => {
                entries.iter().for_each(|entry| self.entry(entry));
                !entries.is_empty()
            }
            Ok((Err(error), _)) => {
                let why = sentence(reader.path(), &error);
                self.stop(&why);
                false
            }
            Err(why) => {
                self.stop(&why);
                false
            }
        }
    }

    fn stop(&mut self, why: &Error) {
        self.stopped = true;
        self.report.add(format!("behind entry {} nothing can be read: {why}", self.head.position));
    }

    fn entry(&mut self, stored: &Stored) {
        let Stored { seq, sealed, chain } = stored;
        self.follows(*seq);
        if self.head.chain.next(*seq, sealed) != *chain {
            let place = place(*seq, sealed);
            self.report.add(format!(
                "{place} does not continue the chain: it was changed, or something before it was changed or removed"
            ));
        }
        self.read(*seq, sealed);
        self.head = Head { position: *seq, chain: *chain };
        self.meet(self.head);
    }

    fn segment(&mut self, segment: &Segment, unnamed: Vec<String>) {
        let (first, last) = (segment.before.position + 1, segment.after.position);
        self.follows(first);
        if segment.before.chain != self.head.chain {
            self.report.add(format!(
                "entry {first} does not continue the chain: the archive of entries {first} to {last} was changed, or \
                 something before it was changed or removed"
            ));
        }
        let (heads, whole) = segment.chain();
        if !whole {
            self.report.add(format!(
                "the archive of entries {first} to {last} does not end with the hash that the entries behind it rest \
                 on: one of them was changed"
            ));
        }
        segment.entries().for_each(|(seq, sealed)| self.read(seq, sealed));
        heads.into_iter().for_each(|head| self.meet(head));
        self.missing.extend(segment.gaps().map(|(first, last, _)| (first, last)).take(LISTED));
        self.missing.truncate(LISTED);
        if let Some(digest) = table::digest(segment) {
            self.gaps.add(first, &digest);
        }
        for stream in unnamed {
            self.report.add(format!(
                "{stream}, which has entries between {first} and {last}, is not named in the index of the archive"
            ));
        }
        self.head = segment.after;
    }

    fn follows(&mut self, seq: u64) {
        let next = self.head.position + 1;
        if seq != next {
            self.report.add(format!("entries {next} to {} are missing", seq.saturating_sub(1)));
        }
    }

    fn read(&mut self, seq: u64, sealed: &Sealed) {
        self.report.entries += 1;
        self.report.streams += u64::from(sealed.n == 1);
        match readable(sealed) {
            Ok(Some(Control::Removed(removed))) => self.noted = Some(removed.gaps),
            Ok(_) => {}
            Err(error) => {
                let place = place(seq, sealed);
                self.report.add(format!("{place} is no entry that this program knows: {error}"));
            }
        }
    }

    /// Compares the anchors at a position.
    fn meet(&mut self, head: Head) {
        let report = &mut self.report;
        self.anchors.retain(|(anchor, kept)| {
            if anchor.position == head.position && !anchor.fits(head.chain) {
                report.add(format!(
                    "entry {} is not the one that {kept} knows: up to it something was changed, removed or put in, \
                     and the chain was computed anew, or it is another journal",
                    head.position
                ));
            }
            anchor.position != head.position
        });
    }

    /// What was found; `end` is the highest position that the database had given out at the beginning.
    pub fn finish(mut self, end: u64) -> VerifyReport {
        let last = self.head.position;
        self.report.head = self.head;
        if self.stopped {
            return self.report;
        }
        if end > last {
            self.report.add(format!("entries {} to {end} at the end of the journal were removed", last + 1));
        }
        if self.gaps.finish() != self.noted {
            let some: Vec<String> =
                self.missing.iter().take(5).map(|(first, last)| format!("{first} to {last}")).collect();
            let some = if some.is_empty() { "none".into() } else { some.join(", ") };
            self.report.add(format!(
                "what is missing from the archive (entries {some}{}) is not what retention says it removed: somebody \
                 else removed it, or put it back",
                if self.missing.len() > 5 { " and more" } else { "" }
            ));
        }
        let Self { anchors, missing, mut report, .. } = self;
        for (anchor, kept) in anchors {
            let position = anchor.position;
            if position > last {
                report.add(format!(
                    "the journal ends at entry {last}, but {kept} knows entry {position}: its end was cut off, or it is \
                     an older copy"
                ));
            } else if !missing.iter().any(|(first, last)| (*first..=*last).contains(&position)) {
                report.add(format!("entry {position}, which {kept} knows, is missing"));
            }
        }
        report
    }
}

/// The streams of a segment that the index does not lead to it.
fn unnamed(connection: &Connection, segment: &Segment) -> rusqlite::Result<Vec<String>> {
    let first = rows::int(segment.before.position + 1);
    let mut statement = connection.prepare_cached("SELECT 1 FROM archived WHERE stream = ?1 AND segment = ?2")?;
    let streams: BTreeSet<&str> = segment.entries().map(|(_, sealed)| sealed.stream.as_str()).collect();
    let mut unnamed = Vec::new();
    for stream in streams {
        if !statement.exists((archive::key(stream), first))? {
            unnamed.push(stream.to_string());
        }
    }
    Ok(unnamed)
}

fn place(seq: u64, sealed: &Sealed) -> String {
    let Sealed { stream, n, .. } = sealed;
    format!("entry {seq} (position {n} of {stream})")
}

/// The order in it, if it is one.
fn readable(sealed: &Sealed) -> Result<Option<Control>, serde_json::Error> {
    match Stream::of(&sealed.stream) {
        Stream::Host => sealed.open::<Control>().map(|entry| Some(entry.fact)),
        Stream::Conversation => sealed.open::<conversation::Fact>().map(|_| None),
        Stream::Incident => sealed.open::<Fact>().map(|_| None),
    }
}

#[cfg(test)]
mod tests;
