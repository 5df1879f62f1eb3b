//! What retention removes from the journal goes from the listings too.

use rusqlite::{Connection, params};

use crate::domain::control::Removed;
use crate::domain::{IncidentId, State};

/// Forgets the closed incidents that a removal names. What they taught the gate stays.
pub(super) fn forget(connection: &Connection, removed: &Removed) -> rusqlite::Result<()> {
    let before = removed.before.as_microsecond();
    // Ids sort by the time of opening, and nothing is closed before it was opened: rows of the last
    // weeks are not looked at.
    let newest = IncidentId::first_at(removed.before);
    let closed = State::Closed.as_str();
    if removed.outcomes.is_empty() {
        let sql = "DELETE FROM incidents WHERE facets IN (SELECT id FROM facets WHERE state = ?1)
                   AND id < ?2 AND updated_at < ?3";
        connection.prepare_cached(sql)?.execute(params![closed, newest, before])?;
    }
    let sql = "DELETE FROM incidents WHERE facets IN (SELECT id FROM facets WHERE state = ?1 AND outcome = ?4)
               AND id < ?2 AND updated_at < ?3";
    let mut statement = connection.prepare_cached(sql)?;
    for outcome in &removed.outcomes {
        statement.execute(params![closed, newest, before, outcome.as_str()])?;
    }
    for (table, id) in [("asked", "id"), ("undelivered", "incident")] {
        let sql = format!("DELETE FROM {table} WHERE {id} < ?1 AND {id} NOT IN (SELECT id FROM incidents)");
        connection.prepare_cached(&sql)?.execute([&newest])?;
    }
    Ok(())
}
