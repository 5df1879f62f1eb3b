//! `/`, `/incidents` and `/i/{id}`: reading what is shown there. Each list is one of the indexes' and has a bound.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::asking::Asking;
use super::handling::whole;
use super::see_other;
use crate::backend::{Backend, Cancellation, Filter, find, visible};
use crate::domain::text::letters::visible_line;
use crate::domain::{Access, Incident, Outcome, State as Standing};
use crate::http::answer::Failure;
use crate::http::incidents::reading;
use crate::http::{Shared, list};
use crate::page::{self, Listing, OverviewPage, Selection};
use crate::ports::IncidentRecord;

/// Incidents of each list of `/`.
const FEW: usize = 10;
/// Questions that `/` shows.
const QUESTIONS: usize = 50;
/// Incidents of one page of `/incidents`.
const PAGE: usize = 50;
/// Incidents that are looked at for a text before somebody is asked whether they want to go on.
const LOOKED_AT: usize = 500;
/// How long reading may take.
const LISTING: Duration = Duration::from_secs(10);

/// `GET /`.
pub async fn now(asking: Asking) -> Response {
    let access = asking.viewer.caller.access().clone();
    let read = listed(&asking.state, move |backend, cancellation| {
        let list = |filter: Filter| {
            let part = visible::list(backend, &filter, &access, cancellation).map_err(Failure::unavailable)?;
            Ok::<_, Failure>(part.incidents)
        };
        let of = |state, limit| list(Filter { state: Some(state), limit, ..Filter::default() });
        let people = |outcome| {
            list(Filter {
                state: Some(Standing::Watching),
                outcome: Some(outcome),
                limit: FEW + 1,
                ..Filter::default()
            })
        };
        let mut working = of(Standing::Acting, FEW)?;
        for state in [Standing::Investigating, Standing::Planning, Standing::Open] {
            working.extend(of(state, FEW)?);
        }
        working.truncate(FEW);
        let asked = of(Standing::AwaitingApproval, QUESTIONS)?;
        let mut needed = people(Outcome::Error)?;
        needed.extend(people(Outcome::NeedsPerson)?);
        let more_people = needed.len() > FEW;
        needed.truncate(FEW);
        needed.sort_by_key(|incident| std::cmp::Reverse(incident.severity()));
        Ok(OverviewPage {
            asked,
            people: needed,
            more_people,
            working,
            newest: list(Filter { limit: FEW, ..Filter::default() })?,
        })
    });
    asking.answers(read.await, page::now)
}

/// What the address of a list may say. A form sends what is left open as empty.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    state: String,
    outcome: String,
    severity: String,
    source: String,
    rule: String,
    q: String,
    before: String,
}

fn selection(uri: &Uri) -> Result<Selection, Failure> {
    let words: Words = list::query(uri)?;
    let all = words.state == "all" || !words.outcome.is_empty() && words.state.is_empty();
    Ok(Selection {
        all,
        state: word("state", if words.state == "all" { "" } else { &words.state })?,
        outcome: word("outcome", &words.outcome)?,
        severity: word("severity", &words.severity)?,
        source: words.source.trim().to_string(),
        rule: words.rule.trim().to_string(),
        text: visible_line(words.q.trim()),
        before: words.before,
    })
}

pub(super) fn word<T: DeserializeOwned>(what: &str, word: &str) -> Result<Option<T>, Failure> {
    let read =
        || serde_json::from_value(word.into()).map_err(|_| Failure::invalid(format!("there is no {what} {word:?}")));
    if word.is_empty() { Ok(None) } else { read().map(Some) }
}

/// `GET /incidents`.
pub async fn incidents(asking: Asking) -> Response {
    let read = async {
        let selected = selection(&asking.uri)?;
        let (wanted, access) = (selected.clone(), asking.viewer.caller.access().clone());
        let listing = listed(&asking.state, move |backend, cancellation| {
            listing(backend, &wanted, &access, cancellation).map_err(Failure::unavailable)
        });
        Ok::<_, Failure>((listing.await?, selected))
    };
    asking.answers(read.await, |(listing, selected), frame| page::incidents(listing, selected, frame))
}

/// One page of a list. What no index holds, a text, is looked for in a bounded number of incidents.
fn listing(
    backend: &dyn Backend,
    wanted: &Selection,
    access: &Access,
    cancellation: &Cancellation,
) -> Result<Listing, String> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    let mut filter = Filter {
        live: !wanted.all && wanted.state.is_none(),
        state: wanted.state,
        outcome: wanted.outcome,
        severity: wanted.severity,
        source: some(&wanted.source),
        rule: some(&wanted.rule),
        before: some(&wanted.before),
        limit: PAGE,
        ..Filter::default()
    };
    let text = wanted.text.to_lowercase();
    let mut shown = Listing { incidents: Vec::new(), next: None, looked_at: 0 };
    loop {
        let part = visible::list(backend, &filter, access, cancellation)?;
        // Where a part is short and not the last, so many were looked at that nobody should wait any longer.
        let short = part.incidents.len() < PAGE;
        for incident in part.incidents {
            if shown.incidents.len() == PAGE {
                // The page is full, and this one may be on the next.
                return Ok(shown);
            }
            shown.looked_at += 1;
            shown.next = Some(incident.id.to_string());
            if holds(&incident, &text) {
                shown.incidents.push(incident);
            }
        }
        shown.next.clone_from(&part.next);
        let enough = short || text.is_empty() || shown.incidents.len() == PAGE || shown.looked_at >= LOOKED_AT;
        if part.next.is_none() || enough {
            return Ok(shown);
        }
        filter.before = part.next;
    }
}

/// Whether an incident holds a text in lower case: in its title, its group or a label as `name=value`, each as it is shown.
fn holds(incident: &Incident, text: &str) -> bool {
    let holds = |hay: &str| visible_line(hay).to_lowercase().contains(text);
    text.is_empty()
        || holds(&incident.title())
        || holds(&incident.group_key)
        || holds(&incident.id.0)
        || incident.alerts.iter().any(|alert| {
            holds(alert.title()) || alert.labels.iter().any(|(key, value)| holds(&format!("{key}={value}")))
        })
}

/// `GET /i/{id}`.
pub async fn incident(asking: Asking, Path(id): Path<String>) -> Response {
    match whole(&asking, id.clone()).await {
        // The address of an incident has its whole name.
        Ok(whole) if *whole.story.incident.id.0 != *id => see_other(&format!("/i/{}", whole.story.incident.id)),
        read => asking.answers(read, page::incident),
    }
}

/// `GET /i/{id}/journal.json`: the entries as they are.
pub async fn journal(State(state): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match story(&state, id).await {
        Ok(story) => Json(json!({ "incident": story.incident.id, "entries": story.entries })).into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// An incident with its entries.
pub async fn story(state: &Shared, id: String) -> Result<IncidentRecord, Failure> {
    reading(state, move |backend| {
        let incident = find(backend, &id)?;
        let none = || Failure::not_found(format!("incident {} has no entries", incident.id));
        backend.story(&incident.id.0).map_err(Failure::unavailable)?.ok_or_else(none)
    })
    .await
}

/// Reads lists within a bound of time, and stops when nobody waits any more.
pub async fn listed<T: Send + 'static>(
    state: &Shared,
    read: impl FnOnce(&dyn Backend, &Cancellation) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let cancellation = Cancellation::default();
    let _waiting = cancellation.on_drop();
    let reading = reading(state, move |backend| read(backend, &cancellation));
    let too_long = |_| Failure::unavailable("the listing takes too long; ask for fewer incidents, or come again later");
    tokio::time::timeout(LISTING, reading).await.map_err(too_long)?
}
