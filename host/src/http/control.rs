//! `POST …/approve`, `…/deny`, `/v1/pause`, `/v1/resume` and `/v1/breakers/reset`: people answer
//! and intervene.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::Failure;
use super::callers::Caller;
use super::incidents::named;
use super::{Shared, body};
use crate::backend::{ApprovalAnswer, ControlRequest, Reloaded};
use crate::config::Size;
use crate::domain::incident::IncidentView;

/// Words of people are short.
pub(super) const MAX_WORDS: Size = Size(64 << 10);

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    person: Option<String>,
    digest: Option<String>,
    comment: String,
    reason: String,
    scope: String,
    key: String,
    via: Option<String>,
}

/// `POST /v1/incidents/{id}/actions/{action}/approve`.
pub async fn approve(
    State(state): State<Arc<Shared>>,
    Path((id, action)): Path<(String, String)>,
    request: Request,
) -> Result<Json<IncidentView>, Failure> {
    let answer = answer(&state, id, action, request).await?;
    let id = answer.incident.clone();
    state.backend.approve(answer).await?;
    Ok(Json(IncidentView::from(&named(&state, id).await?)))
}

/// `POST /v1/incidents/{id}/actions/{action}/deny`.
pub async fn deny(
    State(state): State<Arc<Shared>>,
    Path((id, action)): Path<(String, String)>,
    request: Request,
) -> Result<Json<IncidentView>, Failure> {
    let answer = answer(&state, id, action, request).await?;
    let id = answer.incident.clone();
    state.backend.reject(answer).await?;
    Ok(Json(IncidentView::from(&named(&state, id).await?)))
}

/// `POST /v1/pause`.
pub async fn pause(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let order = order(&state, request).await?;
    let scope = order.scope.clone();
    state.backend.pause(order).await?;
    Ok(Json(json!({ "paused": true, "scope": scope })))
}

/// `POST /v1/resume`.
pub async fn resume(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let order = order(&state, request).await?;
    let scope = order.scope.clone();
    state.backend.resume(order).await?;
    Ok(Json(json!({ "paused": false, "scope": scope })))
}

/// `GET /v1/breakers`.
pub async fn breakers(State(state): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "breakers": state.backend.breakers() }))
}

/// `GET /v1/plugins`.
pub async fn plugins(State(state): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "plugins": state.backend.plugins() }))
}

/// `POST /v1/plugins/{name}/reload`.
pub async fn reload_plugin(
    State(state): State<Arc<Shared>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Reloaded>, Failure> {
    let order = ControlRequest { scope: name, ..order(&state, request).await? };
    Ok(Json(state.backend.reload_plugin(order).await?))
}

/// `POST /v1/breakers/reset`.
pub async fn reset_breaker(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let caller = caller(&request);
    let words: Words = read(&state, request).await?;
    if words.key.is_empty() {
        return Err(Failure::invalid("key: is missing; GET /v1/breakers lists them"));
    }
    let person = caller.person(words.person.as_deref())?;
    let order = ControlRequest { person, reason: words.reason, scope: words.key.clone() };
    state.backend.reset_breaker(order).await?;
    Ok(Json(json!({ "reset": words.key })))
}

/// The incident of a path, by its full id: whoever acts on one must know which. `latest` and beginnings of ids come to mean others.
pub(super) async fn exactly(state: &Shared, id: String) -> Result<String, Failure> {
    let incident = named(state, id.clone()).await?.id.to_string();
    if incident == id {
        return Ok(id);
    }
    Err(Failure::not_found(format!("this needs the full id of the incident: {incident}")))
}

async fn answer(state: &Shared, id: String, action: String, request: Request) -> Result<ApprovalAnswer, Failure> {
    let caller = caller(&request);
    let words: Words = read(state, request).await?;
    let incident = exactly(state, id).await?;
    let person = caller.person(words.person.as_deref())?;
    let via = if words.via.as_deref() == Some("cli") { "cli" } else { "http" };
    Ok(ApprovalAnswer { incident, action, digest: words.digest, person, via: via.into(), comment: words.comment })
}

pub(super) async fn order(state: &Shared, request: Request) -> Result<ControlRequest, Failure> {
    let caller = caller(&request);
    let words: Words = read(state, request).await?;
    let person = caller.person(words.person.as_deref())?;
    Ok(ControlRequest { person, reason: words.reason, scope: words.scope })
}

/// Who calls, as the guard in front of the API found out.
pub(super) fn caller(request: &Request) -> Caller {
    request.extensions().get::<Caller>().cloned().unwrap_or_else(Caller::nobody)
}

pub(super) async fn read<T: DeserializeOwned + Default>(state: &Shared, request: Request) -> Result<T, Failure> {
    let (head, body) = request.into_parts();
    let bytes = body::read(&head.headers, body, MAX_WORDS, state.settings.body_timeout).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        return Err(Failure::media_type("send JSON with Content-Type: application/json"));
    }
    serde_json::from_slice(&bytes).map_err(|error| Failure::invalid(format!("the body cannot be read: {error}")))
}
