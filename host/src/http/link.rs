//! `/approve/{incident}/{action}`: the page behind a signed link.
//!
//! Looking at it changes nothing, so a program that previews links answers nothing. An answer is a
//! POST of the page's own form. The link is the proof; the API's authentication is not asked here.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Form, FromRequest, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::answer::Failure;
use super::incidents::reading;
use super::places::Peer;
use super::quotas::busy;
use super::{Shared, body};
use crate::backend::{Answer, ControlError};
use crate::config::Size;
use crate::domain::Incident;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::gate::LINK;
use crate::gate::link::Links;
use crate::report::page::{self, Told};

/// A name and a comment are short, also in percent signs.
const MAX_FORM: Size = Size(8 << 10);

/// And a browser sends them at once.
const FORM_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Ticket {
    until: i64,
    token: String,
}

#[derive(Deserialize)]
struct Words {
    until: i64,
    token: String,
    answer: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    comment: String,
}

/// `GET /approve/{incident}/{action}`: shows the question.
pub async fn show(State(state): State<Arc<Shared>>, Path((id, action)): Path<(String, String)>, uri: Uri) -> Response {
    let Ok(Query(ticket)) = Query::<Ticket>::try_from_uri(&uri) else { return say(&state, &Told::Invalid) };
    let (incident, n) = match asked(&state, id, &action, &ticket).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Some(record) = incident.actions.get(n) else { return say(&state, &Told::Invalid) };
    let until = ticket.until.to_string();
    let hidden = [("until", until.as_str()), ("token", ticket.token.as_str())];
    html(&state, StatusCode::OK, page::question(&incident, record, &hidden, state.language))
}

/// `POST /approve/{incident}/{action}`: takes the answer.
pub async fn answer(
    State(state): State<Arc<Shared>>,
    Path((id, action)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let base = state.links.as_ref().map(Links::base).unwrap_or_default();
    if !own_page(&head.headers, base) {
        return say(&state, &Told::Foreign);
    }
    let bytes = match form(&state, &id, &action, &head, body).await {
        Ok(bytes) => bytes,
        Err(response) => return response,
    };
    let request = Request::from_parts(head, Body::from(bytes));
    let Ok(Form(words)) = Form::<Words>::from_request(request, &()).await else {
        return say(&state, &Told::Invalid);
    };
    let ticket = Ticket { until: words.until, token: words.token };
    let (incident, n) = match asked(&state, id, &action, &ticket).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Some(record) = incident.actions.get(n) else { return say(&state, &Told::Invalid) };
    let person = words.person.trim().to_string();
    if person.is_empty() {
        return say(&state, &Told::Nameless);
    }
    let answer = Answer {
        incident: incident.id.0.clone(),
        action,
        digest: Some(record.action.digest.clone()),
        person,
        via: LINK.into(),
        comment: words.comment,
    };
    let taken = match words.answer.as_str() {
        "approve" => state.backend.approve(answer).await.map(|()| approved(record)),
        "deny" => state.backend.reject(answer).await.map(|()| Told::Denied),
        _ => return say(&state, &Told::Invalid),
    };
    match taken {
        Ok(told) => say(&state, &told),
        Err(error) => {
            let status = match error {
                ControlError::NotFound(_) => StatusCode::NOT_FOUND,
                ControlError::Conflict(_) => StatusCode::CONFLICT,
                ControlError::Forbidden(_) => StatusCode::FORBIDDEN,
                ControlError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            html(&state, status, page::told(&Told::Refused(error.to_string()), state.language))
        }
    }
}

/// The form's bytes. A page of ours sends it to the link itself, and then nothing is read unless the
/// link is good. Whoever sends the ticket in the form alone is read within narrow bounds, and learns
/// nothing before that, not even which incidents there are.
async fn form(state: &Shared, id: &str, action: &str, head: &Parts, body: Body) -> Result<Vec<u8>, Response> {
    let peer = head.extensions.get::<Peer>().copied().unwrap_or(Peer::UNKNOWN);
    let place = state.quotas.forms.take(peer).ok_or_else(|| busy().into_response())?;
    if let Ok(Query(ticket)) = Query::<Ticket>::try_from_uri(&head.uri) {
        asked(state, id.to_string(), action, &ticket).await?;
        place.hold();
    }
    let within = FORM_TIMEOUT.min(state.settings.body_timeout);
    let bounds = body::Bounds { max: MAX_FORM, within, place: Some(&place) };
    body::read_within(&head.headers, body, bounds, |_| ()).await.map_err(Failure::into_response)
}

fn approved(before: &ActionRecord) -> Told {
    let wanted = before.ruling.as_ref().map_or(1, |ruling| ruling.approvals as usize);
    if before.approvers(jiff::Timestamp::MIN, before.ruling.as_ref().map_or(1, |ruling| ruling.approvals)).len() + 1
        >= wanted
    {
        Told::Approved
    } else {
        Told::MoreNeeded
    }
}

/// The incident and the place of its action, if the link is good for it and nobody has answered.
/// Whoever has no good link learns nothing, not even which incidents there are.
async fn asked(state: &Shared, id: String, action: &str, ticket: &Ticket) -> Result<(Incident, usize), Response> {
    let Some(links) = &state.links else {
        return Err(Failure::not_found("signed links are not configured; see [approvals]").into_response());
    };
    let _place = state.quotas.link().await.map_err(Failure::into_response)?;
    let found = reading(state, move |backend| backend.incident(&id).map_err(Failure::unavailable)).await;
    let incident = found.map_err(Failure::into_response)?.ok_or_else(|| say(state, &Told::Invalid))?;
    let n = incident.actions.iter().position(|record| record.action.id.0 == action);
    let found = n.and_then(|n| incident.actions.get(n).map(|record| (n, record)));
    let (n, record) = found.ok_or_else(|| say(state, &Told::Invalid))?;
    if !links.made(&incident.id, record, ticket.until, &ticket.token) {
        return Err(say(state, &Told::Invalid));
    }
    // Whoever has a link that was good once may learn what became of the question.
    let used = record.approvals.iter().any(|approval| approval.via == LINK);
    match record.state {
        ActionState::Asked if used => Err(say(state, &Told::Answered)),
        ActionState::Asked if state.clock.now().as_millisecond() >= ticket.until => Err(say(state, &Told::Expired)),
        ActionState::Asked => Ok(()),
        ActionState::Expired => Err(say(state, &Told::Expired)),
        _ => Err(say(state, &Told::Answered)),
    }?;
    Ok((incident, n))
}

/// Whether a form was sent by a page of ours. Our pages send no referrer, and then browsers send
/// `Origin: null` and say in another header where the form was.
fn own_page(headers: &HeaderMap, base: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let origin = |address: &str| address.split('/').take(3).collect::<Vec<_>>().join("/");
    match text(header::ORIGIN.as_str()) {
        None => true,
        Some("null") => site.is_some(),
        Some(given) if given == origin(base) => true,
        Some(given) => given.split_once("://").map(|(_, authority)| authority) == text(header::HOST.as_str()),
    }
}

fn say(state: &Shared, told: &Told) -> Response {
    let status = match told {
        Told::Approved | Told::MoreNeeded | Told::Denied => StatusCode::OK,
        Told::Refused(_) | Told::Answered => StatusCode::CONFLICT,
        Told::Expired => StatusCode::GONE,
        Told::Invalid | Told::Foreign => StatusCode::FORBIDDEN,
        Told::Nameless => StatusCode::BAD_REQUEST,
    };
    html(state, status, page::told(told, state.language))
}

fn html(state: &Shared, status: StatusCode, page: String) -> Response {
    let mut response = (status, page).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, state.page_policy.clone());
    response
}

/// Nothing is loaded, nothing runs, nobody frames it, and its forms go nowhere else. The only style
/// is the one in the page, by its hash.
pub fn page_policy() -> HeaderValue {
    let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(page::STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
