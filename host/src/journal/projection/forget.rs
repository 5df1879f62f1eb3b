//! What retention removes from the journal goes from the listings too.

use rusqlite::Connection;

use crate::domain::State;
use crate::domain::control::Removed;

/// Forgets the closed incidents that a removal names. What they taught the gate stays.
pub(super) fn forget(connection: &Connection, removed: &Removed) -> rusqlite::Result<()> {
    let before = removed.before.as_microsecond();
    // Ids sort by the time of opening, and nothing is closed before it was opened: rows of the last
    // weeks are not looked at.
    let newest = crate::random::first_id_of(removed.before);
    if removed.outcomes.is_empty() {
        let sql = "DELETE FROM incidents WHERE state = ?1 AND id < ?2 AND updated_at < ?3";
        let mut statement = connection.prepare_cached(sql)?;
        return statement.execute((State::Closed.as_str(), newest, before)).map(|_| ());
    }
    let sql = "DELETE FROM incidents WHERE outcome = ?1 AND id < ?2 AND updated_at < ?3 AND state = ?4";
    let mut statement = connection.prepare_cached(sql)?;
    removed.outcomes.iter().try_for_each(|outcome| {
        statement.execute((outcome.as_str(), &newest, before, State::Closed.as_str())).map(|_| ())
    })
}
