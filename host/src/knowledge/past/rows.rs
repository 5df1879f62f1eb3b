//! Closed incidents as rows.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::domain::control::Removed;
use crate::domain::{Head, IncidentId};
use crate::knowledge::file::Format;
use crate::knowledge::keys;
use crate::knowledge::summary::Summary;

/// The tables.
pub(super) const FORMAT: Format = Format {
    number: 1,
    tables: "
    CREATE TABLE mark (id INTEGER PRIMARY KEY CHECK (id = 0), head TEXT NOT NULL);
    INSERT INTO mark VALUES (0, '');
    CREATE TABLE incidents (
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        opened INTEGER NOT NULL,
        closed INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        title TEXT NOT NULL,
        cause TEXT NOT NULL,
        repairs TEXT NOT NULL,
        keys BLOB NOT NULL
    );
    CREATE TABLE keys (key INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (key, n)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, detail=none, tokenize='ascii');
    ",
};

/// None before anything was taken in.
pub(super) fn mark(file: &Connection) -> rusqlite::Result<Option<Head>> {
    let head: String = file.query_row("SELECT head FROM mark WHERE id = 0", [], |row| row.get(0))?;
    Ok(head.parse().ok())
}

/// Forgets all.
pub(super) fn empty(file: &Transaction<'_>) -> rusqlite::Result<()> {
    file.execute_batch(
        "DELETE FROM words; DELETE FROM keys; DELETE FROM incidents; UPDATE mark SET head = '' WHERE id = 0;",
    )
}

/// Puts an incident in, in place of what was known of it.
pub(super) fn put(file: &Transaction<'_>, summary: &Summary) -> rusqlite::Result<()> {
    let known: Option<i64> = file
        .prepare_cached("SELECT n FROM incidents WHERE id = ?1")?
        .query_row([&summary.id.0], |row| row.get(0))
        .optional()?;
    if let Some(n) = known {
        forget(file, n)?;
    }
    let repairs = serde_json::to_string(&summary.repairs)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let sql = "INSERT INTO incidents (id, opened, closed, outcome, title, cause, repairs, keys)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let keys: Vec<i64> = summary.keys.iter().map(|key| keys::classed(*key, summary.is_useful())).collect();
    let packed: Vec<u8> = keys.iter().flat_map(|key| key.to_le_bytes()).collect();
    let times = (summary.opened_at.as_microsecond(), summary.closed_at.as_microsecond());
    let row = params![
        summary.id.0,
        times.0,
        times.1,
        summary.outcome.as_str(),
        summary.title,
        summary.cause,
        repairs,
        packed
    ];
    file.prepare_cached(sql)?.execute(row)?;
    let n = file.last_insert_rowid();
    let mut key = file.prepare_cached("INSERT OR IGNORE INTO keys VALUES (?1, ?2)")?;
    keys.iter().try_for_each(|of| key.execute([*of, n]).map(|_| ()))?;
    file.prepare_cached("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?.execute(params![n, summary.words])?;
    Ok(())
}

fn forget(file: &Transaction<'_>, n: i64) -> rusqlite::Result<()> {
    let keys: Vec<u8> =
        file.prepare_cached("SELECT keys FROM incidents WHERE n = ?1")?.query_row([n], |row| row.get(0))?;
    let mut key = file.prepare_cached("DELETE FROM keys WHERE key = ?1 AND n = ?2")?;
    for of in keys.as_chunks::<8>().0 {
        key.execute([i64::from_le_bytes(*of), n])?;
    }
    file.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([n])?;
    file.prepare_cached("DELETE FROM incidents WHERE n = ?1")?.execute([n])?;
    Ok(())
}

/// What retention removes from the journal goes here too.
pub(super) fn remove(file: &Transaction<'_>, removed: &Removed) -> rusqlite::Result<()> {
    let newest = IncidentId::first_at(removed.before);
    let sql = "SELECT n, outcome FROM incidents WHERE closed < ?1 AND id < ?2";
    let mut statement = file.prepare_cached(sql)?;
    let old = statement.query_map(params![removed.before.as_microsecond(), newest], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let of = |outcome: &str| removed.outcomes.is_empty() || removed.outcomes.iter().any(|of| of.as_str() == outcome);
    let gone = old.filter(|row| row.as_ref().map_or(true, |(_, outcome)| of(outcome)));
    let gone = gone.map(|row| row.map(|(n, _)| n)).collect::<rusqlite::Result<Vec<i64>>>()?;
    gone.into_iter().try_for_each(|n| forget(file, n))
}
