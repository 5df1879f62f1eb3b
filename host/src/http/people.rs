//! `/v1/people`: who there is, who may do what, and ending what others have; `/v1/me`: the same of one's own.

pub mod acts;
pub mod listed;
pub mod me;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::answer::Failure;
use super::control::{caller, read};
use crate::domain::person::fold;
use acts::{Making, by};

/// `GET /v1/people`: nothing of it proves anything.
pub async fn list(State(state): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "people": listed::everybody(&state) }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct New {
    name: String,
    password: Option<String>,
    role: Option<String>,
    groups: Vec<String>,
    places: Vec<String>,
}

/// `POST /v1/people`: makes an account.
pub async fn make(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let by = by(&state, &caller(&request), &request);
    let New { name, password, role, groups, places } = read(&state, request).await?;
    let making = Making { password, role: role.unwrap_or_else(|| "none".into()), groups, places };
    acts::make(&state, by, &name, making).await?;
    one(&state, &name)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Otherwise {
    role: Option<String>,
    groups: Option<Vec<String>>,
    places: Option<Vec<String>>,
    disabled: Option<bool>,
}

/// `POST /v1/people/{name}`: says what somebody may do, or that nobody comes in as them. What is not named stays.
pub async fn change(
    State(state): State<Arc<Shared>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let by = by(&state, &caller(&request), &request);
    let Otherwise { role, groups, places, disabled } = read(&state, request).await?;
    let edit = acts::edit_of(role.as_deref(), groups, places, disabled)?;
    acts::change(&state, by, &name, edit).await?;
    one(&state, &name)
}

/// `POST /v1/people/{name}/sign-out`: ends all sessions of somebody.
pub async fn sign_out(State(state): State<Arc<Shared>>, Path(name): Path<String>) -> Result<Json<Value>, Failure> {
    Ok(Json(json!({ "ended": acts::sign_out(&state, &name)? })))
}

/// `POST /v1/people/{name}/tokens/{id}/revoke`: ends a token of somebody.
pub async fn revoke(
    State(state): State<Arc<Shared>>,
    Path((name, id)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let by = by(&state, &caller(&request), &request);
    acts::revoke(&state, by, &id, &name).await?;
    Ok(Json(json!({ "revoked": id })))
}

fn one(state: &Shared, name: &str) -> Result<Json<Value>, Failure> {
    let found = listed::everybody(state)
        .into_iter()
        .find(|known| known.id.as_deref() == Some(name) || known.id.is_none() && fold(&known.name) == fold(name));
    found
        .map(|found| Json(json!({ "person": found })))
        .ok_or_else(|| Failure::not_found(format!("there is nobody called {name}")))
}
