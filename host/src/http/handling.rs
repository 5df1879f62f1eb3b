//! `POST /v1/incidents/{id}/acknowledge`, `…/comment`, `…/close` and `…/rerun`: people handle incidents.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};

use super::Shared;
use super::answer::Failure;
use super::control::{caller, read};
use super::incidents::named;
use crate::backend::handling::{HandlingRequest, HandlingResult};
use crate::domain::entry::IncidentCommand;

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    person: Option<String>,
    comment: String,
}

async fn say(
    state: &Shared,
    id: String,
    request: Request,
    says: IncidentCommand,
) -> Result<Json<HandlingResult>, Failure> {
    let caller = caller(&request);
    let words: Words = read(state, request).await?;
    let incident = named(state, id).await?.id.to_string();
    let person = caller.person(words.person.as_deref())?;
    Ok(Json(state.backend.say(HandlingRequest { incident, person, says, comment: words.comment }).await?))
}

/// `POST /v1/incidents/{id}/acknowledge`.
pub async fn acknowledge(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<HandlingResult>, Failure> {
    say(&state, id, request, IncidentCommand::Acknowledge).await
}

/// `POST /v1/incidents/{id}/comment`.
pub async fn comment(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<HandlingResult>, Failure> {
    say(&state, id, request, IncidentCommand::Comment).await
}

/// `POST /v1/incidents/{id}/close`.
pub async fn close(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<HandlingResult>, Failure> {
    say(&state, id, request, IncidentCommand::Close).await
}

/// `POST /v1/incidents/{id}/rerun`.
pub async fn rerun(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<HandlingResult>, Failure> {
    say(&state, id, request, IncidentCommand::Rerun).await
}
