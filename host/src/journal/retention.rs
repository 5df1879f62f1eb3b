//! Removes closed incidents whose time is over, whole and by a rule, and leaves a trace of it.
//!
//! The segments that hold their entries are rewritten: in the place of what goes stays a gap with the
//! hash of its last entry, so that the chain can still be followed. The same transaction writes an
//! entry of the host's own stream that says what was removed, by which rule, and a digest of all that
//! is missing from now on. A gap that this digest does not cover was made by somebody else.
//!
//! What is not archived yet is not removed. An incident that opened a breaker stays: only the record
//! says why that is open.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use serde::Deserialize;

use super::archive::table::{self, Gaps, Stored};
use super::archive::{Record, Segment};
use super::error::{Error, sentence};
use super::reader::Reader;
use super::{rows, schema};
use crate::domain::control::{self, Control, Removed};
use crate::domain::{Outcome, Sealed, Stream};

/// How long closed incidents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// In the words of the configuration, for the record.
    pub words: String,
    /// With these outcomes; empty for any.
    pub outcomes: Vec<Outcome>,
    /// Since the last thing happened to them.
    pub keep: Duration,
}

/// What is to be removed, worked out and not done yet.
#[derive(Debug)]
pub struct Removal {
    /// For the record.
    pub removed: Removed,
    /// First positions and streams of the segments that go.
    old: Vec<(u64, BTreeSet<i64>)>,
    /// What comes in their place.
    new: Vec<Stored>,
}

/// One step of a removal.
#[derive(Debug)]
pub struct Step {
    /// What is to be removed; none where nothing is due in the segments that were looked at.
    pub removal: Option<Removal>,
    /// Where the next step begins; none when all is seen.
    pub next: Option<u64>,
}

/// Closed conversations are kept as long as incidents with this outcome.
pub(super) const OF_CONVERSATIONS: Outcome = Outcome::NeedsPerson;
/// Incidents that one step removes at most: so much work for one transaction.
const STEP: usize = 4096;
/// A rewritten segment ends when it holds this much.
const SEGMENT: usize = 256 << 10;
/// A neighbour with gaps that is smaller than this is taken in, packed.
const SMALL: usize = 16 << 10;

/// What is known of a stream that may have to go.
#[derive(Debug)]
struct Candidate {
    /// When something last happened, in milliseconds.
    last: i64,
    outcome: Option<Outcome>,
    stays: bool,
}

/// Looks for closed incidents whose last entry is older than `before`, in the segments behind
/// position `from`, as many as one step takes.
///
/// # Errors
/// When the journal cannot be read.
pub fn plan(reader: &Reader, rule: &Rule, before: Timestamp, from: u64) -> Result<Step, Error> {
    let connection = schema::open_reader(reader.path())?;
    let missing = gaps_after(&connection, &[], &[]).map_err(|error| sentence(reader.path(), &error))?;
    let noted = noted(reader)?;
    if missing != noted {
        return Err(Error::Unavailable(format!(
            "something is missing from {} that no rule of retention removed, and a removal would cover it up; \
             `tidegate journal verify` says more",
            reader.path().display()
        )));
    }
    let plan = plan_step(&connection, rule, before.as_millisecond(), from);
    plan.map_err(|error| sentence(reader.path(), &error))
}

fn plan_step(connection: &Connection, rule: &Rule, limit: i64, from: u64) -> rusqlite::Result<Step> {
    let (mut candidates, mut position, mut before, mut next) = (HashMap::new(), from, i64::MIN, None);
    while let Some(stored) = table::at(connection, position + 1)? {
        if stored.closing >= limit {
            break;
        }
        if candidates.len() >= STEP {
            next = Some(position);
            break;
        }
        let segment = stored.unpack()?;
        candidates.extend(
            segment
                .entries()
                .filter(|(_, sealed)| closes(sealed))
                .map(|(_, sealed)| (sealed.stream.clone(), Candidate { last: i64::MIN, outcome: None, stays: false })),
        );
        (position, before) = (stored.after.position.max(position + 1), before.max(stored.closing));
    }
    let before = before.saturating_add(1).min(limit);
    let segments = look_closer(connection, &mut candidates)?;
    candidates.retain(|_, known| {
        let fits = rule.outcomes.is_empty() || known.outcome.is_some_and(|outcome| rule.outcomes.contains(&outcome));
        fits && !known.stays && known.last < before
    });
    let removal = match candidates.is_empty() {
        true => None,
        false => Some(rewritten(connection, rule, before, &candidates, segments)?),
    };
    Ok(Step { removal, next })
}

/// Reads all entries of the candidates; the segments that hold them.
fn look_closer(
    connection: &Connection,
    candidates: &mut HashMap<String, Candidate>,
) -> rusqlite::Result<BTreeSet<u64>> {
    let mut segments = BTreeSet::new();
    let mut hot = connection.prepare_cached("SELECT 1 FROM entries WHERE stream = ?1")?;
    for (stream, known) in candidates.iter_mut() {
        known.stays = hot.exists([stream])?;
        segments.extend(table::of_stream(connection, stream)?);
    }
    for first in &segments {
        let Some(stored) = table::at(connection, *first)? else { continue };
        for (_, sealed) in stored.unpack()?.entries() {
            if let Some(known) = candidates.get_mut(&sealed.stream) {
                known.take(sealed);
            }
        }
    }
    Ok(segments)
}

#[derive(Deserialize)]
struct StreamSummary {
    at: Timestamp,
    kind: String,
    #[serde(default)]
    outcome: Option<Outcome>,
}

fn closes(sealed: &Sealed) -> bool {
    match Stream::of(&sealed.stream) {
        Stream::Host => false,
        Stream::Conversation | Stream::Incident => glance(sealed).is_some_and(|seen| seen.kind == "closed"),
    }
}

fn glance(sealed: &Sealed) -> Option<StreamSummary> {
    serde_json::from_str(&sealed.body).ok()
}

impl Candidate {
    fn take(&mut self, sealed: &Sealed) {
        // What this program cannot read it does not throw away.
        let Some(seen) = glance(sealed) else {
            self.stays = true;
            return;
        };
        self.last = self.last.max(seen.at.as_millisecond());
        self.stays |= seen.kind == "breaker_opened";
        if seen.kind == "concluded" {
            self.outcome = seen.outcome;
        }
        match Stream::of(&sealed.stream) {
            Stream::Conversation => self.outcome = Some(OF_CONVERSATIONS),
            Stream::Host | Stream::Incident => {}
        }
    }
}

/// The segments without these streams.
fn rewritten(
    connection: &Connection,
    rule: &Rule,
    before: i64,
    gone: &HashMap<String, Candidate>,
    segments: BTreeSet<u64>,
) -> rusqlite::Result<Removal> {
    let mut writing = Writing::default();
    for first in segments {
        let Some(stored) = table::at(connection, first)? else { continue };
        let segment = stored.unpack()?;
        if !segment.entries().any(|(_, sealed)| gone.contains_key(&sealed.stream)) {
            continue;
        }
        if writing.open.as_ref().is_none_or(|open| open.after != segment.before) {
            writing.close()?;
            writing.take_neighbour(connection, segment.before.position, gone)?;
        }
        writing.take(&stored, &segment, gone)?;
    }
    writing.close()?;
    let Writing { old, new, entries, first, last, .. } = writing;
    let gaps = gaps_after(connection, &old, &new)?;
    let before = Timestamp::from_millisecond(before).unwrap_or(Timestamp::MIN);
    let incidents = gone.len() as u64;
    let (rule, outcomes) = (rule.words.clone(), rule.outcomes.clone());
    let removed = Removed { rule, outcomes, before, incidents, entries, first, last, gaps };
    Ok(Removal { removed, old, new })
}

/// Segments in the making.
#[derive(Default)]
struct Writing {
    open: Option<Segment>,
    closing: i64,
    bytes: usize,
    old: Vec<(u64, BTreeSet<i64>)>,
    new: Vec<Stored>,
    entries: u64,
    first: u64,
    last: u64,
}

impl Writing {
    /// A small neighbour that has gaps already becomes one with what follows it, so that what is left
    /// of many segments does not stay in as many.
    fn take_neighbour(
        &mut self,
        connection: &Connection,
        position: u64,
        gone: &HashMap<String, Candidate>,
    ) -> rusqlite::Result<()> {
        if position == 0 || self.old.iter().any(|(first, _)| *first == position) {
            return Ok(());
        }
        let Some(stored) = table::at(connection, position)? else { return Ok(()) };
        let first = stored.first();
        let rewritten = self.new.last().is_some_and(|new| new.after.position >= first);
        if stored.after.position == position && stored.gaps.is_some() && stored.content.len() < SMALL && !rewritten {
            let segment = stored.unpack()?;
            return self.take(&stored, &segment, gone);
        }
        Ok(())
    }

    fn take(&mut self, stored: &Stored, segment: &Segment, gone: &HashMap<String, Candidate>) -> rusqlite::Result<()> {
        self.old.push((stored.first(), table::streams(segment)));
        let (heads, _) = segment.chain();
        for (record, head) in segment.records.iter().zip(heads) {
            let open = self.open.get_or_insert_with(|| Segment::after(segment.before));
            match record {
                Record::Gap { count, after } => open.push_gap(*count, *after),
                Record::Entry(sealed) if gone.contains_key(&sealed.stream) => {
                    open.push_gap(1, head.chain);
                    self.entries += 1;
                    self.first = if self.first == 0 { head.position } else { self.first.min(head.position) };
                    self.last = self.last.max(head.position);
                }
                Record::Entry(sealed) => {
                    self.bytes += sealed.body.len();
                    open.push(sealed.clone());
                }
            }
        }
        self.closing = self.closing.max(stored.closing);
        if self.bytes >= SEGMENT { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> rusqlite::Result<()> {
        let Some(segment) = self.open.take() else { return Ok(()) };
        let packed = Stored::pack(&segment, self.closing);
        let packed = packed.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        self.new.push(packed);
        (self.bytes, self.closing) = (0, 0);
        Ok(())
    }
}

/// What retention says is missing, in its last entry; empty where nothing is.
fn noted(reader: &Reader) -> Result<String, Error> {
    let controls = reader.stream(control::STREAM)?;
    let removed = controls.iter().rev().find_map(|sealed| match sealed.open::<Control>().ok()?.fact {
        Control::Removed(removed) => Some(removed.gaps),
        _ => None,
    });
    Ok(removed.unwrap_or_default())
}

/// The digest of all that will be missing.
fn gaps_after(connection: &Connection, old: &[(u64, BTreeSet<i64>)], new: &[Stored]) -> rusqlite::Result<String> {
    let mut all: BTreeMap<u64, Vec<u8>> = table::gaps(connection)?.into_iter().collect();
    for (first, _) in old {
        all.remove(first);
    }
    for stored in new {
        all.extend(stored.gaps.clone().map(|gaps| (stored.first(), gaps)));
    }
    let mut digest = Gaps::default();
    all.iter().for_each(|(first, gaps)| digest.add(*first, gaps));
    Ok(digest.finish().unwrap_or_default())
}

/// Puts the rewritten segments in their place, within a transaction.
pub(super) fn rewrite(connection: &Connection, removal: &Removal) -> rusqlite::Result<()> {
    let mut segments = connection.prepare_cached("DELETE FROM segments WHERE first = ?1")?;
    let mut index = connection.prepare_cached("DELETE FROM archived WHERE stream = ?1 AND segment = ?2")?;
    for (first, streams) in &removal.old {
        let first = rows::int(*first);
        segments.execute([first])?;
        streams.iter().try_for_each(|stream| index.execute((stream, first)).map(|_| ()))?;
    }
    removal.new.iter().try_for_each(|stored| table::insert(connection, stored))
}

#[cfg(test)]
mod tests;
