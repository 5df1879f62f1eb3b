//! `/alerts`: reading what fires. What is shown of it has a bound; what is looked at is what is live.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::look::{listed, word};
use super::{Viewer, failed, shown};
use crate::backend::alerts::Wanted;
use crate::domain::Matcher;
use crate::http::answer::Failure;
use crate::http::{Shared, list};
use crate::page::{self, AlertSelection};

/// Alerts of one page.
const PAGE: usize = 100;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    matchers: String,
    severity: String,
    silenced: String,
    by: String,
    skip: usize,
}

fn selection(uri: &Uri) -> Result<AlertSelection, Failure> {
    let words: Words = list::query(uri)?;
    let held = match words.silenced.as_str() {
        "" => None,
        "yes" => Some(true),
        "no" => Some(false),
        other => return Err(Failure::invalid(format!("silenced: {other:?} is neither yes nor no"))),
    };
    Ok(AlertSelection {
        matchers: Matcher::parse_all(&words.matchers).map_err(Failure::invalid)?,
        severity: word("severity", &words.severity)?,
        held,
        by: words.by.trim().to_string(),
        skip: words.skip,
    })
}

/// `GET /alerts`.
pub async fn list(
    State(state): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let fail = |failure: &Failure| failed(&state, &headers, &uri, &viewer.who, failure);
    let selection = match selection(&uri) {
        Ok(selection) => selection,
        Err(failure) => return fail(&failure),
    };
    let AlertSelection { matchers, severity, held, by, skip } = selection.clone();
    let wanted = Wanted { matchers, severity, held, by, skip, most: PAGE };
    match listed(&state, move |backend, cancellation| Ok(backend.firing(&wanted, cancellation))).await {
        Ok(firing) => {
            shown(&state, &headers, &uri, &viewer.who, StatusCode::OK, |frame| page::alerts(&firing, &selection, frame))
        }
        Err(failure) => fail(&failure),
    }
}
