//! The index of closed incidents: a tail of the journal, asked for what is alike.
//!
//! What incidents are alike in is kept as keys, so that a question costs what it shows however many there are;
//! their words are searched from the newest back, within a time.

mod rows;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::file::{Error, Index, int};
use super::keys::{self, Keys};
use super::question::Question;
use super::runbooks::{all_of, asked_words};
use super::summary::Summary;
use crate::domain::control::{Control, Removed};
use crate::domain::knowledge::{Recurrence, SimilarIncident, Similarity};
use crate::domain::{Fact, Head, Incident, IncidentId, Outcome, Sealed, Slot, Stream};
use crate::ports::{Journal, JournalError};
use rows::{FORMAT, empty, mark, put, remove};

/// Entries that are looked through in one go, and closed incidents that are taken in with it.
const SLICE: usize = 50_000;
const BATCH: usize = 1_000;
/// How long a question may take.
const PATIENCE: Duration = Duration::from_millis(40);
/// Incidents that are shown, and newest ones of each key that are looked at.
const SHOWN: usize = 5;
const NEWEST: usize = 5;

/// The closed incidents.
pub struct Past {
    index: Index,
}

/// How far the journal has been taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// To its end.
    End,
    /// There is more.
    More,
}

/// What a question brought.
#[derive(Debug, Default)]
pub struct PastMatches {
    /// The incidents.
    pub incidents: Vec<SimilarIncident>,
    /// There was no time to look at all.
    pub late: bool,
}

impl Past {
    /// Opens the index at a path, or one for this process alone.
    pub fn open(path: Option<PathBuf>) -> Result<Self, String> {
        Ok(Self { index: Index::kept_or_temporary(path, FORMAT, "past incidents")? })
    }

    /// Position of the journal up to which it was taken in.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn applied(&self) -> Result<u64, Error> {
        Ok(self.index.read(Duration::MAX, mark)?.map_or(0, |head| head.position))
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        self.index.size()
    }

    /// Takes in a slice of what the journal has got since. An index of another journal is emptied.
    ///
    /// # Errors
    /// When the journal cannot be read or the index not written.
    pub fn follow(&self, journal: &dyn Journal) -> Result<CatchUp, JournalError> {
        let cannot = |error: Error| JournalError(error.to_string());
        let mut from = self.index.read(Duration::MAX, mark).map_err(cannot)?;
        if let Some(head) = from {
            let same = match journal.place(head.position)? {
                Slot::Entry(chain) => chain == head.chain,
                Slot::Removed => true,
                Slot::Beyond { .. } => false,
            };
            if !same {
                tracing::warn!(
                    "the journal is another than the one that past incidents were indexed of; they are indexed anew"
                );
                self.index.write(empty).map_err(cannot)?;
                from = None;
            }
        }
        let after = from.map_or(0, |head| head.position);
        let mut slice = Slice { closed: Vec::new(), removed: Vec::new(), entries: 0, last: after };
        let replayed = journal.replay(after, &mut |position, sealed| {
            slice.take(position, &sealed);
            // Nothing is wrong: the rest comes with the next slice.
            if slice.is_full() { Err(JournalError(String::new())) } else { Ok(()) }
        });
        let more = slice.is_full();
        if !more {
            replayed?;
        }
        if slice.last == after {
            return Ok(CatchUp::End);
        }
        let Slot::Entry(chain) = journal.place(slice.last)? else {
            return Err(JournalError(format!("entry {} is gone while it is read", slice.last)));
        };
        let mut summaries = Vec::with_capacity(slice.closed.len());
        for id in &slice.closed {
            match Incident::read(&journal.stream(&id.0)?) {
                Ok(incident) => summaries.extend(incident.as_ref().and_then(Summary::of)),
                Err(error) => tracing::warn!(incident = %id, error, "a closed incident cannot be indexed"),
            }
        }
        let head = Head { position: slice.last, chain };
        let written = self.index.write(|file| {
            // Somebody else takes the same in: what they wrote stands.
            if mark(file)? != from {
                return Ok(());
            }
            summaries.iter().try_for_each(|summary| put(file, summary))?;
            slice.removed.iter().try_for_each(|removed| remove(file, removed))?;
            file.prepare_cached("UPDATE mark SET head = ?1 WHERE id = 0")?.execute([head.to_string()]).map(|_| ())
        });
        written.map_err(cannot)?;
        Ok(if more { CatchUp::More } else { CatchUp::End })
    }

    /// Puts summaries in, for measuring.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn put_all(&self, summaries: &[Summary]) -> Result<(), Error> {
        self.index.write(|file| summaries.iter().try_for_each(|summary| put(file, summary)))
    }

    /// The incidents that are most like one, of the useful ones the newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn similar(&self, incident: &Incident, question: &Question, now: Timestamp) -> Result<PastMatches, Error> {
        let keys = Keys::of(incident, question);
        let own = incident.id.clone();
        let reopened = Some(incident.opened_at);
        let found = self.index.read(PATIENCE, |file| {
            let mut found: Vec<(Similarity, i64)> = Vec::new();
            for (likeness, key) in &keys.all {
                // What somebody did something about says more than what went by itself.
                for (useful, most) in [(true, NEWEST), (false, 1)] {
                    for n in newest(file, keys::classed(*key, useful), most)? {
                        if !found.iter().any(|(_, known)| *known == n) {
                            found.push((*likeness, n));
                        }
                    }
                }
            }
            let mut similar = Vec::new();
            for (likeness, n) in found {
                similar.extend(one(file, n, likeness, &keys, reopened, now)?.filter(|past| past.incident != own));
            }
            Ok(similar)
        });
        let mut answer = match found {
            Ok(incidents) => PastMatches { incidents, late: false },
            Err(Error::Late) => PastMatches { incidents: Vec::new(), late: true },
            Err(error) => return Err(error),
        };
        if answer.incidents.is_empty() && !answer.late {
            for group in question.groups().iter().filter(|group| group.len() > 1) {
                let more = self.of_words(&all_of(group), SHOWN, now)?;
                answer.late |= more.late;
                answer.incidents.extend(more.incidents.into_iter().filter(|past| past.incident != own));
            }
        }
        let worth = |past: &SimilarIncident| {
            let told = !past.cause.is_empty() || !past.repairs.is_empty();
            (past.likeness, past.outcome != Outcome::Fixed, !told, std::cmp::Reverse(past.closed_at))
        };
        answer.incidents.sort_by_key(worth);
        answer.incidents.dedup_by(|a, b| a.incident == b.incident);
        answer.incidents.truncate(SHOWN);
        Ok(answer)
    }

    /// Incidents that hold all words of a text, newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn search(&self, text: &str, most: usize, now: Timestamp) -> Result<PastMatches, Error> {
        let words = asked_words(text);
        if words.is_empty() { Ok(PastMatches::default()) } else { self.of_words(&all_of(&words), most, now) }
    }

    /// From the newest back, so that what was found until the time is over is the newest.
    fn of_words(&self, query: &str, most: usize, now: Timestamp) -> Result<PastMatches, Error> {
        let mut found: Vec<i64> = Vec::new();
        let read = self.index.read(PATIENCE, |file| {
            let sql = "SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rowid DESC LIMIT ?2";
            let mut statement = file.prepare_cached(sql)?;
            let mut rows = statement.query(params![query, int(most)])?;
            while let Some(row) = rows.next()? {
                found.push(row.get(0)?);
            }
            Ok(())
        });
        let late = match read {
            Ok(()) => false,
            Err(Error::Late) => true,
            Err(error) => return Err(error),
        };
        let incidents = self.index.read(PATIENCE, |file| {
            let one = |n: &i64| one(file, *n, Similarity::Words, &Keys::default(), None, now).transpose();
            found.iter().filter_map(one).collect::<rusqlite::Result<Vec<SimilarIncident>>>()
        })?;
        Ok(PastMatches { incidents, late })
    }
}

/// What is read of the journal at once.
struct Slice {
    closed: Vec<IncidentId>,
    removed: Vec<Removed>,
    entries: usize,
    last: u64,
}

impl Slice {
    fn is_full(&self) -> bool {
        self.entries >= SLICE || self.closed.len() >= BATCH
    }

    fn take(&mut self, position: u64, sealed: &Sealed) {
        (self.entries, self.last) = (self.entries + 1, position);
        match Stream::of(&sealed.stream) {
            Stream::Host => {
                if let Ok(Control::Removed(removed)) = sealed.open::<Control>().map(|entry| entry.fact) {
                    self.removed.push(removed);
                }
                return;
            }
            Stream::Conversation => return,
            Stream::Incident => {}
        }
        // Few entries are worth reading: one an incident.
        if sealed.body.contains("\"kind\":\"closed\"")
            && sealed.open::<Fact>().is_ok_and(|entry| matches!(entry.fact, Fact::Closed { .. }))
        {
            self.closed.push(IncidentId(sealed.stream.as_str().into()));
        }
    }
}

fn newest(file: &Connection, key: i64, most: usize) -> rusqlite::Result<Vec<i64>> {
    let mut statement = file.prepare_cached("SELECT n FROM keys WHERE key = ?1 ORDER BY n DESC LIMIT ?2")?;
    statement.query_map([key, int(most)], |row| row.get(0))?.collect()
}

/// One incident, and whether it came back: as the next of the same alert and group, or as the one that is asked about.
fn one(
    file: &Connection,
    n: i64,
    likeness: Similarity,
    asking: &Keys,
    reopened: Option<Timestamp>,
    now: Timestamp,
) -> rusqlite::Result<Option<SimilarIncident>> {
    let sql = "SELECT id, opened, closed, outcome, title, cause, repairs, keys FROM incidents WHERE n = ?1";
    let mut statement = file.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        let (repairs, outcome): (String, String) = (row.get(6)?, row.get(3)?);
        let id: String = row.get(0)?;
        let at = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or_default();
        let similar = SimilarIncident {
            incident: IncidentId(id.into()),
            title: row.get(4)?,
            opened_at: at(row.get(1)?),
            closed_at: at(row.get(2)?),
            outcome: Outcome::ALL.into_iter().find(|of| of.as_str() == outcome).unwrap_or(Outcome::Error),
            likeness,
            cause: row.get(5)?,
            repairs: serde_json::from_str(&repairs).unwrap_or_default(),
            held: Recurrence::SoFar,
        };
        Ok((similar, row.get::<_, Vec<u8>>(7)?))
    };
    let Some((mut similar, packed)) = statement.query_row([n], read).optional()? else { return Ok(None) };
    // The first key is that of the same alert and group.
    let own = packed.as_chunks::<8>().0.first().map(|key| i64::from_le_bytes(*key));
    let mut again: Option<Timestamp> = None;
    for key in own.into_iter().flat_map(keys::both_classes) {
        let sql = "SELECT incidents.opened FROM keys JOIN incidents ON incidents.n = keys.n
                   WHERE keys.key = ?1 AND keys.n > ?2 ORDER BY keys.n LIMIT 1";
        let next: Option<i64> = file.prepare_cached(sql)?.query_row([key, n], |row| row.get(0)).optional()?;
        let next = next.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        again = [again, next].into_iter().flatten().min();
    }
    let asks_about_it = asking.all.iter().any(|(likeness, key)| {
        *likeness == Similarity::Same
            && own.is_some_and(|own| keys::both_classes(own).contains(&keys::classed(*key, true)))
    });
    if let Some(reopened) = reopened.filter(|at| asks_about_it && *at >= similar.opened_at) {
        again = Some(again.map_or(reopened, |again| again.min(reopened)));
    }
    similar.held = Recurrence::of(similar.closed_at, again, now);
    Ok(Some(similar))
}

#[cfg(test)]
mod tests;
