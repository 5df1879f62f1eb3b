//! Which conversations there are, when anything last happened in each, and whether it is over.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::Projection;
use crate::domain::control::Removed;
use crate::domain::{ConversationId, Entry, conversation};
use crate::journal::error::Error;
use crate::journal::retention::OF_CONVERSATIONS;

/// Where a conversation stands behind its last entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Talked {
    id: String,
    at: Timestamp,
    closed: bool,
}

impl Talked {
    pub fn of(stream: &str, entry: &Entry<conversation::Fact>) -> Self {
        let closed = matches!(entry.fact, conversation::Fact::Closed { .. });
        Self { id: stream.to_string(), at: entry.at, closed }
    }
}

pub(super) fn put(transaction: &Transaction<'_>, talked: &Talked) -> rusqlite::Result<()> {
    let sql = "INSERT INTO conversations VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET
               updated_at = excluded.updated_at, closed = closed OR excluded.closed";
    let row = params![talked.id, talked.at.as_microsecond(), talked.closed];
    transaction.prepare_cached(sql)?.execute(row).map(|_| ())
}

/// Forgets the closed conversations that a removal names.
pub(super) fn forget(connection: &Connection, removed: &Removed) -> rusqlite::Result<()> {
    if !removed.outcomes.is_empty() && !removed.outcomes.contains(&OF_CONVERSATIONS) {
        return Ok(());
    }
    let before = removed.before.as_microsecond();
    connection.prepare_cached("DELETE FROM conversations WHERE closed AND updated_at < ?1")?.execute([before])?;
    Ok(())
}

impl Projection {
    /// The newest conversations that began before the one named, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn conversations(&self, before: Option<&str>, limit: usize) -> Result<Vec<ConversationId>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|connection| {
            let sql = "SELECT id FROM conversations WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![before, limit], id)?;
            rows.collect()
        })
    }

    /// Conversations in which anything happened since then.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn conversations_since(&self, since: Timestamp) -> Result<Vec<ConversationId>, Error> {
        self.read(|connection| {
            let sql = "SELECT id FROM conversations WHERE updated_at >= ?1 ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([since.as_microsecond()], id)?;
            rows.collect()
        })
    }

    /// Conversations that are not closed and in which nothing happened since then, some of them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn idle_conversations(&self, since: Timestamp) -> Result<Vec<ConversationId>, Error> {
        self.read(|connection| {
            let sql = "SELECT id FROM conversations WHERE NOT closed AND updated_at < ?1 ORDER BY id LIMIT 1000";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([since.as_microsecond()], id)?;
            rows.collect()
        })
    }
}

fn id(row: &rusqlite::Row<'_>) -> rusqlite::Result<ConversationId> {
    row.get::<_, String>(0).map(|id| ConversationId(id.into()))
}
