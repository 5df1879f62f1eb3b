//! `/i/{id}/{action}`: a question, and the answer to it. Looking answers nothing; an answer is about exactly what was shown,
//! and goes the same way as one by the API.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::asking::Asking;
use super::look::story;
use super::sent::Sent;
use super::{Viewer, see_other};
use crate::backend::{self, Cancellation, ControlError, Filter, visible};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::requirement::ApprovalRefusal;
use crate::domain::{Incident, Permission, Person, Ruling, State as Standing};
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::incidents::reading;
use crate::http::refusals::Refused;
use crate::page::{self, AnswerError, AnswerRights, Approval};
use crate::ports::IncidentRecord;

/// Over what an answer came.
const VIA: &str = "page";
/// Open questions among which others about the same object are looked for.
const OTHERS: usize = 50;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Words {
    digest: String,
    version: String,
    answer: String,
    person: String,
    comment: String,
    confirm: String,
}

/// `GET /i/{id}/{action}`.
pub async fn show(asking: Asking, Path((id, action)): Path<(String, String)>) -> Response {
    question(&asking, &id, &action, StatusCode::OK, None).await
}

/// `POST /i/{id}/{action}`.
pub async fn take(asking: Asking, Path((id, action)): Path<(String, String)>, Sent(words): Sent<Words>) -> Response {
    let (state, viewer) = (&asking.state, &asking.viewer);
    let story = match story(state, id.clone()).await {
        Ok(story) => story,
        Err(failure) => return asking.fails(&failure),
    };
    let refuse = |status, why| question(&asking, &id, &action, status, Some(why));
    let Some(record) = story.incident.actions.iter().find(|record| record.action.id.0 == action) else {
        return refuse(StatusCode::NOT_FOUND, AnswerError::Changed).await;
    };
    if *story.incident.id.0 != *id
        || page::question_version(record) != words.version
        || record.action.digest != words.digest
    {
        return refuse(StatusCode::CONFLICT, AnswerError::Changed).await;
    }
    let yes = match words.answer.as_str() {
        "approve" => true,
        "deny" => false,
        _ => return refuse(StatusCode::BAD_REQUEST, AnswerError::Unclear).await,
    };
    if yes && let Some(word) = page::confirmation(&record.action) {
        let said = !page::needs_comment(&record.action) || !words.comment.trim().is_empty();
        if words.confirm.trim() != word || !said {
            return refuse(StatusCode::BAD_REQUEST, AnswerError::Untyped(word)).await;
        }
    }
    let Some(person) = viewer.caller.clone().known(Some(&words.person)) else {
        return refuse(StatusCode::BAD_REQUEST, AnswerError::Nameless).await;
    };
    // Of a name that a session proves nothing else is said.
    let answer = backend::ApprovalAnswer {
        incident: id.clone(),
        action: action.clone(),
        digest: Some(words.digest),
        person,
        via: VIA.into(),
        comment: words.comment,
    };
    let taken = if yes { state.backend.approve(answer).await } else { state.backend.reject(answer).await };
    match taken {
        // What became of it is read from the record, not guessed.
        Ok(()) => see_other(&format!("/i/{}/{action}", story.incident.id)),
        Err(error) => {
            let status = match error {
                ControlError::NotFound(_) => StatusCode::NOT_FOUND,
                ControlError::Conflict(_) => StatusCode::CONFLICT,
                ControlError::Forbidden(_) => StatusCode::FORBIDDEN,
                ControlError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            let why = Refused(error.to_string());
            let mut response = refuse(status, AnswerError::Host(error.to_string())).await;
            response.extensions_mut().insert(why);
            response
        }
    }
}

/// The question as it stands now, with what was wrong with an answer.
async fn question(
    asking: &Asking,
    id: &str,
    action: &str,
    status: StatusCode,
    not_taken: Option<AnswerError>,
) -> Response {
    let viewer = &asking.viewer;
    let story = match story(&asking.state, id.to_string()).await {
        Ok(story) => story,
        Err(failure) => return asking.fails(&failure),
    };
    if *story.incident.id.0 != *id {
        return see_other(&format!("/i/{}/{}", story.incident.id, action_path(action)));
    }
    let Some(record) = story.incident.actions.iter().find(|record| record.action.id.0 == action) else {
        return asking.fails(&Failure::not_found(format!("incident {id} has no action {action}")));
    };
    let others = others(&asking.state, viewer, &story, record).await;
    let shown_to = Approval { story: &story, record, may: may(viewer, &story.incident, record), not_taken, others };
    asking.says(status, |frame| page::approval(&shown_to, frame))
}

/// The name of an action as it may stand in an address: one of another form is none.
fn action_path(action: &str) -> &str {
    if action.bytes().all(|byte| byte.is_ascii_alphanumeric()) { action } else { "" }
}

/// What somebody may say, as the gate would say of their yes.
fn may(viewer: &Viewer, incident: &Incident, record: &ActionRecord) -> AnswerRights {
    if !viewer.caller.access().may_on_incident(Permission::Approve, incident) {
        return AnswerRights::Look;
    }
    let person = viewer.caller.proven().cloned().map_or_else(|| Person::typed("somebody"), Person::from);
    let mut first: Option<ApprovalRefusal> = None;
    for wanted in record.ruling.iter().flat_map(Ruling::requirements) {
        match wanted.takes(&person, record.proposer()) {
            Ok(()) => return AnswerRights::Answer,
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    first.map_or(AnswerRights::Answer, AnswerRights::Deny)
}

/// Other open questions about the same object.
async fn others(
    state: &Shared,
    viewer: &Viewer,
    story: &IncidentRecord,
    record: &ActionRecord,
) -> Vec<(String, String)> {
    if record.state != ActionState::Asked {
        return Vec::new();
    }
    let filter = Filter { state: Some(Standing::AwaitingApproval), limit: OTHERS, ..Filter::default() };
    let access = viewer.caller.access().clone();
    let read = reading(state, move |backend| {
        let listed =
            visible::list(backend, &filter, &access, &Cancellation::default()).map_err(Failure::unavailable)?;
        Ok(listed.incidents)
    });
    // Where that cannot be read, the question itself can.
    let incidents = read.await.unwrap_or_default();
    let own = (&story.incident.id, &record.action.id);
    let same = incidents.iter().flat_map(|incident| {
        let asked = incident.actions.iter().filter(|other| other.state == ActionState::Asked);
        asked
            .filter(|other| other.action.touches == record.action.touches)
            .map(|other| (&incident.id, &other.action.id))
    });
    same.filter(|other| *other != own).map(|(incident, action)| (incident.to_string(), action.to_string())).collect()
}
