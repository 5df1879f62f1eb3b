//! `/approve/{incident}/{action}`: the page behind a signed link.
//!
//! Looking at it changes nothing, so a program that previews links answers nothing. An answer is a
//! POST of the page's own form. The API's authentication is not asked here: the link proves that its
//! holder was told, and a token of their own, or a link that was made for them alone, who they are.

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
use super::audit::IdentifiedAs;
use super::callers::{self, Caller};
use super::incidents::reading;
use super::places::Peer;
use super::quotas::busy;
use super::refusals::Refused;
use super::{Shared, body};
use crate::backend::{ApprovalAnswer, ControlError};
use crate::config::Size;
use crate::domain::incident::{ActionRecord, ActionState, Approval};
use crate::domain::{Incident, Permission, Person, Ruling};
use crate::gate::LINK;
use crate::gate::link::Links;
use crate::report::page::{self, AnswerResult, Reader};

/// A name and a comment are short, also in percent signs.
const MAX_FORM: Size = Size(8 << 10);

/// And a browser sends them at once.
const FORM_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Ticket {
    until: i64,
    token: String,
    /// For whom alone it was made.
    #[serde(rename = "for")]
    person: Option<String>,
}

#[derive(Deserialize)]
struct Words {
    until: i64,
    token: String,
    answer: String,
    #[serde(rename = "for")]
    made_for: Option<String>,
    #[serde(default)]
    person: String,
    /// A token of the person's own.
    #[serde(default)]
    own_token: String,
    #[serde(default)]
    comment: String,
}

/// `GET /approve/{incident}/{action}`: shows the question.
pub async fn show(State(state): State<Arc<Shared>>, Path((id, action)): Path<(String, String)>, uri: Uri) -> Response {
    let Ok(Query(ticket)) = Query::<Ticket>::try_from_uri(&uri) else { return say(&state, &AnswerResult::Invalid) };
    let (incident, n) = match asked(&state, id, &action, &ticket).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Some(record) = incident.actions.get(n) else { return say(&state, &AnswerResult::Invalid) };
    let until = ticket.until.to_string();
    let mut hidden = vec![("until", until.as_str()), ("token", ticket.token.as_str())];
    hidden.extend(ticket.person.as_deref().map(|person| ("for", person)));
    let reader = match &ticket.person {
        Some(person) => Reader::Person(person),
        None if takes_unproven(record) => Reader::Anybody,
        None => Reader::Unproven,
    };
    html(&state, StatusCode::OK, page::question(&incident, record, &hidden, reader, state.language))
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
        return say(&state, &AnswerResult::Foreign);
    }
    let bytes = match form(&state, &id, &action, &head, body).await {
        Ok(bytes) => bytes,
        Err(response) => return response,
    };
    let request = Request::from_parts(head, Body::from(bytes));
    let Ok(Form(words)) = Form::<Words>::from_request(request, &()).await else {
        return say(&state, &AnswerResult::Invalid);
    };
    let ticket = Ticket { until: words.until, token: words.token, person: words.made_for };
    let (incident, n) = match asked(&state, id, &action, &ticket).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Some(record) = incident.actions.get(n) else { return say(&state, &AnswerResult::Invalid) };
    let question = format!("{}/{action}", incident.id);
    let person = match who(&state, &incident, &question, &ticket, &words.own_token, &words.person) {
        Ok(person) => person,
        Err(told) => return in_vain(&state, &told, &words.person),
    };
    if words.answer == "approve" && person.proven().is_none() && !takes_unproven(record) {
        return in_vain(&state, &AnswerResult::Unproven, &words.person);
    }
    let (after, known) = (with(record, &person), IdentifiedAs(person.clone()));
    let answer = ApprovalAnswer {
        incident: incident.id.to_string(),
        action,
        digest: Some(record.action.digest.clone()),
        person,
        via: LINK.into(),
        comment: words.comment,
    };
    let taken = match words.answer.as_str() {
        "approve" => state.backend.approve(answer).await.map(|()| after),
        "deny" => state.backend.reject(answer).await.map(|()| AnswerResult::Denied),
        _ => return say(&state, &AnswerResult::Invalid),
    };
    let (why, mut response) = match taken {
        Ok(told) => (None, say(&state, &told)),
        Err(error) => {
            let status = match error {
                ControlError::NotFound(_) => StatusCode::NOT_FOUND,
                ControlError::Conflict(_) => StatusCode::CONFLICT,
                ControlError::Forbidden(_) => StatusCode::FORBIDDEN,
                ControlError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            let text = error.to_string();
            (
                Some(text.clone()),
                html(&state, status, page::answer_sentence(&AnswerResult::Refused(text), state.language)),
            )
        }
    };
    response.extensions_mut().insert(known);
    why.map(|why| response.extensions_mut().insert(Refused(why)));
    response
}

/// What is said to somebody whose answer is not taken; the record keeps the name that they typed, and why.
fn in_vain(state: &Shared, told: &AnswerResult, typed: &str) -> Response {
    let why = match told {
        AnswerResult::WrongToken => "nobody who may answer has this token",
        AnswerResult::TooOften => "too many wrong tokens",
        AnswerResult::Unproven => "only people who prove their name can approve this",
        AnswerResult::Nameless => "no name was given",
        _ => "the link is not good for this",
    };
    let mut response = say(state, told);
    response.extensions_mut().insert(Refused(why.into()));
    callers::typed(typed).map(|person| response.extensions_mut().insert(IdentifiedAs(person)));
    response
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

/// The person who calls, if they may answer questions of this incident.
fn may_answer(caller: &Caller, incident: &Incident) -> Option<Person> {
    let person = caller.proven().filter(|_| caller.access().may_on_incident(Permission::Approve, incident))?;
    Some(person.clone().into())
}

/// Who answers: the owner of a token, the one for whom the link was made, or a name that is typed.
fn who(
    state: &Shared,
    incident: &Incident,
    question: &str,
    ticket: &Ticket,
    own_token: &str,
    typed: &str,
) -> Result<Person, AnswerResult> {
    let own_token = own_token.trim();
    if !own_token.is_empty() {
        let now = state.clock.now();
        if !state.attempts.may_try(question, now) {
            return Err(AnswerResult::TooOften);
        }
        let caller = state.callers.answering(own_token, now).ok_or_else(|| {
            state.attempts.wrong(question, now);
            AnswerResult::WrongToken
        })?;
        return may_answer(&caller, incident).ok_or(AnswerResult::Unproven);
    }
    if let Some(name) = &ticket.person {
        // Somebody who has left, or whose links are no longer for them alone, has no good link.
        return state
            .callers
            .linked(name)
            .and_then(|caller| may_answer(&caller, incident))
            .ok_or(AnswerResult::Invalid);
    }
    let person = Person::typed(typed);
    if person.is_nameless() { Err(AnswerResult::Nameless) } else { Ok(person) }
}

/// Whether the yes of somebody without a proven name adds anything.
fn takes_unproven(record: &ActionRecord) -> bool {
    let nobody = Person::typed("somebody");
    let wanted = record.ruling.iter().flat_map(Ruling::requirements);
    wanted.into_iter().any(|wanted| wanted.takes(&nobody, record.proposer()).is_ok())
}

/// What a person's yes makes of the question.
fn with(record: &ActionRecord, person: &Person) -> AnswerResult {
    let mut record = record.clone();
    let (at, digest) = (record.since, record.action.digest.clone());
    record.approvals.push(Approval { person: person.clone(), via: LINK.into(), at, digest });
    if record.is_approved() { AnswerResult::Approved } else { AnswerResult::MoreNeeded }
}

/// The incident and the place of its action, if the link is good for it and nobody has answered.
/// Whoever has no good link learns nothing, not even which incidents there are.
async fn asked(state: &Shared, id: String, action: &str, ticket: &Ticket) -> Result<(Incident, usize), Response> {
    let Some(links) = &state.links else {
        return Err(Failure::not_found("signed links are not configured; see [approvals]").into_response());
    };
    let _place = state.quotas.link().await.map_err(Failure::into_response)?;
    let found = reading(state, move |backend| backend.incident(&id).map_err(Failure::unavailable)).await;
    let incident = found.map_err(Failure::into_response)?.ok_or_else(|| say(state, &AnswerResult::Invalid))?;
    let n = incident.actions.iter().position(|record| record.action.id.0 == action);
    let found = n.and_then(|n| incident.actions.get(n).map(|record| (n, record)));
    let (n, record) = found.ok_or_else(|| say(state, &AnswerResult::Invalid))?;
    if !links.made(&incident.id, record, ticket.until, ticket.person.as_deref(), &ticket.token) {
        return Err(say(state, &AnswerResult::Invalid));
    }
    // Whoever has a link that was good once may learn what became of the question.
    match record.state {
        ActionState::Asked if state.clock.now().as_millisecond() >= ticket.until => {
            Err(say(state, &AnswerResult::Expired))
        }
        ActionState::Asked => Ok(()),
        ActionState::Expired => Err(say(state, &AnswerResult::Expired)),
        _ => Err(say(state, &AnswerResult::Answered)),
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

fn say(state: &Shared, told: &AnswerResult) -> Response {
    let status = match told {
        AnswerResult::Approved | AnswerResult::MoreNeeded | AnswerResult::Denied => StatusCode::OK,
        AnswerResult::Refused(_) | AnswerResult::Answered => StatusCode::CONFLICT,
        AnswerResult::Expired => StatusCode::GONE,
        AnswerResult::Invalid | AnswerResult::Foreign | AnswerResult::Unproven | AnswerResult::WrongToken => {
            StatusCode::FORBIDDEN
        }
        AnswerResult::TooOften => StatusCode::TOO_MANY_REQUESTS,
        AnswerResult::Nameless => StatusCode::BAD_REQUEST,
    };
    html(state, status, page::answer_sentence(told, state.language))
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
