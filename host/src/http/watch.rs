//! `GET /v1/incidents/watch`: an event for every incident to which something happened.
//!
//! The event carries the incident as it stands when it is sent. A reader that falls far behind misses
//! some: this is for looking on, the records are for knowing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch as signal};

use super::Shared;
use super::answer::Failure;
use super::incidents::reading;
use super::pages::Key;
use crate::domain::incident::IncidentView;

/// A line now and then shows both sides that the other is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Watcher {
    state: Arc<Shared>,
    changes: broadcast::Receiver<String>,
    stopping: signal::Receiver<bool>,
    session: Option<Key>,
    _place: OwnedSemaphorePermit,
}

/// `GET /v1/incidents/watch`.
pub async fn watch(
    State(state): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let place = state.quotas.watcher()?;
    let session = state.pages.session(&state, &headers);
    let (changes, stopping) = (state.backend.changes(), state.stopping.clone());
    let watcher = Watcher { changes, stopping, session, state, _place: place };
    let events = futures::stream::unfold(watcher, |mut watcher| async move {
        loop {
            let id = tokio::select! {
                // Otherwise the server could never finish its requests under way.
                () = stopped(&mut watcher.stopping) => return None,
                change = watcher.changes.recv() => match change {
                    Ok(id) => id,
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                },
            };
            // Whoever has signed out sees nothing more.
            if !watcher.state.pages.stands(watcher.session.as_ref(), watcher.state.clock.elapsed()) {
                return None;
            }
            let found =
                reading(&watcher.state, move |backend| backend.incident(&id).map_err(Failure::unavailable)).await;
            let Ok(Some(incident)) = found else { continue };
            let mut view = IncidentView::from(&incident);
            view.report = None;
            if let Ok(event) = Event::default().event("incident").json_data(view) {
                return Some((Ok(event), watcher));
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

async fn stopped(stopping: &mut signal::Receiver<bool>) {
    drop(stopping.wait_for(|stopping| *stopping).await);
}
