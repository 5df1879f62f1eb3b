//! `/costs` and `/inspections`: what was spent and saved, what came, and what looks by the clock.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::look::listed;
use super::{Viewer, failed, shown};
use crate::http::answer::Failure;
use crate::http::{Shared, list};
use crate::page::{self, CostsPage, Inspections};

/// Days that are shown where the address names none.
const DAYS: u32 = 7;
/// Days that are kept to be counted.
const MOST: u32 = 31;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    days: Option<u32>,
}

/// `GET /costs`.
pub async fn costs(
    State(state): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let fail = |failure: &Failure| failed(&state, &headers, &uri, &viewer.who, failure);
    let days = match list::query::<Words>(&uri) {
        Ok(words) => words.days.unwrap_or(DAYS),
        Err(failure) => return fail(&failure),
    };
    if !(1..=MOST).contains(&days) {
        return fail(&Failure::invalid(format!("days: from 1 to {MOST}")));
    }
    let read = listed(&state, move |backend, cancellation| {
        let costs = backend.costs(days, cancellation).map_err(Failure::unavailable)?;
        Ok(CostsPage { costs, days, tallies: backend.tallies(), lasted: backend.lasted() })
    });
    match read.await {
        Ok(page) => shown(&state, &headers, &uri, &viewer.who, StatusCode::OK, |frame| page::costs(&page, frame)),
        Err(failure) => fail(&failure),
    }
}

/// `GET /inspections`.
pub async fn inspections(
    State(state): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let read = listed(&state, |backend, _| {
        Ok(Inspections { inspections: backend.inspections(), schedules: backend.schedules() })
    });
    match read.await {
        Ok(page) => shown(&state, &headers, &uri, &viewer.who, StatusCode::OK, |frame| page::inspections(&page, frame)),
        Err(failure) => failed(&state, &headers, &uri, &viewer.who, &failure),
    }
}
