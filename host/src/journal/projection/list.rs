//! Which incidents there are.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::Projection;
use crate::domain::listing::OpenedCount;
use crate::domain::listing::{FacetFilter, Facets, Range};
use crate::domain::{IncidentId, Outcome, Severity, State};
use crate::journal::error::Error;
use crate::journal::rows::uint;

impl Projection {
    /// The newest incidents that are wanted, as the file knows them. Costs what is found, and not what
    /// there is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn newest(&self, wanted: &FacetFilter, range: &Range, limit: usize) -> Result<Vec<IncidentId>, Error> {
        if range.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        if *wanted == FacetFilter::default() {
            return self.read(|connection| newest(connection, None, range, limit));
        }
        self.read(|connection| {
            let mut found = Vec::new();
            let mut range = range.clone();
            for number in numbers(connection, |facets| wanted.takes(facets))? {
                found.extend(newest(connection, Some(number), &range, limit)?);
                if found.len() >= limit {
                    found.sort_unstable_by(|a: &IncidentId, b| b.cmp(a));
                    found.truncate(limit);
                    // Older ones are not looked for any more.
                    range.from = found.last().map(|last| last.0.to_string()).unwrap_or_default().max(range.from);
                }
            }
            found.sort_unstable_by(|a, b| b.cmp(a));
            Ok(found)
        })
    }

    /// Incidents to which something may still happen, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unsettled(&self) -> Result<Vec<IncidentId>, Error> {
        self.read(|connection| {
            let mut found = Vec::new();
            for number in numbers(connection, |facets| facets.unsettled)? {
                found.extend(newest(connection, Some(number), &Range::default(), usize::MAX)?);
            }
            found.sort_unstable();
            Ok(found)
        })
    }

    /// Incidents that a model answered, or was to answer, and to which something has happened since `since`, oldest
    /// first. Of those that rest for longer than 31 days none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn asked(&self, since: jiff::Timestamp) -> Result<Vec<IncidentId>, Error> {
        self.read(|connection| {
            let sql = "SELECT id FROM asked WHERE updated_at >= ?1 ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement
                .query_map([since.as_microsecond()], |row| row.get::<_, String>(0).map(|id| IncidentId(id.into())))?;
            rows.collect()
        })
    }

    /// How many incidents were opened since `since`, by the day (UTC) of that and the rule that decided (none for the
    /// default), and for how many of them a model was asked, as far as 31 days ago.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn opened_by_day(&self, since: jiff::Timestamp) -> Result<Vec<OpenedCount>, Error> {
        self.read(|connection| {
            let sql = "SELECT opened_at / 86400000000 AS day, facets.rule, COUNT(*), COUNT(asked.id) FROM incidents
                       JOIN facets ON facets.id = facets
                       LEFT JOIN asked ON asked.id = incidents.id AND asked.calls > 0
                       WHERE incidents.id >= ?1 AND opened_at >= ?2
                       GROUP BY day, facets.rule ORDER BY day, facets.rule";
            let mut statement = connection.prepare_cached(sql)?;
            let from = (Range::default().since(since).from, since.as_microsecond());
            let rows = statement.query_map(from, |row| {
                let day: i64 = row.get(0)?;
                let midnight = jiff::Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or_default();
                let day = midnight.to_zoned(jiff::tz::TimeZone::UTC).date();
                let (incidents, asked) = (uint(row.get(2)?), uint(row.get(3)?));
                Ok(OpenedCount { day, rule: row.get(1)?, incidents, asked })
            })?;
            rows.collect()
        })
    }
}

/// Ids in a range of the primary key, or of the index of those with these facets.
fn newest(
    connection: &Connection,
    facets: Option<i64>,
    range: &Range,
    limit: usize,
) -> rusqlite::Result<Vec<IncidentId>> {
    let mut sql = String::from("SELECT id FROM incidents WHERE id >= ?");
    let mut values = vec![Value::Text(range.from.clone())];
    if let Some(below) = &range.below {
        sql.push_str(" AND id < ?");
        values.push(Value::Text(below.clone()));
    }
    if let Some(facets) = facets {
        sql.push_str(" AND facets = ?");
        values.push(Value::Integer(facets));
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare_cached(&sql)?;
    let ids =
        statement.query_map(params_from_iter(values), |row| row.get::<_, String>(0).map(|id| IncidentId(id.into())))?;
    ids.collect()
}

/// Numbers of the facets that are wanted.
fn numbers(connection: &Connection, wanted: impl Fn(&Facets) -> bool) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT id, unsettled, state, outcome, severity, source, rule FROM facets";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut numbers = Vec::new();
    while let Some(row) = rows.next()? {
        if wanted(&facets(row)?) {
            numbers.push(row.get(0)?);
        }
    }
    Ok(numbers)
}

fn facets(row: &Row<'_>) -> rusqlite::Result<Facets> {
    let outcome: Option<String> = row.get(3)?;
    Ok(Facets {
        unsettled: row.get(1)?,
        state: word(2, &row.get::<_, String>(2)?, &State::ALL, State::as_str)?,
        outcome: outcome.map(|outcome| word(3, &outcome, &Outcome::ALL, Outcome::as_str)).transpose()?,
        severity: word(4, &row.get::<_, String>(4)?, &Severity::ALL, Severity::as_str)?,
        source: row.get(5)?,
        rule: row.get(6)?,
    })
}

/// The one of all that is written so.
fn word<T: Copy>(column: usize, word: &str, all: &[T], written: impl Fn(T) -> &'static str) -> rusqlite::Result<T> {
    let unknown = || {
        let why = format!("{word:?} is no word of this column");
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
    };
    all.iter().copied().find(|one| written(*one) == word).ok_or_else(unknown)
}
