//! `GET /v1/deliveries` and `POST /v1/deliveries/retry`: messages that were not delivered.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::answer::Failure;
use super::control::{caller, read};
use super::incidents::reading;
use crate::backend::deliveries::{Anew, Standing, Undelivered, Which};

/// A longer listing helps nobody.
const MAX_LIMIT: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    state: Option<Standing>,
    target: Option<String>,
    limit: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    id: Option<String>,
    target: Option<String>,
    all: bool,
    person: Option<String>,
    reason: String,
}

/// `GET /v1/deliveries`.
pub async fn list(State(state): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let Query(selection) = Query::<Selection>::try_from_uri(&uri)
        .map_err(|error| Failure::invalid(format!("the query cannot be read: {error}")))?;
    let limit = selection.limit.unwrap_or(50).min(MAX_LIMIT);
    let wanted = Undelivered { state: selection.state, target: selection.target, limit };
    let deliveries = reading(&state, move |backend| backend.deliveries(&wanted).map_err(Failure::unavailable)).await?;
    Ok(Json(json!({ "deliveries": deliveries })))
}

/// `POST /v1/deliveries/retry`.
pub async fn retry(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let caller = caller(&request);
    let words: Words = read(&state, request).await?;
    let person = caller.person(words.person.as_deref())?;
    let which = match (words.id, words.target, words.all) {
        (Some(id), None, false) => Which::Named(id),
        (None, Some(target), false) => Which::Target(target),
        (None, None, true) => Which::All,
        _ => return Err(Failure::invalid("say which: one of \"id\", \"target\" and \"all\": true")),
    };
    let anew = Anew { which, person, reason: words.reason };
    let count = state.backend.retry_deliveries(anew).await?;
    Ok(Json(json!({ "retried": count })))
}
