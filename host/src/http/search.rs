//! `GET /v1/search` and `GET /v1/incidents/{id}/similar`: what is known from before.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::answer::Failure;
use super::incidents::reading;
use crate::backend::find;
use crate::domain::knowledge::SearchResults;

/// Bytes of a text that is searched for.
const TEXT: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    q: String,
    limit: Option<usize>,
}

/// `GET /v1/search?q=…`.
pub async fn search(State(state): State<Arc<Shared>>, uri: Uri) -> Result<Json<SearchResults>, Failure> {
    let Query(SearchQuery { q, limit }) = Query::<SearchQuery>::try_from_uri(&uri)
        .map_err(|error| Failure::invalid(format!("the query cannot be read: {error}; write it as ?q=WORDS")))?;
    if q.trim().is_empty() || q.len() > TEXT {
        return Err(Failure::invalid(format!("q must hold a few words, {TEXT} bytes at most")));
    }
    let found = reading(&state, move |backend| backend.search(&q, limit.unwrap_or(10)).map_err(Failure::unavailable));
    found.await.map(Json)
}

/// `GET /v1/incidents/{id}/similar`.
pub async fn similar(State(state): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    let known = reading(&state, move |backend| {
        let incident = find(backend, &id)?;
        let known = backend.known_about(&incident.id.0).map_err(Failure::unavailable)?;
        Ok((incident.id, known.unwrap_or_default()))
    });
    let (incident, known) = known.await?;
    Ok(Json(json!({
        "incident": incident, "runbooks": known.runbooks, "similar": known.similar, "unread": known.unread,
    })))
}
