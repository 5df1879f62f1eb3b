//! `/healthz`, `/readyz` and `/metrics`: how the host itself is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::{Shared, alertmanager, openmetrics};
use crate::redact::redact;

/// `GET /healthz`: it runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can take alerts. Anybody may ask, as orchestrators do; strangers hear nothing but
/// that.
pub async fn ready(State(state): State<Arc<Shared>>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let ready = state.backend.ready();
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if !may_know_details(&state, &headers) {
        return (status, Json(json!({ "ready": ready.ready })));
    }
    let accounts = state.callers.problem();
    let problems: Vec<String> = ready.problems.iter().chain(&accounts).map(|problem| redact(problem)).collect();
    (status, Json(json!({ "ready": ready.ready, "problems": problems })))
}

/// Whether a caller may know why the host is as it is: who has proven who it is; where nothing has to be
/// proven, who reaches a host on loopback under a name of this machine, which no page of another site can.
fn may_know_details(state: &Shared, headers: &HeaderMap) -> bool {
    match state.callers.caller(headers, state.clock.now()) {
        Ok(Some(_)) => true,
        // `admission` has refused what did not mean this machine.
        Ok(None) => state.loopback,
        Err(_) => false,
    }
}

/// `GET /metrics`.
pub async fn metrics(State(state): State<Arc<Shared>>, headers: HeaderMap) -> impl IntoResponse {
    let of = Arc::clone(&state);
    // Some of it is counted in the listing's file.
    let text = match tokio::task::spawn_blocking(move || of.backend.metrics()).await {
        Ok(text) => [
            text,
            state.refusals.metrics(),
            state.durations.metrics(),
            state.mcp_tally.metrics(),
            alertmanager::build_info(),
        ],
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    let text = text.concat();
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if openmetrics::is_wanted(accept) {
        return ([(header::CONTENT_TYPE, openmetrics::MEDIA_TYPE)], openmetrics::of(&text));
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
