//! The tables of the projection, their format, and how rows get into them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::texts::TextIds;
use super::{GateLesson, undelivered};
use crate::domain::history::{REMEMBERED, fixes};
use crate::domain::listing::Facets;
use crate::domain::{GateEvent, Head, Incident};
use crate::journal::rows::int;

/// The format: another number makes the file new. It changes with the tables and with what is put
/// into them; `the_format_has_a_number` notices when it should.
pub(super) const FORMAT: i64 = 9;

/// Marks the file as ours: `tidp`.
pub(super) const APPLICATION: i64 = 0x7469_6470;

pub(super) const TABLES: &str = "
    CREATE TABLE mark (id INTEGER PRIMARY KEY CHECK (id = 0), head TEXT NOT NULL);
    CREATE TABLE texts (id INTEGER PRIMARY KEY, digest INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE INDEX texts_by_digest ON texts (digest);
    CREATE TABLE facets (
        id INTEGER PRIMARY KEY,
        unsettled INTEGER NOT NULL,
        state TEXT NOT NULL,
        outcome TEXT,
        severity TEXT NOT NULL,
        source TEXT NOT NULL,
        rule TEXT
    );
    CREATE TABLE incidents (
        id TEXT PRIMARY KEY,
        opened_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        facets INTEGER NOT NULL,
        group_key INTEGER NOT NULL,
        name INTEGER NOT NULL,
        rerun INTEGER NOT NULL,
        fixes TEXT
    ) WITHOUT ROWID;
    CREATE INDEX incidents_by_facets ON incidents (facets, id);
    CREATE TABLE asked (id TEXT PRIMARY KEY, updated_at INTEGER NOT NULL, calls INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX asked_by_time ON asked (updated_at);
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY,
        updated_at INTEGER NOT NULL,
        closed INTEGER NOT NULL,
        person TEXT NOT NULL,
        summary TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX conversations_by_time ON conversations (updated_at);
    CREATE INDEX conversations_by_person ON conversations (person, id);
    CREATE TABLE undelivered (incident TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE gate_events (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        spent INTEGER NOT NULL,
        gate_event TEXT NOT NULL
    );
    CREATE INDEX gate_events_spent ON gate_events (at) WHERE spent;
    CREATE INDEX gate_events_unforgotten ON gate_events (seq) WHERE NOT spent;
";

/// Pages that are given back to the disk with one batch.
const VACUUMED: i64 = 1000;

/// Makes the tables in an empty file.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    // Before the first table, or it has no effect.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO mark VALUES (0, ?1)", [Head::default().to_string()])?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// The head of the journal up to which it was taken in.
pub(super) fn mark(connection: &Connection) -> rusqlite::Result<Head> {
    let mut statement = connection.prepare_cached("SELECT head FROM mark WHERE id = 0")?;
    let head: String = statement.query_row([], |row| row.get(0))?;
    head.parse().map_err(|_| rusqlite::Error::InvalidColumnType(0, "head".into(), rusqlite::types::Type::Text))
}

/// Numbers of rows that are in the file, so that they need not be looked up again.
#[derive(Debug, Default)]
pub(super) struct RowIds {
    texts: TextIds,
    facets: HashMap<Facets, i64>,
}

impl RowIds {
    /// Puts an incident in as it stands.
    pub fn put(&mut self, transaction: &Transaction<'_>, incident: &Incident) -> rusqlite::Result<()> {
        let facets = self.facets(transaction, incident)?;
        let group_key = self.texts.number(transaction, &incident.group_key)?;
        let name = incident.alerts.first().map_or("", |alert| alert.name.as_str());
        let name = self.texts.number(transaction, name)?;
        let fixes = fixes(incident);
        let fixes = if fixes.is_empty() { None } else { Some(json(&fixes)?) };
        let sql = "INSERT INTO incidents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE SET
                   updated_at = excluded.updated_at, facets = excluded.facets, name = excluded.name,
                   rerun = excluded.rerun, fixes = excluded.fixes";
        let mut statement = transaction.prepare_cached(sql)?;
        let times = (incident.opened_at.as_microsecond(), incident.updated_at.as_microsecond());
        let rerun = incident.is_rerun();
        statement.execute(params![incident.id.0, times.0, times.1, facets, group_key, name, rerun, fixes])?;
        undelivered::put(transaction, incident)?;
        if incident.model.calls > 0 || !incident.model.turns.is_empty() {
            let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO asked VALUES (?1, ?2, ?3)")?;
            let (updated_at, calls) = (incident.updated_at.as_microsecond(), int(incident.model.calls));
            statement.execute(params![incident.id.0, updated_at, calls])?;
        }
        Ok(())
    }

    fn facets(&mut self, transaction: &Transaction<'_>, incident: &Incident) -> rusqlite::Result<i64> {
        let facets = Facets::of(incident);
        if let Some(number) = self.facets.get(&facets) {
            return Ok(*number);
        }
        let row = params![
            facets.unsettled,
            facets.state.as_str(),
            facets.outcome.map(|outcome| outcome.as_str()),
            facets.severity.as_str(),
            facets.source,
            facets.rule,
        ];
        let sql = "SELECT id FROM facets WHERE unsettled = ?1 AND state = ?2 AND outcome IS ?3 AND severity = ?4
                   AND source = ?5 AND rule IS ?6";
        let known = transaction.prepare_cached(sql)?.query_row(row, |row| row.get(0)).optional()?;
        let number = match known {
            Some(number) => number,
            None => {
                let sql = "INSERT INTO facets (unsettled, state, outcome, severity, source, rule)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                transaction.prepare_cached(sql)?.execute(row)?;
                transaction.last_insert_rowid()
            }
        };
        self.facets.insert(facets, number);
        Ok(number)
    }
}

/// Puts in what an entry teaches the gate.
pub(super) fn put_learned(transaction: &Transaction<'_>, learned: &GateLesson) -> rusqlite::Result<()> {
    let gate_event = json(&learned.gate_event)?;
    let spent = matches!(learned.gate_event, GateEvent::Begun { .. });
    let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO gate_events VALUES (?1, ?2, ?3, ?4)")?;
    statement.execute((int(learned.seq), learned.at.as_microsecond(), spent, gate_event)).map(|_| ())
}

/// Removes what nobody asks for any more at this time.
pub(super) fn forget(transaction: &Transaction<'_>, now: jiff::Timestamp) -> rusqlite::Result<()> {
    let Ok(before) = now.checked_sub(REMEMBERED) else { return Ok(()) };
    let before = before.as_microsecond();
    transaction.prepare_cached("DELETE FROM gate_events WHERE spent AND at < ?1")?.execute([before])?;
    transaction.prepare_cached("DELETE FROM asked WHERE updated_at < ?1")?.execute([before])?;
    Ok(())
}

/// Moves the mark.
pub(super) fn set_mark(transaction: &Transaction<'_>, head: Head) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached("UPDATE mark SET head = ?1 WHERE id = 0")?;
    statement.execute([head.to_string()]).map(|_| ())
}

/// Gives back pages that hold nothing any more.
pub(super) fn vacuum(connection: &Connection) -> rusqlite::Result<()> {
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    if free < VACUUMED {
        return Ok(());
    }
    connection.execute_batch(&format!("PRAGMA incremental_vacuum({VACUUMED})"))
}

fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

#[cfg(test)]
mod tests;
