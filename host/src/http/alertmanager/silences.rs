//! `/api/v2/silences` and `/api/v2/silence/{id}`.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::bounded::{BYTES, List, Room, unwritten};
use super::{answer, coded, failed, filters, invalid, ok, time};
use crate::backend::silences::{SilenceDraft, SilenceError, SilenceView};
use crate::domain::parsed_time;
use crate::domain::silence::SilenceState;
use crate::domain::{Access, Matcher, Permission, Role, SilenceId};
use crate::http::Shared;
use crate::http::access::{elsewhere, within};
use crate::http::body;
use crate::http::callers::Caller;
use crate::http::control::{MAX_WORDS, caller};
use crate::http::incidents::reading;

/// What a comment ends with where a broad silence is meant: the second step for clients that know no other.
const MEANT: &str = "[broad]";

/// `GET /api/v2/silences`.
pub async fn listed(State(state): State<Arc<Shared>>, Extension(caller): Extension<Caller>, uri: Uri) -> Response {
    let wanted = match filters(&uri) {
        Ok(wanted) => wanted,
        Err(response) => return response,
    };
    let read = reading(&state, move |backend| {
        let mut views = backend.silences(caller.access());
        // A silence passes a filter if it has that very matcher.
        views.retain(|view| wanted.iter().all(|matcher| view.silence.matchers.contains(matcher)));
        views.sort_by_key(|view| match view.state {
            SilenceState::Active => (0, view.silence.ends_at, Reverse(Timestamp::MIN)),
            SilenceState::Pending => (1, view.silence.starts_at, Reverse(Timestamp::MIN)),
            SilenceState::Expired => (2, Timestamp::MIN, Reverse(view.silence.ends_at)),
        });
        let mut room = Room::of(BYTES);
        let mut all = Vec::with_capacity(views.len());
        for view in &views {
            let shown = serde_json::value::to_raw_value(&shown(view)).map_err(unwritten)?;
            if room.takes(&shown) {
                all.push(shown);
            }
        }
        room.list(&all)
    });
    read.await.map_or_else(failed, List::answer)
}

/// `GET /api/v2/silence/{id}`.
pub async fn get_one(
    State(state): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Response {
    if let Some(response) = no_uuid(&id) {
        return response;
    }
    match reading(&state, move |backend| Ok(backend.silence(&id, caller.access()))).await {
        Ok(Some(view)) => ok(&shown(&view)),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(failure) => failed(failure),
    }
}

/// `DELETE /api/v2/silence/{id}`: ends it.
pub async fn delete(State(state): State<Arc<Shared>>, Path(id): Path<String>, request: Request) -> Response {
    if let Some(response) = no_uuid(&id) {
        return response;
    }
    // A request to delete carries no name.
    let person = match caller(&request).person(Some("alertmanager API")) {
        Ok(person) => person,
        Err(failure) => return failed(failure),
    };
    match state.backend.expire_silence(&id, person).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(SilenceError::NotFound(_)) => StatusCode::NOT_FOUND.into_response(),
        Err(SilenceError::Unavailable(text)) => answer(StatusCode::SERVICE_UNAVAILABLE, &json!(text)),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, &json!(error.to_string())),
    }
}

/// `POST /api/v2/silences`.
pub async fn set(State(state): State<Arc<Shared>>, request: Request) -> Response {
    let caller = caller(&request);
    let (head, body) = request.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        let text = format!("unsupported media type {kind:?}, only [application/json] are allowed");
        return coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, 415, text);
    }
    let bytes = match body::read(&head.headers, body, MAX_WORDS, state.settings.body_timeout).await {
        Ok(bytes) => bytes,
        Err(failure) => return failed(failure),
    };
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(error) => {
            let text = format!("parsing silence body from \"\" failed, because {error}");
            return coded(StatusCode::BAD_REQUEST, 400, text);
        }
    };
    let mut draft = match read(&value) {
        Ok(draft) => draft,
        Err(response) => return response,
    };
    let created_by = value.get("createdBy").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    if let Err(failure) = within(&caller, Permission::Silence, &draft.matchers) {
        return failed(failure);
    }
    // The one that it takes the place of is ended: it must be theirs to end, and what they may not see is not there.
    let everywhere = Access::of(Role::Viewer);
    if let Some(known) = draft.id.as_deref().and_then(|id| state.backend.silence(id, &everywhere)) {
        let (access, matchers) = (caller.access(), &known.silence.matchers);
        if !access.may_cover(Permission::Look, matchers) {
            return answer(StatusCode::NOT_FOUND, &json!("silence not found"));
        }
        if !access.may_cover(Permission::Silence, matchers) {
            return failed(elsewhere(&caller, Permission::Silence));
        }
    }
    draft.person = match caller.person(created_by) {
        Ok(person) => person,
        Err(_) => {
            return invalid("Failed to create silence: createdBy is empty; the journal keeps who wants a silence");
        }
    };
    match state.backend.set_silence(draft).await {
        Ok(id) => ok(&json!({ "silenceID": id })),
        Err(SilenceError::NotFound(_)) => answer(StatusCode::NOT_FOUND, &json!("silence not found")),
        Err(SilenceError::Unavailable(text)) => answer(StatusCode::SERVICE_UNAVAILABLE, &json!(text)),
        Err(SilenceError::Broad(text)) => invalid(format!(
            "Failed to create silence: {text}: end the comment with {MEANT}, or use `tidegate silence add`"
        )),
        Err(SilenceError::Invalid(text)) if text.starts_with("at least one matcher") => {
            invalid(format!("silence invalid: {text}"))
        }
        Err(error) => invalid(format!("Failed to create silence: {error}")),
    }
}

fn no_uuid(id: &str) -> Option<Response> {
    let text = || format!("silenceID in path must be of type uuid: {:?}", crate::domain::text::truncate(id, 100));
    (!SilenceId::is_one(id)).then(|| coded(StatusCode::UNPROCESSABLE_ENTITY, 601, text()))
}

/// The silence of a body, whoever wants it.
fn read(value: &Value) -> Result<SilenceDraft, Response> {
    let unfit = |code: u16, text: String| coded(StatusCode::UNPROCESSABLE_ENTITY, code, text);
    let object = value.as_object().ok_or_else(|| unfit(601, "silence in body must be of type object".into()))?;
    for key in ["comment", "createdBy", "endsAt", "matchers", "startsAt"] {
        if object.get(key).is_none_or(Value::is_null) {
            return Err(unfit(602, format!("{key} in body is required")));
        }
    }
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let at = |key: &'static str| {
        let wrong = || unfit(601, format!("{key} in body must be of type date-time: {:?}", text(key)));
        parsed_time::timestamp(text(key)).ok_or_else(wrong)
    };
    let listed = object.get("matchers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if listed.is_empty() {
        return Err(unfit(612, "matchers in body should have at least 1 items".into()));
    }
    let mut matchers = Vec::new();
    for (n, one) in listed.iter().enumerate() {
        for key in ["isRegex", "name", "value"] {
            if one.get(key).is_none_or(Value::is_null) {
                return Err(unfit(602, format!("matchers.{n}.{key} in body is required")));
            }
        }
        let matcher: Result<Matcher, _> = serde_json::from_value(one.clone());
        matchers
            .push(matcher.map_err(|error| invalid(format!("silence invalid: invalid label matcher {n}: {error}")))?);
    }
    let comment = text("comment");
    Ok(SilenceDraft {
        id: Some(text("id")).filter(|id| !id.is_empty()).map(str::to_string),
        read: None,
        matchers,
        starts_at: Some(at("startsAt")?),
        ends_at: at("endsAt")?,
        person: crate::domain::Person::typed(""),
        comment: comment.to_string(),
        broad: comment.trim_end().ends_with(MEANT),
    })
}

fn shown(view: &SilenceView) -> Value {
    let silence = &view.silence;
    json!({
        "id": silence.id,
        "status": { "state": view.state.as_str() },
        "updatedAt": time(silence.updated_at),
        "comment": silence.comment,
        "createdBy": silence.person.shown(),
        "endsAt": time(silence.ends_at),
        "matchers": silence.matchers,
        "startsAt": time(silence.starts_at),
    })
}
