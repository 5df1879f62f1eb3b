//! Which incidents have messages that were given up.

use rusqlite::Transaction;

use super::Projection;
use crate::domain::delivery::DeliveryState;
use crate::domain::{Incident, IncidentId};
use crate::journal::error::Error;

/// Notes an incident, or strikes it off.
pub(super) fn put(transaction: &Transaction<'_>, incident: &Incident) -> rusqlite::Result<()> {
    if incident.deliveries.is_empty() {
        return Ok(());
    }
    let mut deliveries = incident.deliveries.iter();
    let sql = match deliveries.any(|delivery| matches!(delivery.state, DeliveryState::Abandoned { .. })) {
        true => "INSERT OR IGNORE INTO undelivered VALUES (?1)",
        false => "DELETE FROM undelivered WHERE incident = ?1",
    };
    transaction.prepare_cached(sql)?.execute([&*incident.id.0]).map(|_| ())
}

impl Projection {
    /// The newest incidents with messages that were given up, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn undelivered(&self, limit: u32) -> Result<Vec<IncidentId>, Error> {
        self.read(|connection| {
            let sql = "SELECT incident FROM undelivered ORDER BY incident DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let ids = statement.query_map([limit], |row| row.get::<_, String>(0).map(|id| IncidentId(id.into())))?;
            ids.collect()
        })
    }
}
