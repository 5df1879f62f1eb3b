//! What a started host knows of its record, live incidents included: for its API and for conversations alike.

use std::sync::Arc;

use jiff::Timestamp;

use super::{knowledge, records};
use crate::backend::{Cancellation, Filter, Records};
use crate::chat::HostRecord;
use crate::domain::knowledge::{Knowledge, SearchResults};
use crate::domain::{ConversationId, Incident, IncidentId};
use crate::journal::{Projection, Sqlite};
use crate::knowledge::IndexedKnowledge;
use crate::ports::IncidentRecord;
use crate::store::Store;

/// The record of a host.
pub struct LiveRecords {
    pub store: Arc<Store>,
    pub journal: Arc<Sqlite>,
    pub projection: Arc<Projection>,
    pub library: Arc<IndexedKnowledge>,
}

impl LiveRecords {
    /// What the journal has, where nothing is live yet.
    pub fn stored(&self, filter: &Filter, cancellation: &Cancellation) -> Result<Vec<Incident>, String> {
        records::list(self.journal.as_ref(), &self.projection, None, filter, cancellation)
    }
}

impl Records for LiveRecords {
    fn list(&self, filter: &Filter, cancellation: &Cancellation) -> Result<Vec<Incident>, String> {
        records::list(self.journal.as_ref(), &self.projection, Some(&self.store), filter, cancellation)
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, String> {
        let id = IncidentId(id.into());
        match self.store.get(&id) {
            Some(incident) => Ok(Some((*incident).clone())),
            None => records::incident(self.journal.as_ref(), &id),
        }
    }

    fn story(&self, id: &str) -> Result<Option<IncidentRecord>, String> {
        let id = IncidentId(id.into());
        let story = records::story(self.journal.as_ref(), &id)?;
        let fresher = |story| match self.store.get(&id) {
            Some(incident) => IncidentRecord { incident: (*incident).clone(), ..story },
            None => story,
        };
        Ok(story.map(fresher))
    }

    fn search(&self, text: &str, most: usize) -> Result<SearchResults, String> {
        Ok(knowledge::search(&self.library, text, most))
    }

    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String> {
        knowledge::knowledge_for(&self.library, self, id)
    }
}

impl HostRecord for LiveRecords {
    fn idle(&self, since: Timestamp) -> Result<Vec<ConversationId>, String> {
        self.projection.idle_conversations(since).map_err(|error| error.to_string())
    }
}
