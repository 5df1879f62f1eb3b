//! `/v1/silences`: people hold back what they know of, and see how much that hides.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::{SignedDuration, Timestamp};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::access::within;
use super::answer::Failure;
use super::audit::ReadOnly;
use super::callers::Caller;
use super::control::{caller, read};
use super::incidents::reading;
use super::{Shared, list};
use crate::backend::Backend;
use crate::backend::silences::{SilenceDraft, SilenceError, SilenceView};
use crate::config::Period;
use crate::domain::parsed_time;
use crate::domain::silence::SilenceState;
use crate::domain::{Access, Matcher, Permission, Person};

/// How long a silence is taken to be that is only looked at and has no end.
const LOOK: SignedDuration = SignedDuration::from_mins(1);

/// A silence in a person's words.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    matchers: Vec<Written>,
    #[serde(deserialize_with = "parsed_time::deserialize")]
    from: Option<Timestamp>,
    #[serde(deserialize_with = "parsed_time::deserialize")]
    until: Option<Timestamp>,
    #[serde(rename = "for")]
    length: Option<String>,
    person: Option<String>,
    comment: String,
    broad: bool,
    preview: bool,
}

/// What may change of one that there is: another reach or beginning is another silence.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Longer {
    #[serde(deserialize_with = "parsed_time::deserialize")]
    until: Option<Timestamp>,
    #[serde(rename = "for")]
    length: Option<String>,
    person: Option<String>,
    comment: String,
    broad: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ended {
    person: Option<String>,
}

/// What one place of a list says: several matchers as a text, or one in Alertmanager's form. What is wrong with it is said
/// in the words of the matcher.
struct Written(Vec<Matcher>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    name: String,
    value: String,
    #[serde(default, rename = "isRegex")]
    is_regex: bool,
    #[serde(rename = "isEqual")]
    is_equal: Option<bool>,
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a matcher, such as \"alertname=~Kube.*\" or {\"name\", \"value\", \"isRegex\"}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Written, E> {
                Matcher::parse_all(text).map(Written).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
                let Parts { name, value, is_regex, is_equal } = Parts::deserialize(MapAccessDeserializer::new(map))?;
                let matcher = Matcher::new(&name, &value, is_regex, is_equal.unwrap_or(true));
                matcher.map(|matcher| Written(vec![matcher])).map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl From<SilenceError> for Failure {
    fn from(error: SilenceError) -> Self {
        match error {
            SilenceError::NotFound(text) => Self::not_found(text),
            SilenceError::Invalid(text) => Self::invalid(text),
            SilenceError::Broad(text) => Self::conflict(format!("{text} (\"broad\": true)")),
            SilenceError::Refused(text) => Self::forbidden(text),
            SilenceError::Changed(text) => Self::conflict(text),
            SilenceError::Unavailable(text) => Self::unavailable(text),
        }
    }
}

/// When a silence ends: at a time, or so long after its beginning.
pub(super) fn end(until: Option<Timestamp>, length: Option<&str>, begin: Timestamp) -> Result<Timestamp, Failure> {
    match (until, length) {
        (Some(until), None) => Ok(until),
        (None, Some(text)) => {
            let wrong = || Failure::invalid(format!("for: {text:?} is no length of time such as \"2h\" or \"1h30m\""));
            let period = Period::parse(text).ok_or_else(wrong)?;
            let length = SignedDuration::try_from(period.0).map_err(|_| wrong())?;
            begin.saturating_add(length).map_err(|_| wrong())
        }
        _ => Err(Failure::invalid("say either until when (\"until\") or for how long (\"for\")")),
    }
}

impl Words {
    fn draft(self, caller: Caller, now: Timestamp) -> Result<SilenceDraft, Failure> {
        let person = caller.person(self.person.as_deref())?;
        let begin = self.from.unwrap_or(now);
        // Whoever only looks need not know yet for how long.
        let ends_at = match (self.until, &self.length) {
            (None, None) if self.preview => begin.saturating_add(LOOK).unwrap_or(begin),
            (until, length) => end(until, length.as_deref(), begin)?,
        };
        let Self { matchers, from, comment, broad, .. } = self;
        let matchers = matchers.into_iter().flat_map(|Written(matchers)| matchers).collect();
        Ok(SilenceDraft { id: None, read: None, matchers, starts_at: from, ends_at, person, comment, broad })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    state: Option<SilenceState>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /v1/silences`.
pub async fn all(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let selection: Selection = list::query(&uri)?;
    let after = list::after("silences", selection.cursor.as_deref())?;
    let paged = selection.limit.is_some() || selection.cursor.is_some();
    let page = (after, selection.limit.unwrap_or(50).clamp(1, list::MAX_LIMIT));
    let views = reading(&state, move |backend| {
        let mut views = backend.silences(caller.access());
        views.retain(|view| selection.state.is_none_or(|state| state == view.state));
        Ok(views)
    });
    // All of them, in the order in which they end, unless pages are wanted.
    let (views, next) = match paged {
        true => crate::inquiry::paginate(
            "silences",
            views.await?,
            |view| view.silence.id.to_string(),
            (page.0.as_deref(), page.1),
        ),
        false => (views.await?, None),
    };
    Ok(Json(json!({ "silences": views, "next": next })))
}

/// `POST /v1/silences`: makes one, or says with `"preview": true` what it would cover.
pub async fn make(State(state): State<Arc<Shared>>, request: Request) -> Result<Response, Failure> {
    let caller = caller(&request);
    let words: Words = read(&state, request).await?;
    let preview = words.preview;
    let mut draft = words.draft(caller.clone(), state.clock.now())?;
    within(&caller, Permission::Silence, &draft.matchers)?;
    if preview {
        if draft.comment.is_empty() {
            draft.comment = "preview".into();
        }
        let preview = reading(&state, move |backend| Ok(backend.preview(&draft, caller.access())?)).await?;
        return Ok((Extension(ReadOnly), Json(json!({ "preview": preview }))).into_response());
    }
    let id = state.backend.set_silence(draft).await?;
    Ok(Json(json!({ "silence": shown(&state, id.to_string(), &caller).await? })).into_response())
}

/// `GET /v1/silences/{id}`.
pub async fn one(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    Ok(Json(json!({ "silence": shown(&state, id, &caller).await? })))
}

/// `POST /v1/silences/{id}/expire`.
pub async fn expire(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let caller = caller(&request);
    let (person, _, known) = addressed(&state, id, request, |words: &Ended| words.person.clone()).await?;
    let id = known.silence.id.to_string();
    state.backend.expire_silence(&id, person).await?;
    Ok(Json(json!({ "silence": shown(&state, id, &caller).await? })))
}

/// `POST /v1/silences/{id}/extend`: until another time; `for` counts from now.
pub async fn extend(
    State(state): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let caller = caller(&request);
    let (person, words, known) = addressed(&state, id, request, |words: &Longer| words.person.clone()).await?;
    let ends_at = end(words.until, words.length.as_deref(), state.clock.now())?;
    let id = state.backend.set_silence(longer(known, ends_at, words.comment, person, words.broad)).await?;
    Ok(Json(json!({ "silence": shown(&state, id.to_string(), &caller).await? })))
}

/// Who says something, what, and of which silence.
async fn addressed<T: DeserializeOwned + Default>(
    state: &Shared,
    id: String,
    request: Request,
    said: impl Fn(&T) -> Option<String>,
) -> Result<(Person, T, SilenceView), Failure> {
    let caller = caller(&request);
    let words: T = read(state, request).await?;
    let known = shown(state, id, &caller).await?;
    let person = caller.person(said(&words).as_deref())?;
    Ok((person, words, known))
}

/// The same silence until another time.
pub(super) fn longer(
    known: SilenceView,
    ends_at: Timestamp,
    comment: String,
    person: Person,
    broad: bool,
) -> SilenceDraft {
    let known = known.silence;
    SilenceDraft {
        id: Some(known.id.to_string()),
        read: Some(known.clone()),
        comment: if comment.trim().is_empty() { known.comment } else { comment },
        matchers: known.matchers,
        starts_at: None,
        ends_at,
        person,
        broad,
    }
}

/// The silence that a full id, or a unique beginning of one, means.
pub(super) async fn shown(state: &Shared, id: String, caller: &Caller) -> Result<SilenceView, Failure> {
    let access = caller.access().clone();
    reading(state, move |backend| found(backend, &id, &access)).await
}

pub(super) fn found(backend: &dyn Backend, id: &str, access: &Access) -> Result<SilenceView, Failure> {
    if let Some(view) = backend.silence(id, access) {
        return Ok(view);
    }
    let mut views = backend.silences(access);
    views.retain(|view| !id.is_empty() && view.silence.id.0.starts_with(id));
    match views.len() {
        0 => Err(Failure::not_found(format!("there is no silence {id}"))),
        1 => views.pop().ok_or_else(|| Failure::not_found(format!("there is no silence {id}"))),
        many => Err(Failure::not_found(format!("{many} silences have an id that begins with {id}"))),
    }
}
