//! Conversations of a started host: what they know of its record, and how they are listed.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{knowledge, records};
use crate::backend::{Cancellation, Filter, Records};
use crate::chat::{Chat, Memory};
use crate::domain::conversation::{Conversation, ConversationView};
use crate::domain::knowledge::{Found, Knowledge};
use crate::domain::{ConversationId, Incident, IncidentId};
use crate::journal::{Projection, Sqlite};
use crate::knowledge::Library;
use crate::ports::{Clock, Journal, Story};
use crate::store::Store;

/// How often it is looked for conversations in which nothing happens any more.
const EVERY: Duration = Duration::from_secs(3600);

/// The record of a host, live incidents included.
pub struct LiveRecords {
    pub store: Arc<Store>,
    pub journal: Arc<Sqlite>,
    pub projection: Arc<Projection>,
    pub library: Arc<Library>,
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

    fn story(&self, id: &str) -> Result<Option<Story>, String> {
        records::story(self.journal.as_ref(), &IncidentId(id.into()))
    }

    fn search(&self, text: &str, most: usize) -> Result<Found, String> {
        Ok(knowledge::search(&self.library, text, most))
    }

    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String> {
        knowledge::about(&self.library, self, id)
    }
}

impl Memory for LiveRecords {
    fn incidents(&self, state: Option<&str>, outcome: Option<&str>, limit: usize) -> Result<Vec<Incident>, String> {
        let filter =
            Filter { state: word("state", state)?, outcome: word("outcome", outcome)?, limit, ..Filter::default() };
        self.list(&filter, &Cancellation::default())
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, String> {
        Records::incident(self, id)
    }

    fn search(&self, text: &str, most: usize) -> Result<Found, String> {
        Records::search(self, text, most)
    }

    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String> {
        Records::known_about(self, id)
    }

    fn idle(&self, since: Timestamp) -> Result<Vec<ConversationId>, String> {
        self.projection.idle_conversations(since).map_err(|error| error.to_string())
    }
}

/// One of the words of a listing.
fn word<T: for<'de> serde::Deserialize<'de>>(what: &str, word: Option<&str>) -> Result<Option<T>, String> {
    let read = |word: &str| serde_json::from_value(word.into()).map_err(|_| format!("there is no {what} {word}"));
    word.filter(|word| !word.is_empty()).map(read).transpose()
}

/// The newest conversations, without their questions.
pub fn list(
    journal: &dyn Journal,
    projection: &Projection,
    chat: &Chat,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<ConversationView>, String> {
    // One that has just begun stands in the listing when that has followed the journal.
    projection.catch_up(journal).map_err(|error| error.to_string())?;
    let ids = projection.conversations(before, limit).map_err(|error| error.to_string())?;
    let views = ids.iter().map(|id| one(journal, chat, &id.0).map(|view| view.map(ConversationView::listed)));
    views.filter_map(Result::transpose).collect()
}

/// A conversation.
pub fn one(journal: &dyn Journal, chat: &Chat, id: &str) -> Result<Option<ConversationView>, String> {
    if !id.starts_with(crate::domain::conversation::PREFIX) {
        return Ok(None);
    }
    let stream = journal.stream(id).map_err(|error| error.to_string())?;
    let conversation = Conversation::read(&stream)?;
    Ok(conversation.map(|known| ConversationView::new(&known, chat.is_answering(&known.id))))
}

/// Closes conversations in which nothing happens any more, again and again.
pub async fn close_idle(chat: Arc<Chat>, clock: Arc<dyn Clock>) {
    loop {
        chat.close_idle(clock.now()).await;
        tokio::time::sleep(EVERY).await;
    }
}
