//! `GET /v1/deliveries` and `POST /v1/deliveries/retry`: messages that were not delivered.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Failure;
use super::control::{caller, read};
use super::incidents::reading;
use super::{Shared, list};
use crate::backend::deliveries::{DeliverySelector, DeliveryView, RetryRequest, UndeliveredQuery, UndeliveredState};
use crate::inquiry;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    state: Option<UndeliveredState>,
    target: Option<String>,
    cursor: Option<String>,
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
pub async fn all(State(state): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let selection: Selection = list::query(&uri)?;
    let limit = selection.limit.unwrap_or(50).min(list::MAX_LIMIT);
    let after = list::after("deliveries", selection.cursor.as_deref())?;
    // What was given up comes first; pages, whose first has an empty cursor, go by name.
    let paged = selection.cursor.is_some();
    let most = if paged { list::MAX_LIMIT } else { limit };
    let wanted = UndeliveredQuery { state: selection.state, target: selection.target, limit: most };
    let found = reading(&state, move |backend| backend.deliveries(&wanted).map_err(Failure::unavailable)).await?;
    let key = |view: &DeliveryView| view.id.clone();
    let (deliveries, next) = match paged {
        true => inquiry::paginate("deliveries", found, key, (after.as_deref(), limit)),
        false => (found, None),
    };
    Ok(Json(json!({ "deliveries": deliveries, "next": next })))
}

/// `POST /v1/deliveries/retry`.
pub async fn retry(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let caller = caller(&request);
    let words: Words = read(&state, request).await?;
    let person = caller.person(words.person.as_deref())?;
    let which = match (words.id, words.target, words.all) {
        (Some(id), None, false) => DeliverySelector::Named(id),
        (None, Some(target), false) => DeliverySelector::Target(target),
        (None, None, true) => DeliverySelector::All,
        _ => return Err(Failure::invalid("say which: one of \"id\", \"target\" and \"all\": true")),
    };
    let anew = RetryRequest { which, person, reason: words.reason };
    let count = state.backend.retry_deliveries(anew).await?;
    Ok(Json(json!({ "retried": count })))
}
