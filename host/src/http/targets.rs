//! `POST /v1/targets/{name}/test`: a test message to one target.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Shared;
use super::answer::Failure;
use super::audit::{IdentifiedAs, NotDone};
use super::control::{caller, read};
use crate::backend::trials::{Trial, Tried};
use crate::domain::{Person, Severity};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    person: Option<String>,
    severity: Option<Severity>,
}

/// `POST /v1/targets/{name}/test`. Answers when the target has answered, or has not in time.
pub async fn test(
    State(state): State<Arc<Shared>>,
    Path(target): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let caller = caller(&request);
    let words: Words = read(&state, request).await?;
    let person = caller.person(words.person.as_deref())?;
    let severity = words.severity.unwrap_or(Severity::Info);
    let tried = state.backend.try_target(Trial { target, severity, person: person.clone() }).await?;
    Ok(told(Json(&tried).into_response(), &tried, person))
}

/// The answer with who it was, and with what the target has against it: the record of who did what has both.
pub(super) fn told(mut response: Response, tried: &Tried, person: Person) -> Response {
    response.extensions_mut().insert(IdentifiedAs(person));
    if let Some(reason) = &tried.reason {
        response.extensions_mut().insert(NotDone(format!("{} did not take it: {reason}", tried.target)));
    }
    response
}
