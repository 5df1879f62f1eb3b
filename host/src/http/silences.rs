//! `/v1/silences`: people hold back what they know of, and see how much that hides.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::Uri;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::answer::Failure;
use super::callers::Caller;
use super::control::{caller, read};
use super::incidents::reading;
use crate::backend::Backend;
use crate::backend::silences::{Draft, SilenceError, SilenceView};
use crate::config::Period;
use crate::domain::Matcher;
use crate::domain::silence::SilenceState;

/// A silence in a person's words.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    matchers: Vec<Written>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    #[serde(rename = "for")]
    length: Option<String>,
    person: Option<String>,
    comment: String,
    broad: bool,
    preview: bool,
}

/// One matcher: a text, or in Alertmanager's form.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Parts(Matcher),
}

impl From<SilenceError> for Failure {
    fn from(error: SilenceError) -> Self {
        match error {
            SilenceError::NotFound(text) => Self::not_found(text),
            SilenceError::Invalid(text) => Self::invalid(text),
            SilenceError::Broad(text) => Self::conflict(format!("{text} (\"broad\": true)")),
            SilenceError::Refused(text) => Self::forbidden(text),
            SilenceError::Unavailable(text) => Self::unavailable(text),
        }
    }
}

impl Words {
    /// When it ends: at a time, or so long after its beginning.
    fn end(&self, begin: Timestamp) -> Result<Timestamp, Failure> {
        match (&self.until, &self.length) {
            (Some(until), None) => Ok(*until),
            (None, Some(text)) => {
                let wrong =
                    || Failure::invalid(format!("for: {text:?} is no length of time such as \"2h\" or \"1h30m\""));
                let period = Period::parse(text).ok_or_else(wrong)?;
                let length = SignedDuration::try_from(period.0).map_err(|_| wrong())?;
                begin.saturating_add(length).map_err(|_| wrong())
            }
            _ => Err(Failure::invalid("say either until when (\"until\") or for how long (\"for\")")),
        }
    }

    fn matchers(&mut self) -> Result<Vec<Matcher>, Failure> {
        let mut all = Vec::new();
        for written in std::mem::take(&mut self.matchers) {
            match written {
                Written::Parts(matcher) => all.push(matcher),
                Written::Text(text) => all.extend(Matcher::parse_all(&text).map_err(Failure::invalid)?),
            }
        }
        Ok(all)
    }

    fn draft(mut self, caller: Caller, now: Timestamp) -> Result<Draft, Failure> {
        let person = caller.person(self.person.as_deref())?;
        let matchers = self.matchers()?;
        let ends_at = self.end(self.from.unwrap_or(now))?;
        let Self { from, comment, broad, .. } = self;
        Ok(Draft { id: None, matchers, starts_at: from, ends_at, person, comment, broad })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    state: Option<SilenceState>,
}

/// `GET /v1/silences`.
pub async fn list(State(state): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, Failure> {
    let Query(selection) = Query::<Selection>::try_from_uri(&uri)
        .map_err(|error| Failure::invalid(format!("the query cannot be read: {error}")))?;
    let views = reading(&state, move |backend| {
        let mut views = backend.silences();
        views.retain(|view| selection.state.is_none_or(|state| state == view.state));
        Ok(views)
    });
    Ok(Json(json!({ "silences": views.await? })))
}

/// `POST /v1/silences`: makes one, or says with `"preview": true` what it would cover.
pub async fn make(State(state): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Failure> {
    let caller = caller(&request);
    let words: Words = read(&state, request).await?;
    let preview = words.preview;
    let mut draft = words.draft(caller, state.clock.now())?;
    if preview {
        if draft.comment.is_empty() {
            draft.comment = "preview".into();
        }
        let preview = reading(&state, move |backend| Ok(backend.preview(&draft)?)).await?;
        return Ok(Json(json!({ "preview": preview })));
    }
    let id = state.backend.set_silence(draft).await?;
    Ok(Json(json!({ "silence": shown(&state, id.to_string()).await? })))
}

/// `GET /v1/silences/{id}`.
pub async fn one(State(state): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    Ok(Json(json!({ "silence": shown(&state, id).await? })))
}

/// `POST /v1/silences/{id}/expire`.
pub async fn expire(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let caller = caller(&request);
    let words: Words = read(&state, request).await?;
    let person = caller.person(words.person.as_deref())?;
    let known = shown(&state, id).await?;
    let id = known.silence.id.to_string();
    state.backend.expire_silence(&id, person).await?;
    Ok(Json(json!({ "silence": shown(&state, id).await? })))
}

/// `POST /v1/silences/{id}/extend`: until another time; `for` counts from now.
pub async fn extend(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let caller = caller(&request);
    let words: Words = read(&state, request).await?;
    let person = caller.person(words.person.as_deref())?;
    let known = shown(&state, id).await?.silence;
    let draft = Draft {
        id: Some(known.id.to_string()),
        ends_at: words.end(state.clock.now())?,
        comment: if words.comment.is_empty() { known.comment } else { words.comment },
        matchers: known.matchers,
        starts_at: None,
        person,
        broad: words.broad,
    };
    let id = state.backend.set_silence(draft).await?;
    Ok(Json(json!({ "silence": shown(&state, id.to_string()).await? })))
}

/// The silence that a full id, or a unique beginning of one, means.
async fn shown(state: &Shared, id: String) -> Result<SilenceView, Failure> {
    reading(state, move |backend| found(backend, &id)).await
}

fn found(backend: &dyn Backend, id: &str) -> Result<SilenceView, Failure> {
    if let Some(view) = backend.silence(id) {
        return Ok(view);
    }
    let mut views = backend.silences();
    views.retain(|view| !id.is_empty() && view.silence.id.0.starts_with(id));
    match views.len() {
        0 => Err(Failure::not_found(format!("there is no silence {id}"))),
        1 => views.pop().ok_or_else(|| Failure::not_found(format!("there is no silence {id}"))),
        many => Err(Failure::not_found(format!("{many} silences have an id that begins with {id}"))),
    }
}
