//! Pages of the API's lists: `?cursor=` is `next` of the page before, a word that stays good while new items come.

use std::time::Duration;

use axum::extract::Query;
use axum::http::Uri;
use serde::de::DeserializeOwned;

use super::answer::Failure;
use super::seen;
use crate::backend::{Backend, Cancellation, Filter};
use crate::domain::matcher::all_match;
use crate::domain::{Access, Incident, Matcher};
use crate::inquiry::Cursor;

/// Longer listings come in pages.
pub const MAX_LIMIT: usize = 1_000;
/// How long a listing may take.
pub const LISTING: Duration = Duration::from_secs(10);
/// Incidents that are looked at for one page where matchers say which are wanted.
const LOOKED_AT: usize = 5_000;
/// And so many at a time.
const AT_ONCE: usize = 500;

/// The query of a request; nothing else than what is known is taken.
pub fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Failure> {
    let read = Query::<T>::try_from_uri(uri);
    read.map(|Query(query)| query).map_err(|error| Failure::invalid(format!("the query cannot be read: {error}")))
}

/// Where the page before ended; an empty word begins.
pub fn after(kind: &str, cursor: Option<&str>) -> Result<Option<String>, Failure> {
    let word = cursor.filter(|word| !word.is_empty());
    word.map(|word| Cursor::read(kind, word)).transpose().map_err(Failure::invalid)
}

/// A page of incidents, and the word for the next one. With matchers it may hold fewer than are wanted although there is a next
/// one: what is looked at for one page has a bound.
pub fn incidents(
    backend: &dyn Backend,
    filter: Filter,
    matchers: &[Matcher],
    access: &Access,
    cancellation: &Cancellation,
) -> Result<(Vec<Incident>, Option<String>), Failure> {
    let wanted = filter.limit;
    let next = |incident: Option<&Incident>| incident.map(|last| Cursor::write("incidents", &last.id.0));
    if matchers.is_empty() {
        let one_more = Filter { limit: wanted + 1, ..filter };
        let mut found = seen::list(backend, &one_more, access, cancellation).map_err(Failure::unavailable)?;
        let more = found.len() > wanted;
        found.truncate(wanted);
        let next = next(found.last().filter(|_| more));
        return Ok((found, next));
    }
    let (mut found, mut before, mut looked) = (Vec::new(), filter.before.clone(), 0);
    loop {
        let part = Filter { limit: AT_ONCE, before: before.clone(), ..filter.clone() };
        let listed = backend.list(&part, cancellation).map_err(Failure::unavailable)?;
        let whole = listed.len() < AT_ONCE;
        for incident in listed {
            looked += 1;
            before = Some(incident.id.to_string());
            if seen::sees(access, &incident) && incident.alerts.iter().any(|alert| all_match(matchers, alert)) {
                if found.len() == wanted {
                    let next = next(found.last());
                    return Ok((found, next));
                }
                found.push(incident);
            }
        }
        if whole {
            return Ok((found, None));
        }
        if looked >= LOOKED_AT {
            return Ok((found, before.map(|id| Cursor::write("incidents", &id))));
        }
    }
}
