//! `GET /v1/alerts`: what fires now, page by page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Failure;
use super::callers::Caller;
use super::incidents::reading;
use super::{Shared, list};
use crate::backend::Cancellation;
use crate::backend::alerts::{AlertQuery, AlertView, LiveAlert, SortOrder};
use crate::domain::{Matcher, Severity};
use crate::inquiry::truncate_page;

/// Alerts of one page where nobody says otherwise.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    /// Matchers, such as `namespace="shop"`: all must pass.
    r#match: Option<String>,
    severity: Option<Severity>,
    /// Only what is silenced or inhibited, or only what is not.
    silenced: Option<bool>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /v1/alerts`.
pub async fn all(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let selection: Selection = list::query(&uri)?;
    let matchers = Matcher::parse_all(selection.r#match.as_deref().unwrap_or_default()).map_err(Failure::invalid)?;
    let after = list::after("alerts", selection.cursor.as_deref())?;
    let limit = selection.limit.unwrap_or(PAGE).clamp(1, list::MAX_LIMIT);
    let wanted = AlertQuery {
        access: caller.access().clone(),
        matchers,
        severity: selection.severity,
        held: selection.silenced,
        order: SortOrder::Place(after),
        // By one more it is seen that there are more.
        most: limit + 1,
        ..AlertQuery::default()
    };
    let cancellation = Cancellation::default();
    // Dropped with this request, also when its sender hangs up.
    let _waiting = cancellation.on_drop();
    let mut firing = reading(&state, move |backend| Ok(backend.firing(&wanted, &cancellation))).await?;
    let next = truncate_page("alerts", &mut firing.alerts, LiveAlert::place, limit);
    let views: Vec<AlertView> = firing.alerts.into_iter().map(AlertView::from).collect();
    Ok(Json(json!({ "alerts": views, "count": firing.count, "next": next })))
}
