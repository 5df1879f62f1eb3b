//! Questions about incidents.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params_from_iter};

use super::Projection;
use crate::domain::{Incident, IncidentId, Outcome, Severity, State};
use crate::journal::error::Error;

/// Which incidents a listing shows; the newest come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those that stand here.
    pub state: Option<State>,
    /// Only those that ended so.
    pub outcome: Option<Outcome>,
    /// Only those of this severity.
    pub severity: Option<Severity>,
    /// Only those whose first alert came from this source.
    pub source: Option<String>,
    /// Only those that this rule decided.
    pub rule: Option<String>,
    /// Only those opened at or after this time.
    pub since: Option<Timestamp>,
    /// Only those opened before this one: the last of the page before.
    pub before: Option<IncidentId>,
    /// At most this many; 0 means all.
    pub limit: usize,
}

impl Filter {
    fn conditions(&self) -> (String, Vec<Value>) {
        let text = |text: &str| Value::Text(text.to_string());
        let wanted = [
            ("state =", self.state.map(|state| text(state.as_str()))),
            ("outcome =", self.outcome.map(|outcome| text(outcome.as_str()))),
            ("severity =", self.severity.map(|severity| text(severity.as_str()))),
            ("source =", self.source.as_deref().map(text)),
            ("rule =", self.rule.as_deref().map(text)),
            ("opened_at >=", self.since.map(|since| Value::Integer(since.as_microsecond()))),
            ("id <", self.before.as_ref().map(|id| text(&id.0))),
        ];
        let (mut sql, mut values) = (String::from("1"), Vec::new());
        for (condition, value) in wanted {
            if let Some(value) = value {
                sql.push_str(&format!(" AND {condition} ?"));
                values.push(value);
            }
        }
        (sql, values)
    }
}

impl Projection {
    /// Incidents to which something may still happen, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn active(&self) -> Result<Vec<Incident>, Error> {
        self.incidents("SELECT id, snapshot FROM incidents WHERE active ORDER BY id", Vec::new())
    }

    /// Incidents for which the model was asked and to which something has happened since `since`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn asked(&self, since: Timestamp) -> Result<Vec<Incident>, Error> {
        let sql = "SELECT id, snapshot FROM incidents WHERE asked AND updated_at >= ?";
        self.incidents(sql, vec![Value::Integer(since.as_microsecond())])
    }

    /// One incident.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, id: &IncidentId) -> Result<Option<Incident>, Error> {
        let snapshot: Option<String> = self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT snapshot FROM incidents WHERE id = ?1")?;
            statement.query_row([&id.0], |row| row.get(0)).optional()
        })?;
        let parse = |text: String| serde_json::from_str(&text).map_err(|error| self.unreadable(&id.0, &error));
        snapshot.map(parse).transpose()
    }

    /// Incidents that a filter takes, the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Incident>, Error> {
        let (conditions, mut values) = filter.conditions();
        let limit = if filter.limit == 0 { -1 } else { i64::try_from(filter.limit).unwrap_or(i64::MAX) };
        values.push(Value::Integer(limit));
        let sql = format!("SELECT id, snapshot FROM incidents WHERE {conditions} ORDER BY id DESC LIMIT ?");
        self.incidents(&sql, values)
    }

    /// How many incidents a filter takes, whatever its limit.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self, filter: &Filter) -> Result<u64, Error> {
        let (conditions, values) = filter.conditions();
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("SELECT count(*) FROM incidents WHERE {conditions}"))?;
            statement.query_row(params_from_iter(values), |row| row.get(0)).map(super::store::position)
        })
    }

    pub(super) fn incidents(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Incident>, Error> {
        // Parsing happens when the file is free again for others.
        let found: Vec<(String, String)> = self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })?;
        let parse =
            |(id, text): (String, String)| serde_json::from_str(&text).map_err(|error| self.unreadable(&id, &error));
        found.into_iter().map(parse).collect()
    }
}
