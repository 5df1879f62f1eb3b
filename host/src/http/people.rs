//! `/v1/people`: who there is, who may do what, and ending what others have; `/v1/me`: the same of one's own.

pub mod acts;
pub mod listed;
pub mod me;
pub mod person_ref;
pub mod tokens;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Failure;
use super::control::read;
use super::{Shared, etag};
use crate::domain::person::fold;
use crate::domain::text::truncate;
use acts::{NewAccount, Preconditions, Requester};
use listed::PersonView;
use person_ref::PersonRef;

/// What the first account does to everybody else.
const CLOSES: &str = "from now on nobody gets in without a proof, also not from this machine: pages, API and commands want a password or a token";

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

/// `GET /v1/people/{name}`: one of them, with a tag for `If-Match`.
pub async fn show(State(state): State<Arc<Shared>>, Path(key): Path<String>) -> Result<Response, Failure> {
    let (person, tag) = one(&state, &key)?;
    Ok(([(header::ETAG, tag)], Json(person)).into_response())
}

/// `POST /v1/people`: makes an account.
pub async fn make(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let requester = Requester::of_api(&state, &request);
    let New { name, password, role, groups, places } = read(&state, request).await?;
    let making = NewAccount { password, role: role.unwrap_or_else(|| "none".into()), groups, places };
    let open = state.callers.are_open();
    acts::make(&state, &requester, &name, making).await?;
    let (mut person, _) = one(&state, &name)?;
    if open && !state.callers.are_open() {
        with(&mut person, "note", CLOSES);
    }
    Ok(Json(person))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PersonChange {
    role: Option<String>,
    groups: Option<Vec<String>>,
    places: Option<Vec<String>>,
    disabled: Option<bool>,
    last_admin: bool,
}

/// `POST /v1/people/{name}`: says what somebody may do, or that nobody comes in as them. What is not named stays.
pub async fn change(
    State(state): State<Arc<Shared>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let requester = Requester::of_api(&state, &request);
    let read_as = etag::wanted(request.headers()).map(|tags| (name.clone(), tags));
    let PersonChange { role, groups, places, disabled, last_admin } = read(&state, request).await?;
    let edit = acts::edit_of(role.as_deref(), groups, places, disabled)?;
    acts::change(&state, &requester, &name, edit, Preconditions { last_admin, read: read_as }).await?;
    Ok(Json(one(&state, &name)?.0))
}

/// `POST /v1/people/{name}/sign-out`: ends all sessions of somebody.
pub async fn sign_out(State(state): State<Arc<Shared>>, Path(name): Path<String>) -> Result<Json<Value>, Failure> {
    Ok(Json(json!({ "ended": acts::sign_out(&state, &name)? })))
}

/// What may be said where a token is ended.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ending {
    /// It is meant, also where nobody is left who may say who there is.
    pub last_admin: bool,
}

/// `POST /v1/people/{name}/tokens/{id}/revoke`: ends a token of somebody.
pub async fn revoke(
    State(state): State<Arc<Shared>>,
    Path((name, id)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let requester = Requester::of_api(&state, &request);
    let Ending { last_admin } = read(&state, request).await?;
    tokens::revoke(&state, &requester, &id, &name, last_admin).await?;
    Ok(Json(json!({ "revoked": id })))
}

/// Says something more in an answer.
fn with(answer: &mut Value, key: &str, text: &str) {
    if let Value::Object(members) = answer {
        members.insert(key.into(), text.into());
    }
}

/// Somebody, and the tag of what can be changed of them: that they were here meanwhile changes nothing.
pub fn one(state: &Shared, key: &str) -> Result<(Value, String), Failure> {
    let id = PersonRef::of(state, key)?.id();
    let is_meant = |known: &PersonView| known.id.clone().unwrap_or_else(|| fold(&known.name)) == id;
    let found = listed::everybody(state).into_iter().find(is_meant);
    // Who has a session and is forgotten otherwise.
    let found = found.ok_or_else(|| Failure::not_found(format!("nothing is kept of {}", truncate(key, 60))))?;
    let tag = found.tag();
    Ok((json!({ "person": found }), tag))
}
