//! Brings an incident back to which nothing more was to happen, because something has to after all.

use std::sync::Arc;

use super::{Store, open_all};
use crate::domain::{Incident, IncidentId};
use crate::ports::JournalError;

impl Store {
    /// The live incident, or one that is read back from the journal and looked after again; none when
    /// the journal knows none of that name. Something must be appended to it before it is looked at,
    /// or it is forgotten again.
    ///
    /// # Errors
    /// When the journal cannot be read, or takes nothing.
    pub fn reopen(&self, id: &IncidentId) -> Result<Option<Arc<Incident>>, JournalError> {
        if let Some(incident) = self.get(id) {
            return Ok(Some(incident));
        }
        let sealed = self.journal.stream(&id.0)?;
        let entries = open_all(&sealed)?;
        let Some(mut incident) = entries.first().and_then(|first| Incident::open(id.clone(), first)) else {
            return Ok(None);
        };
        entries.iter().skip(1).for_each(|entry| incident.apply(entry));
        if let Some(last) = sealed.last() {
            incident.version = last.n;
        }
        let mut live = self.live();
        self.whole()?;
        let incident = live.incidents.entry(id.clone()).or_insert_with(|| Arc::new(incident));
        Ok(Some(Arc::clone(incident)))
    }
}
