//! Reads entries and whole incidents back from a journal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::control::Control;
use crate::domain::{Entry, GateEvent, Incident, IncidentId, Sealed, Stream};
use crate::ports::{Journal, JournalError};

/// Reads entries back.
///
/// # Errors
/// Names the entry that this version cannot read.
pub fn open_all(sealed: &[Sealed]) -> Result<Vec<Entry>, JournalError> {
    let open = |sealed: &Sealed| {
        sealed
            .open()
            .map_err(|error| JournalError(format!("entry {} of {} cannot be read: {error}", sealed.n, sealed.stream)))
    };
    sealed.iter().map(open).collect()
}

/// A whole journal read back.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Every incident as it stands.
    pub incidents: BTreeMap<IncidentId, Incident>,
    /// What the gate has to learn, in order.
    pub gate_events: Vec<(Timestamp, GateEvent)>,
}

/// Incidents and gate events rebuilt from a whole journal, for journals without a projection.
///
/// # Errors
/// When the journal cannot be read.
pub fn replay(journal: &dyn Journal) -> Result<Replayed, JournalError> {
    let mut replayed = Replayed::default();
    let Replayed { incidents, gate_events } = &mut replayed;
    journal.replay(0, &mut |_, sealed| {
        match Stream::of(&sealed.stream) {
            Stream::Host => {
                let order = sealed.open::<Control>().ok();
                gate_events.extend(order.and_then(|order| Some((order.at, GateEvent::of_order(&order.fact)?))));
                return Ok(());
            }
            Stream::Conversation => return Ok(()),
            Stream::Incident => {}
        }
        let entry: Entry =
            sealed.open().map_err(|error| JournalError(format!("entry {} of {}: {error}", sealed.n, sealed.stream)))?;
        let id = IncidentId(sealed.stream.as_str().into());
        if let Some(incident) = Incident::after(incidents.remove(&id), &sealed, &entry) {
            gate_events.extend(GateEvent::of(&incident, &entry.fact).map(|gate_event| (entry.at, gate_event)));
            incidents.insert(id, incident);
        }
        Ok(())
    })?;
    Ok(replayed)
}
