//! `/tools`: what can be called, what is stopped, and how people stop it or let it go on.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::asking::Asking;
use super::look::listed;
use super::sent::Sent;
use super::{Viewer, see_other};
use crate::backend::ControlRequest;
use crate::backend::operations::ToolsView;
use crate::backend::trials::{Trial, Tried};
use crate::domain::{Permission, Person, Severity};
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::targets::told;
use crate::page::{self, FormError, Tools};

/// `GET /tools`.
pub async fn show(asking: Asking) -> Response {
    tools(&asking, StatusCode::OK, None, None).await
}

async fn view(state: &Shared) -> Result<ToolsView, Failure> {
    listed(state, |backend, _| {
        let (paused, breakers, plugins) = (backend.condition().paused, backend.breakers(), backend.plugins());
        Ok(ToolsView { paused, breakers, plugins, ..backend.tools() })
    })
    .await
}

async fn tools(asking: &Asking, status: StatusCode, refused: Option<FormError>, tried: Option<Tried>) -> Response {
    match view(&asking.state).await {
        Ok(view) => {
            let resumes = asking.viewer.caller.access().may_everywhere(Permission::Operate);
            let tools = Tools { view, resumes, refused, tried };
            asking.says(status, |frame| page::tools(&tools, frame))
        }
        Err(failure) => asking.fails(&failure),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Words {
    version: String,
    person: String,
    reason: String,
    /// A breaker, as [`page::version`] has its key.
    reset: Option<String>,
    /// A pause that is to end, as [`page::version`] has its scope.
    resume: Option<String>,
    /// The scope that is to be paused.
    pause: Option<String>,
    /// The target that gets a test message, and how bad that says it is.
    target: Option<String>,
    severity: Option<Severity>,
    test: Option<String>,
}

/// `POST /tools`.
pub async fn change(asking: Asking, Sent(words): Sent<Words>) -> Response {
    if words.test.is_some() {
        return match tried(&asking.state, &asking.viewer, words).await {
            Ok((tried, person)) => {
                let page = tools(&asking, StatusCode::OK, None, Some(tried.clone())).await;
                told(page, &tried, person)
            }
            Err((status, why)) => tools(&asking, status, Some(why), None).await,
        };
    }
    match changed(&asking.state, &asking.viewer, words).await {
        Ok(()) => see_other("/tools"),
        Err((status, why)) => tools(&asking, status, Some(why), None).await,
    }
}

/// Sends a test message.
async fn tried(state: &Shared, viewer: &Viewer, words: Words) -> Result<(Tried, Person), (StatusCode, FormError)> {
    let failed = |failure: Failure| (failure.status(), FormError::Host(failure.sentence().into()));
    let Some(person) = viewer.caller.clone().known(Some(&words.person)) else {
        return Err((StatusCode::BAD_REQUEST, FormError::Nameless));
    };
    if !viewer.caller.access().may_everywhere(Permission::Operate) {
        return Err(failed(Failure::forbidden(viewer.caller.refusal(Permission::Operate))));
    }
    let named = page::tried_target(&state.backend.plugins(), &words.target.unwrap_or_default());
    let target = named.ok_or_else(|| failed(Failure::not_found("there is no such target")))?;
    let severity = words.severity.unwrap_or(Severity::Info);
    let tried = state.backend.try_target(Trial { target, severity, person: person.clone() }).await;
    tried.map(|tried| (tried, person)).map_err(|error| failed(Failure::from(error)))
}

async fn changed(state: &Shared, viewer: &Viewer, words: Words) -> Result<(), (StatusCode, FormError)> {
    let failed = |failure: Failure| (failure.status(), FormError::Host(failure.sentence().into()));
    let Some(person) = viewer.caller.clone().known(Some(&words.person)) else {
        return Err((StatusCode::BAD_REQUEST, FormError::Nameless));
    };
    // The row of this address lets in whoever may stop execution; what goes on again needs more.
    let wanted = if words.pause.is_some() { Permission::Pause } else { Permission::Operate };
    if !viewer.caller.access().may_everywhere(wanted) {
        return Err(failed(Failure::forbidden(viewer.caller.refusal(wanted))));
    }
    let order = |scope: String| ControlRequest { person, reason: words.reason, scope };
    let done = match (words.reset, words.resume, words.pause) {
        // What is stopped at once need not have been looked at.
        (None, None, Some(scope)) => state.backend.pause(order(scope)).await,
        (reset, resume, None) if reset.is_some() != resume.is_some() => {
            let seen = view(state).await.map_err(failed)?;
            if page::seen_tools(&seen) != words.version {
                return Err((StatusCode::CONFLICT, FormError::Changed));
            }
            let gone = || failed(Failure::not_found("there is no such breaker or pause"));
            let named =
                |all: Vec<String>, word: &str| all.into_iter().find(|one| page::version(one) == word).ok_or_else(gone);
            match (reset, resume) {
                (Some(word), _) => {
                    let key = named(seen.breakers.into_iter().map(|breaker| breaker.key).collect(), &word)?;
                    state.backend.reset_breaker(order(key)).await
                }
                (None, word) => {
                    let scope = named(seen.paused, &word.unwrap_or_default())?;
                    state.backend.resume(order(scope)).await
                }
            }
        }
        _ => return Err(failed(Failure::invalid("say one of: reset, resume, pause"))),
    };
    done.map_err(|error| failed(Failure::from(error)))
}
