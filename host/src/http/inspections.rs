//! `GET /v1/inspections` and `POST /v1/inspections/{name}/run`: looking at a whole cluster.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use serde_json::{Value, json};

use super::Shared;
use super::answer::Failure;
use super::control::order;
use crate::backend::ControlRequest;
use crate::domain::inspection::Run;

/// `GET /v1/inspections`.
pub async fn list(State(state): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "inspections": state.backend.inspections() }))
}

/// `POST /v1/inspections/{name}/run`. Answers when the run has come to its end.
pub async fn run(
    State(state): State<Arc<Shared>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Run>, Failure> {
    let order = ControlRequest { scope: name, ..order(&state, request).await? };
    // A run changes nothing in the cluster; whoever may act may ask for one.
    Ok(Json(state.backend.inspect(order).await?))
}
