//! `/policies` and `/policies/explain`: what decides, and why something is decided as it is. Both change and call nothing.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::look::listed;
use super::sign::form;
use super::{Viewer, failed, shown};
use crate::backend::ControlError;
use crate::backend::operations::Asked;
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::audit::OnlyLooked;
use crate::page::{self, Explanation};

/// `GET /policies`.
pub async fn list(
    State(state): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match listed(&state, |backend, _| Ok(backend.policies())).await {
        Ok(policies) => {
            shown(&state, &headers, &uri, &viewer.who, StatusCode::OK, |frame| page::policies(&policies, frame))
        }
        Err(failure) => failed(&state, &headers, &uri, &viewer.who, &failure),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Words {
    incident: String,
    body: String,
}

/// `GET /policies/explain`.
pub async fn explain(
    State(state): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let words = Query::<Words>::try_from_uri(&uri).map(|Query(words)| words).unwrap_or_default();
    let incident = words.incident.trim().to_string();
    let asked = (!incident.is_empty()).then(|| Asked::Incident(incident.clone()));
    let with = Explanation { incident, ..Explanation::default() };
    answer(&state, &viewer, &headers, &uri, asked, with).await
}

/// `POST /policies/explain`: the same of a body, which would make an address too long.
pub async fn explain_body(
    State(state): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Response {
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let words: Words = match form(&state, request).await {
        Ok(words) => words,
        Err(response) => return *response,
    };
    let asked = (!words.body.trim().is_empty()).then(|| Asked::Body(words.body.clone()));
    let with = Explanation { body: words.body, ..Explanation::default() };
    let mut response = answer(&state, &viewer, &headers, &uri, asked, with).await;
    response.extensions_mut().insert(OnlyLooked);
    response
}

async fn answer(
    state: &Shared,
    viewer: &Viewer,
    headers: &HeaderMap,
    uri: &Uri,
    asked: Option<Asked>,
    with: Explanation,
) -> Response {
    let mut status = StatusCode::OK;
    let answer = match asked {
        None => None,
        Some(asked) => {
            let read = listed(state, move |backend, cancellation| Ok(backend.explain(&asked, cancellation)));
            let answer = match read.await {
                Ok(answer) => answer,
                Err(failure) => Err(ControlError::Unavailable(failure.sentence().to_string())),
            };
            Some(answer.map_err(|error| {
                let failure = Failure::from(error);
                status = failure.status();
                failure.sentence().to_string()
            }))
        }
    };
    let explanation = Explanation { answer, ..with };
    shown(state, headers, uri, &viewer.who, status, |frame| page::explain(&explanation, frame))
}
