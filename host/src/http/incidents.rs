//! `GET /v1/incidents` and below: what happened.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{Uri, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Failure;
use super::callers::Caller;
use super::{Shared, list};
use crate::backend::{Backend, Cancellation, EvidenceView, Filter, find, no_report, whole};
use crate::domain::incident::IncidentView;
use crate::domain::{Incident, Matcher, Outcome, Severity, State as Standing};
use crate::report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    state: Option<Standing>,
    outcome: Option<Outcome>,
    severity: Option<Severity>,
    source: Option<String>,
    rule: Option<String>,
    since: Option<Timestamp>,
    /// Matchers, such as `namespace="shop"`: one alert must pass all of them.
    r#match: Option<String>,
    before: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Reads records on a thread that may wait for files.
pub async fn reading<T: Send + 'static>(
    state: &Shared,
    read: impl FnOnce(&dyn Backend) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let backend = state.backend.clone();
    let place = Arc::clone(&state.readers).acquire_owned().await;
    let work = tokio::task::spawn_blocking(move || {
        // Held until it has ended, also when nobody waits for it any more.
        let _place = place;
        read(backend.as_ref())
    });
    work.await.unwrap_or_else(|_| Err(Failure::internal("reading the records failed; the host's log says why")))
}

/// The incident that a path means.
pub async fn named(state: &Shared, id: String) -> Result<Incident, Failure> {
    reading(state, move |backend| Ok(find(backend, &id)?)).await
}

/// `GET /v1/incidents`.
pub async fn all(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let selection: Selection = list::query(&uri)?;
    if selection.before.is_some() && selection.cursor.is_some() {
        return Err(Failure::invalid(
            "say either before which incident (\"before\") or behind which page (\"cursor\")",
        ));
    }
    let matchers = Matcher::parse_all(selection.r#match.as_deref().unwrap_or_default()).map_err(Failure::invalid)?;
    let after = list::after("incidents", selection.cursor.as_deref())?;
    let filter = Filter {
        live: false,
        state: selection.state,
        outcome: selection.outcome,
        severity: selection.severity,
        source: selection.source,
        rule: selection.rule,
        since: selection.since,
        prefix: None,
        before: selection.before.or(after),
        limit: selection.limit.unwrap_or(50).min(list::MAX_LIMIT),
    };
    let cancellation = Cancellation::default();
    // Dropped with this request, also when its sender hangs up.
    let _waiting = cancellation.on_drop();
    let listing =
        reading(&state, move |backend| list::incidents(backend, filter, &matchers, caller.access(), &cancellation));
    let too_long = |_| Failure::unavailable("the listing takes too long; ask for fewer incidents, or come again later");
    let (incidents, next) = tokio::time::timeout(list::LISTING, listing).await.map_err(too_long)??;
    let views: Vec<IncidentView> = incidents.iter().map(IncidentView::from).collect();
    Ok(Json(json!({ "incidents": views, "next": next })))
}

/// `GET /v1/incidents/{id}`.
pub async fn one(State(state): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<IncidentView>, Failure> {
    Ok(Json(whole(&named(&state, id).await?)))
}

/// `GET /v1/incidents/{id}/report`.
pub async fn written(State(state): State<Arc<Shared>>, Path(id): Path<String>) -> Result<impl IntoResponse, Failure> {
    let incident = named(&state, id).await?;
    let none = || Failure::not_found(no_report(&incident));
    let report = incident.report.clone().ok_or_else(none)?;
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], report))
}

/// `GET /v1/incidents/{id}/evidence`.
pub async fn evidence(State(state): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    let evidence = reading(&state, move |backend| {
        let incident = find(backend, &id)?;
        Ok(json!({ "incident": incident.id, "evidence": EvidenceView::all(&incident) }))
    });
    evidence.await.map(Json)
}

/// `GET /v1/incidents/{id}/evidence/{number}`: one answer as it is in the journal.
pub async fn one_evidence(
    State(state): State<Arc<Shared>>,
    Path((id, number)): Path<(String, usize)>,
) -> Result<Json<EvidenceView>, Failure> {
    let evidence = reading(&state, move |backend| {
        let incident = find(backend, &id)?;
        let none = || Failure::not_found(EvidenceView::none(&incident, number));
        EvidenceView::one(&incident, number).ok_or_else(none)
    });
    evidence.await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    detail: Option<Folding>,
}

/// How much of what happened is told.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Folding {
    /// Looks that answered, one after the other for the same purpose, are one line.
    Folded,
    /// One line an entry.
    All,
}

/// `GET /v1/incidents/{id}/timeline`.
pub async fn timeline(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let detail = match list::query::<Told>(&uri)?.detail {
        Some(Folding::Folded) => report::Detail::Folded,
        Some(Folding::All) | None => report::Detail::All,
    };
    let (story, now) = reading(&state, move |backend| {
        let incident = find(backend, &id)?;
        let story = backend.story(&incident.id.0).map_err(Failure::unavailable)?;
        let now = story.as_ref().and_then(|story| backend.waits_for(&story.incident));
        Ok((story, now))
    })
    .await?;
    let story = story.ok_or_else(|| Failure::not_found("this incident has no entries"))?;
    let lines = report::timeline(&story, detail, state.language);
    Ok(Json(json!({ "incident": story.incident.id, "timeline": lines, "now": now })))
}
