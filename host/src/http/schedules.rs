//! `GET /v1/schedules` and `POST /v1/schedules/{name}/run`: what is done by the clock.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use serde_json::{Value, json};

use super::Shared;
use super::answer::Failure;
use super::control::order;
use crate::backend::ControlRequest;

/// `GET /v1/schedules`.
pub async fn list(State(state): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "schedules": state.backend.schedules() }))
}

/// `POST /v1/schedules/{name}/run`. Answers when the run has come to its end.
pub async fn run(
    State(state): State<Arc<Shared>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let order = ControlRequest { scope: name, ..order(&state, request).await? };
    let outcome = state.backend.run_schedule(order).await?;
    Ok(Json(json!({ "outcome": outcome })))
}
