//! `/healthz`, `/readyz` and `/metrics`: how the host itself is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::Shared;

/// `GET /healthz`: it runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can take alerts. Without credentials, so beyond loopback it does not say why not.
pub async fn ready(State(state): State<Arc<Shared>>) -> (StatusCode, Json<Value>) {
    let ready = state.backend.ready();
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer = if state.loopback { json!(ready) } else { json!({ "ready": ready.ready }) };
    (status, Json(answer))
}

/// `GET /metrics`.
pub async fn metrics(State(state): State<Arc<Shared>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.backend.metrics())
}
