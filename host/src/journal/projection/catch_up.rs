//! Taking in what the journal has got.
//!
//! Entries that an incident holds already are skipped by their position in its stream, so that
//! taking an entry in twice changes nothing.

use std::collections::HashMap;
use std::sync::PoisonError;

use jiff::Timestamp;

use super::{Learned, Projection};
use crate::domain::control::{self, Control, Removed};
use crate::domain::{Entry, GateEvent, Head, Incident, IncidentId, Place, Sealed};
use crate::ports::{Journal, JournalError};

/// Entries that are taken in with one transaction.
const BATCH: usize = 4096;

impl Projection {
    /// Takes in everything behind the position taken in last; the new position. When the journal is
    /// not the one that this was derived from, everything is derived anew.
    ///
    /// # Errors
    /// When the journal cannot be read or this file not written. What was taken in so far stays.
    pub fn catch_up(&self, journal: &dyn Journal) -> Result<u64, JournalError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = self.mark()?;
        if journal.place(mark.position)? != Place::Entry(mark.chain) {
            tracing::warn!("the projection belongs to another journal and is derived anew");
            self.wipe()?;
            return self.take(journal, 0);
        }
        self.take(journal, mark.position)
    }

    /// Derives everything anew.
    ///
    /// # Errors
    /// As [`Projection::catch_up`].
    pub fn rebuild(&self, journal: &dyn Journal) -> Result<u64, JournalError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.wipe()?;
        self.take(journal, 0)
    }

    fn take(&self, journal: &dyn Journal, after: u64) -> Result<u64, JournalError> {
        let mut batch = Batch { seq: after, ..Batch::default() };
        journal.replay(after, &mut |seq, sealed| {
            batch.take(self, seq, sealed)?;
            if batch.entries >= BATCH { batch.flush(self, journal) } else { Ok(()) }
        })?;
        batch.flush(self, journal)?;
        Ok(batch.seq)
    }
}

#[derive(Default)]
struct Batch {
    seq: u64,
    entries: usize,
    changed: HashMap<String, Incident>,
    gate_events: Vec<Learned>,
    removed: Vec<Removed>,
}

impl Batch {
    fn take(&mut self, projection: &Projection, seq: u64, sealed: Sealed) -> Result<(), JournalError> {
        self.entries += 1;
        self.seq = seq;
        if sealed.stream == control::STREAM {
            if let Ok(order) = sealed.open::<Control>() {
                if let Control::Removed(removed) = &order.fact {
                    self.removed.push(removed.clone());
                }
                self.learn(seq, order.at, GateEvent::of_order(&order.fact));
            }
            return Ok(());
        }
        let entry: Entry = sealed.open().map_err(|error| {
            let Sealed { stream, n, .. } = &sealed;
            JournalError(format!("position {n} of {stream} is no entry that this program knows: {error}"))
        })?;
        let id = IncidentId(sealed.stream.clone());
        let known = match self.changed.remove(&sealed.stream) {
            Some(incident) => Some(incident),
            None if sealed.n == 1 => None,
            None => projection.get(&id)?,
        };
        let incident = match known {
            Some(incident) if incident.version >= sealed.n => Some(incident),
            Some(mut incident) => {
                incident.apply(&entry);
                incident.version = sealed.n;
                Some(incident)
            }
            None => Incident::open(id, &entry).map(|incident| Incident { version: sealed.n, ..incident }),
        };
        match incident {
            Some(incident) => {
                self.learn(seq, entry.at, GateEvent::of(&incident, &entry.fact));
                self.changed.insert(sealed.stream, incident);
            }
            // `verify` says what is missing; a listing goes on without it.
            None => tracing::warn!(stream = sealed.stream, n = sealed.n, "an entry belongs to no incident"),
        }
        Ok(())
    }

    fn learn(&mut self, seq: u64, at: Timestamp, gate_event: Option<GateEvent>) {
        self.gate_events.extend(gate_event.map(|gate_event| Learned { seq, at, gate_event }));
    }

    fn flush(&mut self, projection: &Projection, journal: &dyn Journal) -> Result<(), JournalError> {
        if self.entries == 0 {
            return Ok(());
        }
        let incidents: Vec<Incident> = self.changed.drain().map(|(_, incident)| incident).collect();
        let Place::Entry(chain) = journal.place(self.seq)? else {
            return Err(JournalError(format!("entry {} is gone while it is read", self.seq)));
        };
        projection.put(Head { position: self.seq, chain }, &incidents, &self.gate_events, &self.removed)?;
        self.entries = 0;
        self.gate_events.clear();
        self.removed.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
