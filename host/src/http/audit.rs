//! What people do, and what they or anybody tries in vain, goes into the journal: who, over which way, from where, with which
//! outcome. What is refused or fails again and again is written once, counted, and written once more with its number.

mod accounts;
pub mod list;
mod repeated;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};

pub use accounts::{JournaledChanges, take_over, tell_changes};
pub use repeated::RepeatedRefusals;

use super::Shared;
use super::access::table::{About, Door, Row};
use super::answer::Failure;
use super::proxy::ProxyUser;
use super::refusals::Refused;
use crate::config::oidc::CALLBACK;
use crate::domain::audit::{AuditEntry, AuditOutcome, Channel};
use crate::domain::text::truncate;
use crate::domain::{Permission, Person};

/// How often it is looked at whether a number is due.
const LOOK: Duration = Duration::from_secs(15);
/// Bytes of a path or a sentence that are kept.
const LONGEST: usize = 300;

/// Where a connection comes from.
#[derive(Clone, Copy)]
pub struct Address(pub IpAddr);

/// Goes along with an answer where the handler has found out who it is.
#[derive(Clone)]
pub struct IdentifiedAs(pub Person);

/// Goes along with an answer that looks well although nothing was done: why.
#[derive(Clone)]
pub struct NotDone(pub String);

/// Goes along with an answer to what only looked, whatever its method says.
#[derive(Clone, Copy)]
pub struct ReadOnly;

/// A request whose outcome is to be written, also when whoever sent it hangs up.
pub struct Pending {
    state: Arc<Shared>,
    audited: Option<AuditEntry>,
    changes: bool,
}

impl Pending {
    /// What a request wants; nobody is known yet.
    pub fn new(state: &Arc<Shared>, row: &Row, request: &Request) -> Self {
        let headers = request.headers();
        let own = |agent: &str| agent.starts_with(concat!("tidegate/", env!("CARGO_PKG_VERSION")));
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let way = match row.door {
            Door::Page | Door::Open => Channel::Page,
            Door::Link => Channel::Link,
            Door::Api if row.path.starts_with("/mcp") => Channel::Mcp,
            Door::Api | Door::Source if row.path.starts_with("/api/v2/") => Channel::Alertmanager,
            Door::Api | Door::Source if own(agent) => Channel::Cli,
            Door::Api | Door::Source => Channel::Api,
        };
        let method = request.method().as_str();
        let (path, pattern) = (request.uri().path(), row.path);
        let from = request.extensions().get::<Address>().map(|address| address.0.to_canonical().to_string());
        let way = if request.extensions().get::<ProxyUser>().is_some() { Channel::Proxy } else { way };
        let audited = AuditEntry {
            person: None,
            way,
            from: from.unwrap_or_default(),
            route: format!("{} {pattern}", truncate(method, 20)),
            object: if path == pattern { String::new() } else { truncate(path, LONGEST) },
            outcome: AuditOutcome::BrokenOff,
            status: 0,
            why: String::new(),
            times: 1,
            since: None,
            until: None,
        };
        Self {
            state: Arc::clone(state),
            audited: Some(audited),
            // Whoever comes back from a provider opens a session, although a browser follows a link there.
            changes: !matches!(method, "GET" | "HEAD" | "OPTIONS") || pattern == CALLBACK,
        }
    }

    /// Who it is.
    pub fn is_of(&mut self, person: Option<Person>) {
        if let Some(audited) = &mut self.audited {
            audited.person = person;
        }
    }

    /// It is refused, which is written.
    pub fn refuses(self, failure: Failure) -> Response {
        let response = failure.into_response();
        self.answered(&response, true);
        response
    }

    /// It is nothing that is written here.
    pub fn nothing(mut self) {
        self.audited = None;
    }

    /// Writes what came of it, if that is to be known: what changes something, and whatever was refused.
    pub fn answered(mut self, response: &Response, refused: bool) {
        let Some(mut audited) = self.audited.take() else { return };
        let (status, known) = (response.status(), response.extensions());
        let refused = refused || matches!(status.as_u16(), 401 | 403 | 429);
        if !(self.changes || refused) || known.get::<ReadOnly>().is_some() {
            return;
        }
        if let Some(IdentifiedAs(person)) = known.get() {
            audited.person = Some(person.clone());
        }
        audited.status = status.as_u16();
        audited.outcome = match () {
            () if refused => AuditOutcome::Refused,
            () if status.is_client_error() || status.is_server_error() => AuditOutcome::Failed,
            () if known.get::<NotDone>().is_some() => AuditOutcome::Failed,
            () => AuditOutcome::Done,
        };
        let why = known.get::<Refused>().map(|refused| &refused.0).or(known.get::<NotDone>().map(|not| &not.0));
        audited.why = why.map(|why| truncate(why, LONGEST)).unwrap_or_default();
        write(&self.state, audited);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Whoever hangs up does not keep what they did from being written.
        if let Some(audited) = self.audited.take().filter(|_| self.changes) {
            write(&self.state, audited);
        }
    }
}

fn write(state: &Arc<Shared>, audited: AuditEntry) {
    let done = matches!(audited.outcome, AuditOutcome::Done | AuditOutcome::BrokenOff);
    let (now, elapsed) = (state.clock.now(), state.clock.elapsed());
    let audited = if done { Some(audited) } else { state.fold.take(audited, now, elapsed) };
    if let Some(audited) = audited {
        let state = Arc::clone(state);
        tokio::spawn(async move { append(&state, audited).await });
    }
}

async fn append(state: &Shared, audited: AuditEntry) {
    let route = audited.route.clone();
    if let Err(error) = state.backend.audit(audited).await {
        tracing::error!(route, %error, "who did what could not be written into the journal");
    }
}

/// A request that has not come to any route yet.
pub fn at_the_door(state: &Arc<Shared>, request: &Request) -> Pending {
    let row = Row { method: "", path: "(at the door)", door: Door::Api, wants: Permission::Look, about: About::Host };
    let mut pending = Pending::new(state, &row, request);
    // What comes of it where it is let in, the route's own says.
    pending.changes = false;
    pending
}

/// Writes numbers when they are due.
pub async fn follow(state: &Arc<Shared>) {
    loop {
        tell_changes(state).await;
        state.clock.sleep(LOOK).await;
        take_over(state);
        for audited in state.fold.due(state.clock.elapsed(), false) {
            append(state, audited).await;
        }
        if let Err(error) = state.callers.save_used() {
            tracing::warn!(error, "when tokens were last used could not be written down");
        }
    }
}

/// Writes what has been counted, before the server ends.
pub async fn finish(state: &Arc<Shared>) {
    tell_changes(state).await;
    for audited in state.fold.due(state.clock.elapsed(), true) {
        append(state, audited).await;
    }
    if let Err(error) = state.callers.save_used() {
        tracing::warn!(error, "when tokens were last used could not be written down");
    }
}
