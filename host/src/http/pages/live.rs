//! `/live`: which incidents have changed, for pages that are open, and the host's time, so that a page sees when it hears
//! nothing any more. It tells names alone: what they are about is read by who wants to show it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, watch as signal};
use tokio::time::{Instant, sleep_until};

use super::Viewer;
use crate::backend::{Backend, seen};
use crate::http::Shared;
use crate::http::incidents::reading;

/// A page that has heard nothing for longer than two of these is old.
const TICK: Duration = Duration::from_secs(10);
/// What changes within so long is told at once.
const TOGETHER: Duration = Duration::from_millis(250);
/// Incidents that are named; of more it is told that everything may have changed.
const NAMED: usize = 100;
/// How soon a browser comes back.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Since {
    since: Option<u64>,
}

/// What came of something that happened.
enum Heard {
    /// It is told.
    Told(Event),
    /// It is no business of whoever listens.
    Nothing,
}

struct Listener {
    state: Arc<Shared>,
    viewer: Viewer,
    changes: broadcast::Receiver<String>,
    stopping: signal::Receiver<bool>,
    tick: Instant,
    /// What is told first.
    first: Vec<Event>,
    _place: OwnedSemaphorePermit,
}

/// `GET /live`.
pub async fn live(
    State(state): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let place = match state.quotas.page_watcher() {
        Ok(place) => place,
        Err(failure) => return failure.into_response(),
    };
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let known: Option<u64> = known.or_else(|| Query::<Since>::try_from_uri(&uri).ok()?.since);
    let changes = state.backend.changes();
    let position = state.backend.condition().position;
    let mut first = vec![tick(&state).retry(RETRY)];
    if known.is_some_and(|known| known != position) {
        first.push(Event::default().event("reload").id(position.to_string()).data("{}"));
    }
    first.reverse();
    let (stopping, tick) = (state.stopping.clone(), Instant::now() + TICK);
    let listener = Listener { state, viewer, changes, stopping, tick, first, _place: place };
    let events = futures::stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let mut response = Sse::new(events).into_response();
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    out.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn tick(state: &Shared) -> Event {
    Event::default().event("tick").data(state.clock.now().as_millisecond().to_string())
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.first.pop() {
            return Some(event);
        }
        loop {
            match self.heard().await? {
                Heard::Told(event) => return Some(event),
                Heard::Nothing => {}
            }
        }
    }

    /// What is told of what came next; none where this listener is told no more.
    async fn heard(&mut self) -> Option<Heard> {
        let change = tokio::select! {
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            () = sleep_until(self.tick) => None,
            change = self.changes.recv() => Some(change),
        };
        let Some(change) = change else {
            self.tick = Instant::now() + TICK;
            // Whoever has signed out hears no more.
            return self.is_let_in().then(|| Heard::Told(tick(&self.state)));
        };
        let mut ids = BTreeSet::new();
        let mut all = match change {
            Ok(id) => {
                ids.insert(id);
                false
            }
            Err(RecvError::Lagged(_)) => true,
            Err(RecvError::Closed) => return None,
        };
        let until = Instant::now() + TOGETHER;
        loop {
            tokio::select! {
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                () = sleep_until(until) => break,
                change = self.changes.recv() => match change {
                    Ok(id) => drop(ids.insert(id)),
                    Err(RecvError::Lagged(_)) => all = true,
                    Err(RecvError::Closed) => break,
                },
            }
        }
        if !self.is_let_in() {
            return None;
        }
        let access = self.viewer.caller().access();
        if access.is_bound() {
            // Those behind the first are not looked at one by one.
            all |= ids.len() > NAMED;
            let (access, known) = (access.clone(), std::mem::take(&mut ids));
            let seen = move |backend: &dyn Backend, id: &String| {
                backend.incident(id).ok().flatten().is_some_and(|incident| seen::sees(&access, &incident))
            };
            let named = reading(&self.state, move |backend| {
                Ok(known.into_iter().take(NAMED).filter(|id| seen(backend, id)).collect::<BTreeSet<_>>())
            });
            ids = named.await.unwrap_or_default();
        }
        let position = self.state.backend.condition().position.to_string();
        if all || ids.len() > NAMED {
            return Some(Heard::Told(Event::default().event("reload").id(position).data("{}")));
        }
        // Of what somebody may not see they do not even hear that it was.
        if ids.is_empty() {
            return Some(Heard::Nothing);
        }
        let ids = serde_json::to_string(&ids).unwrap_or_else(|_| "[]".into());
        Some(Heard::Told(Event::default().event("changed").id(position).data(ids)))
    }

    fn is_let_in(&self) -> bool {
        let (state, now) = (&self.state, self.state.clock.now());
        state.pages.stands(state, self.viewer.session.as_ref())
            && state.callers.goes_on(&self.viewer.caller, now).is_some()
    }
}
