//! `POST /v1/chat`, `GET /v1/chat` and `GET /v1/chat/{id}`: conversations of people with the model.
//!
//! A question is answered as server-sent events. Each has the name of what it is; its id is the conversation's entry behind
//! it, and events that are shown before they are durable have none. A caller that hangs up breaks its answer off.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::Uri;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch as signal};

use super::answer::Failure;
use super::control::{caller, read};
use super::incidents::reading;
use super::{Shared, list};
use crate::backend::{Backend, find};
use crate::chat::{ChatError, Question, StreamedEvent};
use crate::domain::conversation::ConversationView;
use crate::domain::{ConversationId, Person};
use crate::inquiry::Cursor;

/// A line now and then shows both sides that the other is there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Longer listings come in pages, by `before`.
const MAX_LIMIT: usize = 200;
/// In the place of an id: the newest.
const LATEST: &str = "latest";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    text: String,
    conversation: Option<String>,
    incident: Option<String>,
    person: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    before: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    person: Option<String>,
}

struct Answering {
    shown: mpsc::UnboundedReceiver<StreamedEvent>,
    stopping: signal::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

/// `POST /v1/chat`.
pub async fn ask(
    State(state): State<Arc<Shared>>,
    request: Request,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let caller = caller(&request);
    let Asked { text, conversation, incident, person } = read(&state, request).await?;
    let person = caller.person(person.as_deref())?;
    let place = state.quotas.watcher()?;
    if conversation.is_some() && incident.is_some() {
        return Err(Failure::invalid("incident: a conversation is about what it began with; leave it out"));
    }
    let incident = match incident {
        Some(word) => Some(reading(&state, move |backend| Ok(find(backend, &word)?.id)).await?),
        None => None,
    };
    let conversation = conversation.map(|id| ConversationId(id.into()));
    let shown = state.backend.chat(Question { conversation, incident, text, person }).await?;
    let answering = Answering { shown, stopping: state.stopping.clone(), _place: place };
    let events = futures::stream::unfold(answering, |mut answering| async move {
        loop {
            let shown = tokio::select! {
                // Otherwise the server could never finish its requests under way.
                () = stopped(&mut answering.stopping) => return None,
                shown = answering.shown.recv() => shown?,
            };
            let event = Event::default().event(shown.event.name());
            let event = shown.entry.iter().fold(event, |event, entry| event.id(entry.to_string()));
            if let Ok(event) = event.json_data(&shown.event) {
                return Some((Ok(event), answering));
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// `GET /v1/chat`.
pub async fn all(State(state): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let Selection { before, cursor, limit } = list::query(&uri)?;
    let before = before.or(list::after("conversations", cursor.as_deref())?);
    let limit = limit.unwrap_or(20).min(MAX_LIMIT);
    let listed = reading(&state, move |backend| {
        backend.conversations(None, before.as_deref(), limit + 1).map_err(Failure::unavailable)
    });
    let mut listed = listed.await?;
    let more = listed.len() > limit;
    listed.truncate(limit);
    let next = listed.last().filter(|_| more).map(|last| Cursor::write("conversations", &last.id));
    Ok(Json(json!({ "conversations": listed, "next": next })))
}

/// `GET /v1/chat/{id}`; `latest` means the newest of whoever calls: by the name that they prove, or else by `person`.
pub async fn one(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ConversationView>, Failure> {
    let Whose { person } = list::query(request.uri())?;
    let person = caller(&request).known(person.as_deref());
    let view = reading(&state, move |backend| {
        let wanted = if id == LATEST { newest(backend, person)? } else { id };
        let none = || Failure::not_found("there is no such conversation; GET /v1/chat lists them");
        backend.conversation(&wanted).map_err(Failure::unavailable)?.ok_or_else(none)
    });
    view.await.map(Json)
}

/// The newest conversation that this person began: what another one asked is not theirs to go on with.
fn newest(backend: &dyn Backend, person: Option<Person>) -> Result<String, Failure> {
    let nobody = || Failure::invalid("person: is missing; the latest conversation is the latest of somebody");
    let person = person.ok_or_else(nobody)?;
    let listed = backend.conversations(Some(&person), None, 1).map_err(Failure::unavailable)?;
    let none =
        || Failure::not_found(format!("{person} has begun no conversation; GET /v1/chat lists those of everybody"));
    listed.into_iter().next().map(|view| view.id).ok_or_else(none)
}

async fn stopped(stopping: &mut signal::Receiver<bool>) {
    drop(stopping.wait_for(|stopping| *stopping).await);
}

impl From<ChatError> for Failure {
    fn from(refused: ChatError) -> Self {
        match refused {
            ChatError::NotFound(text) => Self::not_found(text),
            ChatError::Conflict(text) => Self::conflict(text),
            ChatError::Invalid(text) => Self::invalid(text),
            ChatError::Unavailable(text) => Self::unavailable(text),
        }
    }
}
