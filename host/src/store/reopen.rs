//! Brings an incident back to which nothing more was to happen, because something has to after all.

use std::sync::Arc;

use super::Store;
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
        let Some(incident) = Incident::read(&self.journal.stream(&id.0)?).map_err(JournalError)? else {
            return Ok(None);
        };
        let mut live = self.live();
        self.whole()?;
        let incident = Arc::clone(live.incidents.entry(id.clone()).or_insert_with(|| Arc::new(incident)));
        live.listing.note(&incident);
        Ok(Some(incident))
    }
}
