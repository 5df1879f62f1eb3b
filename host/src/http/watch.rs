//! `GET /v1/incidents/watch`: an event for every incident to which something happened.
//!
//! The event carries the incident as it stands when it is sent. Whoever falls behind, or comes back with `Last-Event-ID`,
//! goes on where it was, and is told `reset` where nobody knows any more what it missed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use tokio::sync::{OwnedSemaphorePermit, watch as signal};

use super::Shared;
use super::answer::Failure;
use super::callers::Caller;
use super::changes::{Missed, View};
use super::incidents::reading;
use super::pages::Key;
use crate::domain::Permission;

/// A line now and then shows both sides that the other is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Watcher {
    state: Arc<Shared>,
    news: signal::Receiver<u64>,
    /// What was told last.
    place: u64,
    /// What is told next, the last first.
    missed: Vec<(u64, Arc<str>)>,
    stopping: signal::Receiver<bool>,
    session: Option<Key>,
    caller: Caller,
    _place: OwnedSemaphorePermit,
}

/// `GET /v1/incidents/watch`.
pub async fn watch(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let place = state.quotas.watcher()?;
    let session = state.pages.session(&state, &headers);
    let news = state.changes.news();
    let told = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    // Of a place that is not known, such as one of before a start, it must be read anew what there is.
    let from = told.map_or_else(|| state.changes.last(), |told| state.changes.place(told).unwrap_or(u64::MAX));
    let stopping = state.stopping.clone();
    let watcher = Watcher { news, place: from, missed: Vec::new(), stopping, session, caller, state, _place: place };
    let events = futures::stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok(event), watcher))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Watcher {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let Some((number, id)) = self.missed.pop() else {
                match self.state.changes.since(self.place, usize::MAX) {
                    Missed::Everything(last) => {
                        self.place = last;
                        return Some(Event::default().event("reset").data("{}").id(self.state.changes.name(last)));
                    }
                    Missed::Changes(changes) if changes.is_empty() => tokio::select! {
                        // Otherwise the server could never finish its requests under way.
                        () = stopped(&mut self.stopping) => return None,
                        changed = self.news.changed() => changed.ok()?,
                    },
                    Missed::Changes(mut changes) => {
                        changes.reverse();
                        self.missed = changes;
                    }
                }
                continue;
            };
            // Whoever has signed out sees nothing more.
            if !self.state.pages.stands(&self.state, self.session.as_ref()) {
                return None;
            }
            // Nor does whoever is not let in any more; what they may see is what they may see now.
            self.caller = self.state.callers.goes_on(&self.caller, self.state.clock.now())?;
            self.place = number;
            let Some(view) = viewed(&self.state, number, id).await else { continue };
            if self.caller.access().may_on_incident(Permission::Look, &view.incident) {
                let event = Event::default().event("incident").data(&view.text);
                return Some(event.id(self.state.changes.name(number)));
            }
        }
    }
}

/// The incident of a change, however many look at it.
pub async fn viewed(state: &Shared, number: u64, id: Arc<str>) -> Option<Arc<View>> {
    let read = async {
        let found = reading(state, move |backend| backend.incident(&id).map_err(Failure::unavailable)).await;
        found.ok().flatten()
    };
    state.changes.view(number, read).await
}

async fn stopped(stopping: &mut signal::Receiver<bool>) {
    drop(stopping.wait_for(|stopping| *stopping).await);
}
