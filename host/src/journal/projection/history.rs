//! The past as policies count in it, and what the gate must not forget.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::Connection;

use super::Projection;
use crate::domain::history::Past;
use crate::domain::listing::Range;
use crate::domain::{GateEvent, IncidentId, Outcome};
use crate::journal::error::Error;

impl Projection {
    /// Incidents opened at or after `since`, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn past(&self, since: Timestamp) -> Result<Vec<Past>, Error> {
        self.read(|connection| {
            let outcomes = outcomes(connection)?;
            let sql = "SELECT incidents.id, opened_at, facets, groups.text, names.text, rerun, fixes FROM incidents
                       JOIN texts AS groups ON groups.id = group_key JOIN texts AS names ON names.id = name
                       WHERE incidents.id >= ?1 AND opened_at >= ?2 ORDER BY incidents.id";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query((Range::default().since(since).from, since.as_microsecond()))?;
            let mut past = Vec::new();
            while let Some(row) = rows.next()? {
                let (rule, outcome) = outcomes.get(&row.get(2)?).cloned().unwrap_or_default();
                let fixes: Option<String> = row.get(6)?;
                let fixes = fixes.map(|fixes| read(6, &fixes)).transpose()?;
                past.push(Past {
                    incident: IncidentId(row.get::<_, String>(0)?.into()),
                    rule: rule.into(),
                    group_key: row.get::<_, String>(3)?.into(),
                    name: row.get::<_, String>(4)?.into(),
                    opened_at: time(row.get(1)?),
                    outcome,
                    rerun: row.get(5)?,
                    fixes: fixes.unwrap_or_default(),
                });
            }
            Ok(past)
        })
    }

    /// What the gate has to learn, in the order of the journal: everything but what was spent before
    /// `since`, which no budget counts any more.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn gate_events(&self, since: Timestamp) -> Result<Vec<(Timestamp, GateEvent)>, Error> {
        self.read(|connection| {
            let sql = "SELECT at, gate_event FROM gate_events WHERE NOT spent OR at >= ?1 ORDER BY seq";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([since.as_microsecond()], |row| {
                let gate_event: String = row.get(1)?;
                Ok((time(row.get(0)?), read(1, &gate_event)?))
            })?;
            rows.collect()
        })
    }
}

/// Rule and outcome of all facets.
fn outcomes(connection: &Connection) -> rusqlite::Result<HashMap<i64, (String, Option<Outcome>)>> {
    let mut statement = connection.prepare_cached("SELECT id, rule, outcome FROM facets")?;
    let rows = statement.query_map([], |row| {
        let (rule, outcome): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
        let outcome = Outcome::ALL.into_iter().find(|known| Some(known.as_str()) == outcome.as_deref());
        Ok((row.get(0)?, (rule.unwrap_or_default(), outcome)))
    })?;
    rows.collect()
}

fn read<T: serde::de::DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn time(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or_default()
}
