//! Conversations of a started host: how they are listed, shown and closed.

use std::sync::Arc;
use std::time::Duration;

use super::live_records::LiveRecords;
use crate::chat::Chat;
use crate::domain::conversation::{Conversation, ConversationView};
use crate::domain::{Person, Stream};
use crate::ports::{Clock, Journal};

/// How often it is looked for conversations in which nothing happens any more.
const EVERY: Duration = Duration::from_secs(3600);

/// The newest conversations, without their questions: of everybody, or of one person.
pub fn list(
    records: &LiveRecords,
    chat: &Chat,
    of: Option<&Person>,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<ConversationView>, String> {
    // One that has just begun stands in the listing when that has followed the journal.
    records.projection.catch_up(records.journal.as_ref()).map_err(|error| error.to_string())?;
    let listed = records.projection.conversations(of, before, limit).map_err(|error| error.to_string())?;
    Ok(listed.into_iter().map(|(id, summary)| summary.view(&id, chat.is_answering(&id))).collect())
}

/// A conversation.
pub fn one(journal: &dyn Journal, chat: &Chat, id: &str) -> Result<Option<ConversationView>, String> {
    let stream = match Stream::of(id) {
        Stream::Conversation => journal.stream(id).map_err(|error| error.to_string())?,
        Stream::Host | Stream::Incident => return Ok(None),
    };
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
