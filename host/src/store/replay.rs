//! Reads entries and whole incidents back from a journal.

use std::collections::BTreeMap;

use crate::domain::control;
use crate::domain::incident::Chain;
use crate::domain::{Entry, Incident, IncidentId, Sealed};
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

/// Incidents rebuilt from a whole journal, for journals without a projection.
///
/// # Errors
/// When the journal cannot be read.
pub fn replay(journal: &dyn Journal) -> Result<BTreeMap<IncidentId, Incident>, JournalError> {
    let mut incidents: BTreeMap<IncidentId, Incident> = BTreeMap::new();
    journal.replay(0, &mut |_, sealed| {
        if sealed.stream == control::STREAM {
            return Ok(());
        }
        let entry: Entry =
            sealed.open().map_err(|error| JournalError(format!("entry {} of {}: {error}", sealed.n, sealed.stream)))?;
        let id = IncidentId(sealed.stream.clone());
        let chain = Chain { n: sealed.n, hash: sealed.hash.clone() };
        match incidents.get_mut(&id) {
            Some(incident) => incident.apply(&entry),
            None => {
                if let Some(incident) = Incident::open(id.clone(), &entry) {
                    incidents.insert(id.clone(), incident);
                }
            }
        }
        if let Some(incident) = incidents.get_mut(&id) {
            incident.chain = chain;
        }
        Ok(())
    })?;
    Ok(incidents)
}
