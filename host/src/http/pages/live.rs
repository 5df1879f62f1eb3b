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
use tokio::sync::{OwnedSemaphorePermit, watch as signal};
use tokio::time::{Instant, sleep, sleep_until};

use super::Viewer;
use crate::backend::visible;
use crate::http::Shared;
use crate::http::changes::Missed;
use crate::http::watch::viewed;

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
    news: signal::Receiver<u64>,
    /// What was told last.
    place: u64,
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
    let (news, last) = (state.changes.news(), state.changes.last());
    let position = state.backend.condition().position;
    let mut first = vec![tick(&state).retry(RETRY)];
    if known.is_some_and(|known| known != position) {
        first.push(Event::default().event("reload").id(position.to_string()).data("{}"));
    }
    first.reverse();
    let (stopping, tick) = (state.stopping.clone(), Instant::now() + TICK);
    let listener = Listener { state, viewer, news, place: last, stopping, tick, first, _place: place };
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
        let changed = tokio::select! {
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            () = sleep_until(self.tick) => false,
            changed = self.news.changed() => changed.map(|()| true).ok()?,
        };
        if !changed {
            self.tick = Instant::now() + TICK;
            // Whoever has signed out hears no more.
            return self.is_let_in().then(|| Heard::Told(tick(&self.state)));
        }
        tokio::select! {
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            () = sleep(TOGETHER) => {}
        }
        self.news.borrow_and_update();
        if !self.is_let_in() {
            return None;
        }
        let position = self.state.backend.condition().position.to_string();
        // Those behind the first are not looked at one by one.
        let changes = match self.state.changes.since(self.place, NAMED) {
            Missed::Everything(last) => {
                self.place = last;
                return Some(Heard::Told(Event::default().event("reload").id(position).data("{}")));
            }
            Missed::Changes(changes) => changes,
        };
        self.place = changes.last().map_or(self.place, |(number, _)| *number);
        let access = self.viewer.caller().access();
        let mut ids = BTreeSet::new();
        for (number, id) in changes {
            let hidden = access.is_bound() && {
                let view = viewed(&self.state, number, Arc::clone(&id)).await;
                !view.is_some_and(|view| visible::can_see(access, &view.incident))
            };
            if !hidden {
                ids.insert(id);
            }
        }
        // Of what somebody may not see they do not even hear that it was.
        if ids.is_empty() {
            return Some(Heard::Nothing);
        }
        let ids = serde_json::to_string(&ids).unwrap_or_else(|_| "[]".into());
        Some(Heard::Told(Event::default().event("changed").id(position).data(ids)))
    }

    /// Whether whoever listens is still let in; what they may see is what they may see now.
    fn is_let_in(&mut self) -> bool {
        let (state, now) = (&self.state, self.state.clock.now());
        if !state.pages.stands(state, self.viewer.session.as_ref()) {
            return false;
        }
        let Some(caller) = state.callers.goes_on(&self.viewer.caller, now) else { return false };
        self.viewer.caller = caller;
        true
    }
}
