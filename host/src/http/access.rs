//! In front of every handler: what the table of permissions wants of whoever calls, and whether that is given.
//!
//! This is the only place that lets somebody in. A route without a row is not made (`routes`), and a request for which no
//! row is found is refused.

pub mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Failure;
use super::audit::Pending;
use super::callers::Caller;
use super::incidents::reading;
use super::proxy::ProxyUser;
use super::{Shared, pages};
use crate::domain::{Access, IncidentId, Permission, Person, Proof, Proven, SilenceId};
use table::{About, Door, Row};

/// In front of every path that there is.
pub async fn enforce(State(state): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let row = matched.and_then(|path| table::row_of(request.method().as_str(), path.as_str()));
    let Some(row) = row else {
        return Failure::forbidden("nothing says who may do this, so nobody may").into_response();
    };
    let pending = Pending::new(&state, row, &request);
    match row.door {
        // What they let in they look at themselves. Of senders there is another record.
        Door::Source => {
            pending.nothing();
            next.run(request).await
        }
        Door::Open | Door::Link => {
            let response = next.run(request).await;
            match row.path {
                // It says how pages look to one browser.
                "/language" => pending.nothing(),
                _ => pending.answered(&response, false),
            }
            response
        }
        Door::Api => of_api(&state, row, request, next, pending).await,
        Door::Page => of_page(&state, row, request, next, pending).await,
    }
}

async fn of_api(state: &Arc<Shared>, row: &Row, mut request: Request, next: Next, mut pending: Pending) -> Response {
    let caller = match caller(state, &request) {
        Ok(caller) => caller,
        Err(failure) => {
            pending.is_of(tried(state, &request));
            return refused(failure.into_response(), pending);
        }
    };
    pending.is_of(caller.proven().cloned().map(Person::from));
    if let Err(failure) = permitted(state, row, &caller, request.uri().path()).await {
        return refused(failure.into_response(), pending);
    }
    state.callers.saw(&caller, state.clock.now());
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    // What is somebody's stays in no cache.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    pending.answered(&response, false);
    response
}

async fn of_page(state: &Arc<Shared>, row: &Row, mut request: Request, next: Next, mut pending: Pending) -> Response {
    let viewer = match pages::viewer_of(state, &request) {
        Ok(viewer) => viewer,
        // Whoever only looks is asked who it is, and nothing was tried.
        Err(response) => {
            pending.is_of(tried(state, &request));
            pending.answered(&response, false);
            return response;
        }
    };
    pending.is_of(viewer.caller().proven().cloned().map(Person::from));
    if let Err(failure) = permitted(state, row, viewer.caller(), request.uri().path()).await {
        return refused(pages::refused(state, &request, &viewer, &failure), pending);
    }
    state.callers.saw(viewer.caller(), state.clock.now());
    // What the page's own form would be told is known before it is shown.
    let viewer = match table::row_of("POST", row.path) {
        Some(form) => {
            let may = permitted(state, form, viewer.caller(), request.uri().path()).await.is_ok();
            viewer.who_may(may)
        }
        None => viewer,
    };
    request.extensions_mut().insert(viewer.caller().clone());
    request.extensions_mut().insert(viewer);
    let response = next.run(request).await;
    pending.answered(&response, false);
    response
}

fn refused(response: Response, pending: Pending) -> Response {
    pending.answered(&response, true);
    response
}

/// Who somebody is, or says that they are, who is not let in.
fn tried(state: &Shared, request: &Request) -> Option<Person> {
    match request.extensions().get::<ProxyUser>() {
        Some(named) => Proven::new(&named.name, Proof::Proxy, named.groups.clone()).map(Person::from),
        None => state.callers.tried(request.headers()),
    }
}

/// Who calls the API.
fn caller(state: &Arc<Shared>, request: &Request) -> Result<Caller, Failure> {
    let headers = request.headers();
    if let Some(named) = request.extensions().get::<ProxyUser>() {
        let caller = state.callers.by_proxy(named);
        return caller.ok_or_else(|| Failure::forbidden(format!("{} is not let in", named.name)));
    }
    let looks = request.method() == Method::GET || request.method() == Method::HEAD;
    // What a page links to is looked at with its session; only a page's own form changes anything with one.
    let session =
        (looks && !headers.contains_key(header::AUTHORIZATION)).then(|| state.pages.caller(state, headers)).flatten();
    let called = match session {
        Some(caller) => Some(caller),
        None => state.callers.caller(headers, state.clock.now())?,
    };
    match called {
        Some(caller) => Ok(caller),
        // Cannot happen beyond loopback, where starting is refused; if it did, nobody gets in.
        None if !state.loopback => {
            Err(Failure::unauthorized("no authentication is configured for the API", "Bearer realm=\"tidegate\""))
        }
        // `admission` has seen that it comes from this machine.
        None => Ok(Caller::unnamed()),
    }
}

/// Whether a caller may do what a row wants to what the path names.
async fn permitted(state: &Shared, row: &Row, caller: &Caller, path: &str) -> Result<(), Failure> {
    let access = caller.access();
    if !access.may(row.wants) {
        return Err(Failure::forbidden(caller.refusal(row.wants)));
    }
    if access.may_everywhere(row.wants) {
        return Ok(());
    }
    match row.about {
        About::Several => Ok(()),
        About::Host => Err(Failure::forbidden(format!(
            "{} may {} only where {}, and this is about the host as a whole",
            caller.called(),
            row.wants.does(),
            access.places(row.wants)
        ))),
        About::Incident => {
            let id = named(row.path, path).to_string();
            let found = id.clone();
            let incident = reading(state, move |backend| backend.incident(&id).map_err(Failure::unavailable)).await?;
            match incident {
                Some(incident) if access.may_on_incident(row.wants, &incident) => Ok(()),
                Some(incident) if access.may_on_incident(Permission::Look, &incident) => {
                    Err(elsewhere(caller, row.wants))
                }
                _ => Err(hidden(caller, "incident", &found)),
            }
        }
        About::Silence => {
            let id = named(row.path, path);
            match state.backend.silence(id, access) {
                Some(view) if access.may_cover(row.wants, &view.silence.matchers) => Ok(()),
                Some(_) => Err(elsewhere(caller, row.wants)),
                None => Err(hidden(caller, "silence", id)),
            }
        }
    }
}

/// Of something that may be looked at and no more.
pub fn elsewhere(caller: &Caller, wanted: Permission) -> Failure {
    let places = caller.access().places(wanted);
    Failure::forbidden(format!("{} may {} only where {places}, and this is elsewhere", caller.called(), wanted.does()))
}

/// Of something that there is not, or not for them: nobody learns which of both it is.
fn hidden(caller: &Caller, what: &str, id: &str) -> Failure {
    let named = if IncidentId::is_one(id) || SilenceId::is_one(id) { "" } else { "; name it by its full id" };
    let (id, places) = (crate::domain::text::truncate(id, 60), caller.access().places(Permission::Look));
    Failure::not_found(format!("there is no {what} {id} where {places}, where {} may look{named}", caller.called()))
}

/// What stands in a path where its pattern names something. A name that is written with percent signs is nobody's.
fn named<'a>(pattern: &str, path: &'a str) -> &'a str {
    let mut parts = pattern.split('/').zip(path.split('/'));
    let found = parts.find(|(part, _)| matches!(*part, "{id}" | "{incident}"));
    found.map(|(_, name)| name).unwrap_or_default()
}

/// Whether somebody may do something to all that these matchers can cover.
///
/// # Errors
/// What they may do, and where.
pub fn within(caller: &Caller, wanted: Permission, matchers: &[crate::domain::Matcher]) -> Result<(), Failure> {
    let access: &Access = caller.access();
    if access.may_cover(wanted, matchers) {
        return Ok(());
    }
    Err(Failure::forbidden(format!(
        "{} may {} only where {}: a silence must name, with = or as one=~a|b, each value of these labels that it covers",
        caller.called(),
        wanted.does(),
        access.places(wanted)
    )))
}
