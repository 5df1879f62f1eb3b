//! What listings tell of conversations, when anything last happened in each, and whether it is over.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::Projection;
use crate::domain::control::Removed;
use crate::domain::conversation::{self, Change, Summary};
use crate::domain::{ConversationId, Entry, Person};
use crate::journal::error::Error;
use crate::journal::retention::OF_CONVERSATIONS;

/// What an entry changes in a conversation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ConversationChange {
    id: String,
    change: Change,
}

impl ConversationChange {
    pub fn of(stream: &str, entry: &Entry<conversation::Fact>) -> Self {
        Self { id: stream.to_string(), change: Change::from(entry) }
    }
}

pub(super) fn put(transaction: &Transaction<'_>, talked: &ConversationChange) -> rusqlite::Result<()> {
    let sql = "SELECT summary FROM conversations WHERE id = ?1";
    let known = transaction.prepare_cached(sql)?.query_row([&talked.id], |row| summary(row, 0)).optional()?;
    let Some(summary) = Summary::after(known, &talked.change) else {
        // `verify` says what is missing; a listing goes on without it.
        tracing::warn!(stream = talked.id, "an entry belongs to no conversation");
        return Ok(());
    };
    let text =
        serde_json::to_string(&summary).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let row = params![talked.id, summary.updated_at.as_microsecond(), summary.closed, summary.person.key(), text];
    let sql = "INSERT OR REPLACE INTO conversations VALUES (?1, ?2, ?3, ?4, ?5)";
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
    /// The newest conversations that began before the one named, newest first: of everybody, or of one person.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn conversations(
        &self,
        of: Option<&Person>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(ConversationId, Summary)>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let listed = |row: &rusqlite::Row<'_>| Ok((id(row)?, summary(row, 1)?));
        self.read(|connection| match of {
            Some(person) => {
                let sql = "SELECT id, summary FROM conversations WHERE person = ?3 AND (?1 IS NULL OR id < ?1)
                           ORDER BY id DESC LIMIT ?2";
                let mut statement = connection.prepare_cached(sql)?;
                statement.query_map(params![before, limit, person.key()], listed)?.collect()
            }
            None => {
                let sql = "SELECT id, summary FROM conversations WHERE ?1 IS NULL OR id < ?1
                           ORDER BY id DESC LIMIT ?2";
                let mut statement = connection.prepare_cached(sql)?;
                statement.query_map(params![before, limit], listed)?.collect()
            }
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

fn summary(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Summary> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::domain::Sealed;
    use crate::domain::conversation::Fact;
    use crate::domain::person::{Proof, Proven};
    use crate::journal::Memory;
    use crate::journal::sqlite::tests::Place;
    use crate::ports::Journal;

    #[test]
    fn everybodys_conversations_are_listed_and_each_ones_own() {
        let (place, journal) = (Place::new("conversations"), Memory::new());
        let proven = Person::from(Proven::new("ada", Proof::Password, Default::default()).unwrap());
        let sealed = |id: &str, n: u64, fact: Fact| {
            let entry = Entry { at: Timestamp::from_second(i64::try_from(n).unwrap()).unwrap(), fact };
            Sealed::new(id, n, &entry).unwrap()
        };
        let began = |id: &str, person: &Person| sealed(id, 1, Fact::Began { person: person.clone(), incident: None });
        let entries = vec![
            began("chat-1", &Person::typed("ada")),
            began("chat-2", &Person::typed("bob")),
            began("chat-3", &proven),
            sealed("chat-1", 2, Fact::Asked { person: Person::typed("ada"), text: "why?\nplease".into() }),
            sealed("chat-2", 2, Fact::Closed { reason: "old".into() }),
        ];
        journal.append(entries).now_or_never().unwrap().unwrap();
        let projection = Projection::open(&place.0.join("projection.db")).unwrap();
        projection.catch_up(&journal).unwrap();
        let listed = |of: Option<&Person>, before: Option<&str>, limit| {
            let all = projection.conversations(of, before, limit).unwrap();
            all.into_iter().map(|(id, summary)| summary.view(&id, false)).collect::<Vec<_>>()
        };
        let ids = |of: Option<&Person>, before: Option<&str>, limit| {
            listed(of, before, limit).into_iter().map(|view| view.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(None, None, 9), ["chat-3", "chat-2", "chat-1"]);
        assert_eq!(ids(None, Some("chat-3"), 1), ["chat-2"]);
        assert_eq!(ids(Some(&Person::typed(" ADA")), None, 1), ["chat-1"]);
        assert_eq!(ids(Some(&proven), None, 9), ["chat-3"], "a typed name is no proven person");
        assert_eq!(ids(Some(&Person::typed("eve")), None, 9), Vec::<String>::new());
        let one = listed(Some(&Person::typed("ada")), None, 1).remove(0);
        assert_eq!((one.title.as_str(), one.person.as_str()), ("why?", "ada (unproven)"));
        assert_eq!(projection.idle_conversations(Timestamp::from_second(9).unwrap()).unwrap().len(), 2);
    }
}
