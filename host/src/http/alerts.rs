//! `GET /v1/alerts`: what fires now, page by page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Failure;
use super::callers::Caller;
use super::incidents::reading;
use super::{Shared, list};
use crate::backend::alerts::{AlertView, LiveAlert};
use crate::domain::matcher::all_match;
use crate::domain::{Matcher, Severity};
use crate::inquiry::paged;

/// Alerts of one page where nobody says otherwise.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    /// Matchers, such as `namespace="shop"`: all must pass.
    r#match: Option<String>,
    severity: Option<Severity>,
    /// Only what is silenced or inhibited, or only what is not.
    silenced: Option<bool>,
    cursor: Option<String>,
    limit: Option<usize>,
}

impl Selection {
    fn takes(&self, matchers: &[Matcher], live: &LiveAlert) -> bool {
        let silenced = !live.silenced_by.is_empty() || !live.inhibited_by.is_empty();
        all_match(matchers, &live.alert)
            && self.severity.is_none_or(|severity| severity == live.alert.severity)
            && self.silenced.is_none_or(|wanted| wanted == silenced)
    }
}

/// `GET /v1/alerts`.
pub async fn all(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let selection: Selection = list::query(&uri)?;
    let matchers = Matcher::parse_all(selection.r#match.as_deref().unwrap_or_default()).map_err(Failure::invalid)?;
    let after = list::after("alerts", selection.cursor.as_deref())?;
    let limit = selection.limit.unwrap_or(PAGE).clamp(1, list::MAX_LIMIT);
    let listed = reading(&state, move |backend| {
        let mut found = backend.live_alerts(caller.access());
        found.retain(|live| selection.takes(&matchers, live));
        let count = found.len();
        // By incident, the one that was opened first first, so that a page goes on where the one before ended.
        let key = |live: &LiveAlert| format!("{} {} {}", live.incident, live.alert.source, live.alert.fingerprint);
        let (found, next) = paged("alerts", found, key, (after.as_deref(), limit));
        Ok((found, count, next))
    });
    let (found, count, next) = listed.await?;
    let views: Vec<AlertView> = found.into_iter().map(AlertView::from).collect();
    Ok(Json(json!({ "alerts": views, "count": count, "next": next })))
}
