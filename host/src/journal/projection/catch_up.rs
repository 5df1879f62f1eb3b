//! Taking in what the journal has got.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::conversations::ConversationChange;
use super::loss::{LostEntries, last, lost};
use super::{GateLesson, Projection};
use crate::domain::control::{Control, Removed};
use crate::domain::incident::opened;
use crate::domain::{GateEvent, Head, Incident, Sealed, Slot, Stream, conversation};
use crate::journal::error::Error;
use crate::ports::{Journal, JournalError};

/// Entries that are taken in with one transaction.
const BATCH: usize = 6144;
/// Unsettled incidents that are kept between two transactions; others are read from the journal.
const KEPT: usize = 4096;

/// Why the projection does not stand where the journal does.
#[derive(Debug, thiserror::Error)]
pub enum CatchUpError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The projection's file cannot be used; nothing is lost by that.
    #[error(transparent)]
    Projection(#[from] Error),
    /// The journal lacks what the projection has seen. The projection stays as it is.
    #[error("{0}")]
    Lost(LostEntries),
}

impl From<CatchUpError> for JournalError {
    fn from(error: CatchUpError) -> Self {
        Self(error.to_string())
    }
}

impl Projection {
    /// Takes in everything behind the position taken in last; the new position. A damaged file is made
    /// new and everything derived anew.
    ///
    /// # Errors
    /// When the journal cannot be read, this file not written, or the journal is not the one that this
    /// was derived from. What was taken in so far stays.
    pub fn catch_up(&self, journal: &dyn Journal) -> Result<u64, CatchUpError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mended = false;
        loop {
            self.mend()?;
            match self.follow(journal) {
                // Once: a disk that damages everything is not helped by trying again and again.
                Err(error) if self.is_damaged() && !mended => {
                    mended = true;
                    tracing::warn!(%error, "the listing could not follow the journal");
                }
                Ok(None) => {}
                Ok(Some(position)) => {
                    self.derived.store(true, Ordering::Relaxed);
                    return Ok(position);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// None when somebody else moves the mark at the same time.
    fn follow(&self, journal: &dyn Journal) -> Result<Option<u64>, CatchUpError> {
        let mark = self.mark()?;
        if let Some(lost) = lost(journal, mark)? {
            return Err(CatchUpError::Lost(lost));
        }
        let applied = mark.position;
        if !self.is_writable() {
            let position = last(journal)?;
            if position > applied {
                let missing = position - applied;
                tracing::warn!("the listing cannot be written: the newest {missing} entries are not in it");
            }
            return Ok(Some(applied));
        }
        self.reached.store(applied, Ordering::Relaxed);
        if self.deriving().is_some() {
            self.goal.store(last(journal)?, Ordering::Relaxed);
        }
        let mut batch = Batch::behind(applied, self, journal);
        let mut failed = None;
        let replayed = journal.replay(applied, &mut |seq, sealed| {
            let taken = batch.take(seq, sealed).and_then(|()| batch.flush_if(BATCH));
            taken.map_err(|error| {
                let said = JournalError(error.to_string());
                failed = Some(error);
                said
            })
        });
        match failed {
            Some(Halt::Moved) => return Ok(None),
            Some(Halt::Failed(error)) => return Err(error),
            None => replayed?,
        }
        match batch.flush_if(1) {
            Ok(()) => Ok(Some(batch.from)),
            Err(Halt::Moved) => Ok(None),
            Err(Halt::Failed(error)) => Err(error),
        }
    }
}

/// Why a catching up goes no further.
#[derive(Debug, thiserror::Error)]
enum Halt {
    /// Somebody else takes entries in.
    #[error("somebody else takes entries in")]
    Moved,
    #[error(transparent)]
    Failed(#[from] CatchUpError),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Self {
        Self::Failed(error.into())
    }
}

struct Batch<'a> {
    projection: &'a Projection,
    journal: &'a dyn Journal,
    /// What is written.
    from: u64,
    /// What is taken in.
    seq: u64,
    entries: usize,
    changed: HashMap<String, Incident>,
    kept: HashMap<String, Incident>,
    gate_events: Vec<GateLesson>,
    removed: Vec<Removed>,
    talked: Vec<ConversationChange>,
}

impl<'a> Batch<'a> {
    fn behind(applied: u64, projection: &'a Projection, journal: &'a dyn Journal) -> Self {
        Self {
            projection,
            journal,
            from: applied,
            seq: applied,
            entries: 0,
            changed: HashMap::new(),
            kept: HashMap::new(),
            gate_events: Vec::new(),
            removed: Vec::new(),
            talked: Vec::new(),
        }
    }

    fn take(&mut self, seq: u64, sealed: Sealed) -> Result<(), Halt> {
        self.entries += 1;
        self.seq = seq;
        match Stream::of(&sealed.stream) {
            Stream::Host => {
                if let Ok(order) = sealed.open::<Control>() {
                    if let Control::Removed(removed) = &order.fact {
                        self.removed.push(removed.clone());
                    }
                    self.learn(seq, order.at, GateEvent::of_order(&order.fact));
                }
            }
            Stream::Conversation => {
                let entry = conversation::opened(&sealed).map_err(JournalError)?;
                self.talked.push(ConversationChange::of(&sealed.stream, &entry));
            }
            Stream::Incident => self.take_of_incident(seq, sealed)?,
        }
        Ok(())
    }

    fn take_of_incident(&mut self, seq: u64, sealed: Sealed) -> Result<(), Halt> {
        let entry = opened(&sealed).map_err(JournalError)?;
        let known = self.known(&sealed)?;
        match Incident::after(known, &sealed, &entry) {
            Some(incident) => {
                self.learn(seq, entry.at, GateEvent::of(&incident, &entry.fact));
                self.changed.insert(sealed.stream, incident);
            }
            // `verify` says what is missing; a listing goes on without it.
            None => tracing::warn!(stream = sealed.stream, n = sealed.n, "an entry belongs to no incident"),
        }
        Ok(())
    }

    /// The incident as it stands before an entry.
    fn known(&mut self, sealed: &Sealed) -> Result<Option<Incident>, JournalError> {
        if let Some(incident) = self.changed.remove(&sealed.stream).or_else(|| self.kept.remove(&sealed.stream)) {
            return Ok(Some(incident));
        }
        if sealed.n == 1 {
            return Ok(None);
        }
        let mut stream = self.journal.stream(&sealed.stream)?;
        stream.retain(|before| before.n < sealed.n);
        Incident::read(&stream).map_err(JournalError)
    }

    fn learn(&mut self, seq: u64, at: Timestamp, gate_event: Option<GateEvent>) {
        self.gate_events.extend(gate_event.map(|gate_event| GateLesson { seq, at, gate_event }));
    }

    /// Writes what was taken in, once it is so many entries.
    fn flush_if(&mut self, entries: usize) -> Result<(), Halt> {
        if self.entries < entries {
            return Ok(());
        }
        let Slot::Entry(chain) = self.journal.place(self.seq)? else {
            return Err(JournalError(format!("entry {} is gone while it is read", self.seq)).into());
        };
        // In the order of their ids, so that pages are filled one behind the other.
        let mut incidents: Vec<&Incident> = self.changed.values().collect();
        incidents.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        if !self.projection.put(
            self.from,
            Head { position: self.seq, chain },
            incidents.into_iter(),
            &self.gate_events,
            &self.removed,
            &self.talked,
        )? {
            return Err(Halt::Moved);
        }
        self.projection.reached.store(self.seq, Ordering::Relaxed);
        self.from = self.seq;
        self.entries = 0;
        self.gate_events.clear();
        let changed = self.changed.drain().filter(|(_, incident)| !incident.settled());
        if self.kept.len() < KEPT {
            self.kept.extend(changed);
        } else {
            self.kept = changed.collect();
        }
        self.removed.clear();
        self.talked.clear();
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
