//! `GET /v1/audit`: who did what, and who tried, the latest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::audit::{AuditOutcome, AuditQuery};
use crate::http::answer::Failure;
use crate::http::incidents::reading;
use crate::http::{Shared, list as lists};

/// Longer listings come in pages, by `before`.
const MAX_LIMIT: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    person: Option<String>,
    outcome: Option<AuditOutcome>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    before: Option<u64>,
    limit: Option<usize>,
}

/// `GET /v1/audit`.
pub async fn list(State(state): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let Selection { person, outcome, since, until, before, limit } = lists::query(&uri)?;
    let limit = limit.unwrap_or(100).min(MAX_LIMIT);
    // One more says whether there are more.
    let wanted = AuditQuery { person, outcome, since, until, before, limit: limit + 1 };
    let mut views = reading(&state, move |backend| backend.audited(&wanted).map_err(Failure::unavailable)).await?;
    let more = views.len() > limit;
    views.truncate(limit);
    let next = views.last().filter(|_| more).map(|view| view.n);
    Ok(Json(json!({ "audit": views, "next": next })))
}
