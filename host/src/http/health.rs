//! `/healthz`, `/readyz` and `/metrics`: how the host itself is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::oidc::Oidc;
use super::{Shared, alertmanager, openmetrics};
use crate::backend::Readiness;
use crate::domain::Permission;
use crate::redact::redact;

/// `GET /healthz`: it runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`. The status and `ready` say whether it takes alerts, which is what an orchestrator sends requests by: a host that has
/// lost a tool server or a provider still takes them, and must not be taken out of service for it. `degraded` says that not all is as
/// it should be. Anybody may ask, as orchestrators do; what it is strangers do not hear.
pub async fn ready(State(state): State<Arc<Shared>>, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let Readiness { ready, problems } = condition(&state);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let degraded = !ready || !problems.is_empty();
    if !may_know_details(&state, &headers) {
        return (status, Json(json!({ "ready": ready, "degraded": degraded })));
    }
    let problems: Vec<String> = problems.iter().map(|problem| redact(problem)).collect();
    (status, Json(json!({ "ready": ready, "degraded": degraded, "problems": problems })))
}

/// Whether the host takes alerts, and everything that is not as it should be, also of those who come in.
pub fn condition(state: &Shared) -> Readiness {
    let Readiness { ready, mut problems } = state.backend.ready();
    problems.extend(state.callers.problem());
    problems.extend(state.oidc.as_ref().and_then(Oidc::problem));
    Readiness { ready, problems }
}

/// Whether a caller may know why the host is as it is: who has proven who it is; where nothing has to be
/// proven, who reaches a host on loopback under a name of this machine, which no page of another site can.
fn may_know_details(state: &Shared, headers: &HeaderMap) -> bool {
    match state.callers.caller(headers, state.clock.now()) {
        // Parts of the host are of all places.
        Ok(Some(caller)) => caller.access().may_everywhere(Permission::Look),
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
