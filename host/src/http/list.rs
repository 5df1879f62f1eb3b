//! Pages of the API's lists: `?cursor=` is `next` of the page before, a word that stays good while new items come.

use std::time::Duration;

use axum::extract::Query;
use axum::http::Uri;
use serde::de::DeserializeOwned;

use super::answer::Failure;
use crate::backend::{Backend, Cancellation, Filter, visible};
use crate::domain::matcher::all_match;
use crate::domain::{Access, Incident, Matcher};
use crate::inquiry::Cursor;

/// Longer listings come in pages.
pub const MAX_LIMIT: usize = 1_000;
/// How long a listing may take.
pub const LISTING: Duration = Duration::from_secs(10);

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
    let part = if matchers.is_empty() {
        visible::list(backend, &filter, access, cancellation)
    } else {
        visible::those(backend, &filter, cancellation, |incident| {
            visible::can_see(access, incident) && incident.alerts.iter().any(|alert| all_match(matchers, alert))
        })
    };
    let part = part.map_err(Failure::unavailable)?;
    Ok((part.incidents, part.next.map(|id| Cursor::write("incidents", &id))))
}
