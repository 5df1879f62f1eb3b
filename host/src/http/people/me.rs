//! `/v1/me`: who one is here, what one may do and why, and one's own tokens and sessions.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Ending;
use super::acts::{self, Requester};
use super::listed::{TokenView, tokens_of};
use super::tokens::{self, Minted};
use crate::config::RoleSource;
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::callers::Caller;
use crate::http::control::read;

/// Why somebody may do something, in a word.
fn because(because: &RoleSource) -> Value {
    match because {
        RoleSource::Own => json!("own"),
        RoleSource::Unsaid => json!("unsaid"),
        RoleSource::Named => json!("named"),
        RoleSource::Group(group) => json!({ "group": group }),
    }
}

/// `GET /v1/me`.
pub async fn show(State(state): State<Arc<Shared>>, Extension(caller): Extension<Caller>) -> Json<Value> {
    let Some(person) = caller.proven() else {
        return Json(json!({ "name": null, "access": caller.access().grants() }));
    };
    let why = state.callers.config().why_of_person(&state.callers.book(), person);
    let access: Vec<Value> = why
        .iter()
        .map(|(grant, why)| json!({ "role": grant.role, "cluster": grant.bounds.cluster, "namespace": grant.bounds.namespace, "because": because(why) }))
        .collect();
    Json(json!({
        "name": person.name(), "way": person.proof().as_str(), "groups": person.groups(), "access": access,
        "scopes": caller.access().scopes(), "tokens": tokens::owner(&caller).map(|name| tokens_of(&state, name)).unwrap_or_default(),
        "sessions": state.pages.sessions_of(&person.id()),
    }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct New {
    scopes: Vec<String>,
    expires: Option<String>,
    label: String,
}

/// `POST /v1/me/tokens`: makes one; what proves it is in this answer and nowhere else.
pub async fn make_token(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let requester = Requester::of_api(&state, &request);
    let New { scopes, expires, label } = read(&state, request).await?;
    let Minted { secret, token, capped } =
        tokens::mint(&state, &requester, &scopes, expires.as_deref(), &label).await?;
    let mut made = json!({ "secret": secret.expose(), "token": TokenView::of(&state, &token) });
    if capped {
        let note = "it ends with the token that made it, which is sooner than the 90 days that are usual";
        super::with(&mut made, "note", note);
    }
    Ok(Json(made))
}

/// `POST /v1/me/tokens/{token}/revoke`: ends one of one's own.
pub async fn revoke_token(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let requester = Requester::of_api(&state, &request);
    let Ending { last_admin } = read(&state, request).await?;
    tokens::revoke_own(&state, &requester, &id, last_admin).await?;
    Ok(Json(json!({ "revoked": id })))
}

/// `POST /v1/me/sign-out`: ends all of one's own sessions.
pub async fn sign_out(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Failure> {
    let ended = acts::sign_out_own(&state, &caller)?;
    Ok(Json(json!({ "ended": ended })))
}
