//! The past as policies count in it, and what the gate must not forget.

use jiff::Timestamp;

use super::Projection;
use crate::domain::history::Past;
use crate::domain::{GateEvent, IncidentId, Outcome};
use crate::journal::error::Error;

impl Projection {
    /// Incidents opened at or after `since`, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn past(&self, since: Timestamp) -> Result<Vec<Past>, Error> {
        type Row = (String, String, String, String, i64, Option<String>, String);
        let rows: Vec<Row> = self.read(|connection| {
            let sql = "SELECT id, rule, group_key, name, opened_at, outcome, fixes FROM incidents
                       WHERE opened_at >= ?1 ORDER BY opened_at, id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([since.as_microsecond()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
            })?;
            rows.collect()
        })?;
        let past = rows.into_iter().map(|(id, rule, group_key, name, opened_at, outcome, fixes)| {
            let fixes = serde_json::from_str(&fixes).map_err(|error| self.unreadable(&id, &error))?;
            Ok(Past {
                incident: IncidentId(id.into()),
                rule: rule.into(),
                group_key: group_key.into(),
                name: name.into(),
                opened_at: time(opened_at),
                outcome: outcome.as_deref().and_then(outcome_of),
                fixes,
            })
        });
        past.collect()
    }

    /// What the gate has to learn, in the order of the journal: everything but what was spent before
    /// `since`, which no budget counts any more.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn gate_events(&self, since: Timestamp) -> Result<Vec<(Timestamp, GateEvent)>, Error> {
        let rows: Vec<(i64, String)> = self.read(|connection| {
            let sql = "SELECT at, gate_event FROM gate_events WHERE NOT spent OR at >= ?1 ORDER BY seq";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([since.as_microsecond()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })?;
        let read = |(at, gate_event): (i64, String)| {
            let gate_event =
                serde_json::from_str(&gate_event).map_err(|error| self.unreadable("of a gate_event", &error))?;
            Ok((time(at), gate_event))
        };
        rows.into_iter().map(read).collect()
    }
}

fn time(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or_default()
}

fn outcome_of(word: &str) -> Option<Outcome> {
    use Outcome::{Error, Fixed, NeedsPerson, Resolved, Suppressed};
    [Fixed, Suppressed, Resolved, NeedsPerson, Error].into_iter().find(|outcome| outcome.as_str() == word)
}
