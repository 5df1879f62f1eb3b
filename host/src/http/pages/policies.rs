//! `/policies` and `/policies/explain`: what decides, and why something is decided as it is. Both change and call nothing.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::asking::Asking;
use super::look::listed;
use super::sent::{Sent, asked};
use crate::backend::ControlError;
use crate::backend::operations::ExplainRequest;
use crate::http::answer::Failure;
use crate::http::audit::ReadOnly;
use crate::page::{self, ExplainPage};

/// `GET /policies`.
pub async fn list(asking: Asking) -> Response {
    let read = listed(&asking.state, |backend, _| Ok(backend.policies()));
    asking.answers(read.await, page::policies)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Words {
    incident: String,
    body: String,
}

/// `GET /policies/explain`.
pub async fn explain(asking: Asking) -> Response {
    let words: Words = asked(&asking.uri);
    let incident = words.incident.trim().to_string();
    let asked = (!incident.is_empty()).then(|| ExplainRequest::Incident(incident.clone()));
    answer(&asking, asked, ExplainPage { incident, ..ExplainPage::default() }).await
}

/// `POST /policies/explain`: the same of a body, which would make an address too long.
pub async fn explain_body(asking: Asking, Sent(words): Sent<Words>) -> Response {
    let asked = (!words.body.trim().is_empty()).then(|| ExplainRequest::Body(words.body.clone()));
    let mut response = answer(&asking, asked, ExplainPage { body: words.body, ..ExplainPage::default() }).await;
    response.extensions_mut().insert(ReadOnly);
    response
}

async fn answer(asking: &Asking, asked: Option<ExplainRequest>, with: ExplainPage) -> Response {
    let mut status = StatusCode::OK;
    let answer = match asked {
        None => None,
        Some(asked) => {
            let read = listed(&asking.state, move |backend, cancellation| Ok(backend.explain(&asked, cancellation)));
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
    let explanation = ExplainPage { answer, ..with };
    asking.says(status, |frame| page::explain(&explanation, frame))
}
