//! What every request passes before anything else looks at it, whatever its path is.
//!
//! Where a request needs no proof, it must come from this machine and have been meant for it. A
//! loopback address alone does not say so: a web page in a local browser can send requests to a name
//! that was rebound to 127.0.0.1, which shows in `Host`, or straight to the address, which shows in
//! `Origin` and `Sec-Fetch-Site`; a reverse proxy on this machine hands on what comes from anywhere,
//! which shows in the headers that proxies add. A path that nobody thought of here is one of the
//! API, and so treated most strictly.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Failure;
use super::durations::Route;
use super::origin::{check_origin, host_name, is_local, is_other_site};
use super::refusals::Refused;
use super::{Shared, audit, pages, problem};
use crate::domain::event::SOURCE;

/// Headers that say that somebody handed the request on.
const FORWARDED: [&str; 7] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via", "x-original-host"];

/// Whom a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone<'a> {
    /// Senders of alerts, to a source.
    Sender(&'a str),
    /// Holders of links.
    Links,
    /// Everybody else.
    Api,
}

impl<'a> Zone<'a> {
    /// The zone of a path as it was sent. A name that is written in another way than it is called is
    /// none that is known, and so needs no proof that it could have.
    pub fn of(method: &Method, path: &'a str) -> Self {
        if matches!(path, "/alert" | "/alert/") {
            return Self::Sender(crate::source::alertmanager::NAME);
        }
        // Prometheus pushes where it would to an Alertmanager; whoever looks there is one of the API's callers.
        if path == "/api/v2/alerts" && *method == Method::POST {
            return Self::Sender(super::alertmanager::SOURCE);
        }
        match path.strip_prefix("/v1/alerts/") {
            // Beneath a source's path everything is the source's.
            Some(rest) => Self::Sender(rest.split_once('/').map_or(rest, |(source, _)| source)),
            None if is_of_events(path) => Self::Sender(SOURCE),
            None if path.starts_with("/approve/") => Self::Links,
            None => Self::Api,
        }
    }
}

/// Whether a path is one to which events are posted as to ops-server: `/api/v1/namespaces/NAMESPACE/events/SUBJECT`.
fn is_of_events(path: &str) -> bool {
    let rest = path.strip_prefix("/api/v1/namespaces/").and_then(|rest| rest.split_once('/'));
    rest.is_some_and(|(_, rest)| rest.starts_with("events/"))
}

/// In front of every path. What senders are refused, here or behind, is made known.
pub async fn admit(State(state): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let source = match Zone::of(request.method(), request.uri().path()) {
        Zone::Sender(source) => Some(source.to_string()),
        Zone::Links | Zone::Api => None,
    };
    audit::take_over(&state);
    match state.proxy.as_ref().map(|proxy| proxy.take(&mut request)).transpose() {
        Ok(named) => {
            named.flatten().map(|named| request.extensions_mut().insert(named));
        }
        Err(failure) => return audit::at_the_door(&state, &request).refuses(failure),
    }
    let (began, route) = (state.clock.elapsed(), Route::of(&request));
    let reader = Reader::of(&request);
    let of_api = problem::is_of_api(request.uri().path());
    // Of senders there is a record of its own.
    let pending = source.is_none().then(|| audit::at_the_door(&state, &request));
    let (answer, mut passed) = (let_in(&state, request, next).await, false);
    let mut response = match (answer, pending) {
        (Ok(response), pending) => {
            passed = true;
            if let Some(pending) = pending {
                pending.nothing();
            }
            response
        }
        (Err(failure), Some(pending)) => pending.refuses(failure),
        (Err(failure), None) => failure.into_response(),
    };
    if of_api {
        response = problem::shaped(response, &state.random);
    } else if let Some(reader) = reader {
        response = reader.reads(&state, response, passed);
    }
    let status = response.status();
    state.durations.note(&route, status, state.clock.elapsed().saturating_sub(began));
    if let Some(source) = source
        && (status.is_client_error() || status.is_server_error())
    {
        // Names that strangers make up are no names of sources.
        let known = state.sources.contains_key(&source) || state.backend.sources().contains(&source);
        let sentence = response.extensions().get::<Refused>().map(|refused| refused.0.as_str());
        let sentence = sentence.unwrap_or("the request is not one of HTTP as it is taken here");
        let source = if known { source.as_str() } else { "unknown" };
        state.refusals.note(source, status, sentence, state.clock.elapsed());
    }
    response
}

/// Somebody who reads pages: what is refused there is said on one.
struct Reader {
    headers: HeaderMap,
    uri: Uri,
}

impl Reader {
    /// Whoever accepts HTML, of what is for no program.
    fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path();
        let for_programs = matches!(path, "/alert" | "/alert/")
            || ["/v1/", "/api/", "/-/", "/mcp", "/s/"].iter().any(|known| path.starts_with(known));
        let accepts = request.headers().get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
        let html = accepts.flat_map(|accept| accept.split(',')).any(|one| one.trim().starts_with("text/html"));
        (html && !for_programs).then(|| Self { headers: request.headers().clone(), uri: request.uri().clone() })
    }

    /// A refusal as a page; everything else as it is. Whose request was not even let in is shown nothing of the host.
    fn reads(self, state: &Arc<Shared>, response: Response, passed: bool) -> Response {
        let status = response.status();
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let refused = response.extensions().get::<Refused>().filter(|_| kind.starts_with("application/json"));
        let Some(Refused(sentence)) = refused else { return response };
        let mut page = pages::refusal(state, &self.headers, &self.uri, (status, sentence), passed);
        for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::ALLOW] {
            if let Some(value) = response.headers().get(&name) {
                page.headers_mut().insert(name, value.clone());
            }
        }
        page
    }
}

async fn let_in(state: &Arc<Shared>, request: Request, next: Next) -> Result<Response, Failure> {
    let zone = Zone::of(request.method(), request.uri().path());
    let (headers, method) = (request.headers(), request.method());
    if state.is_open(zone) {
        check_host(state, zone, headers, request.uri())?;
        if zone != Zone::Links {
            check_direct(zone, headers)?;
            // A person may follow a link to what the API shows; nothing that a sender sends is such a link.
            let navigation = zone == Zone::Api && *method == Method::GET && is(headers, "sec-fetch-mode", "navigate");
            if is_other_site(headers) && !navigation {
                return Err(foreign());
            }
        }
    }
    // The links' page looks at this itself: its forms are sent without an origin. Senders change something by
    // whatever method they come.
    let looks = zone == Zone::Api && (*method == Method::GET || *method == Method::HEAD);
    if zone != Zone::Links && !looks {
        if is_handed_on(state, zone, &request) {
            if is_other_site(headers) {
                return Err(foreign());
            }
        } else {
            check_origin(headers)?;
        }
    }
    Ok(next.run(request).await)
}

/// Whether somebody calls Alertmanager's API with a proof of their own: karma hands on what its own pages send, with their
/// `Origin`. No page of another host can send that from a browser, which asks before it sends a DELETE, JSON or such a header
/// to another host, and is told yes by nobody here.
fn is_handed_on(state: &Shared, zone: Zone<'_>, request: &Request) -> bool {
    zone == Zone::Api
        && !state.is_open(zone)
        && request.uri().path().starts_with("/api/v2/")
        && request.headers().contains_key(header::AUTHORIZATION)
}

fn foreign() -> Failure {
    Failure::forbidden("requests from web pages of other hosts are refused")
}

fn is(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers.get(name).is_some_and(|given| given.as_bytes() == value.as_bytes())
}

/// The request must have been meant for this machine.
fn check_host(state: &Shared, zone: Zone<'_>, headers: &HeaderMap, uri: &Uri) -> Result<(), Failure> {
    let mut named: Vec<&str> =
        headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default()).collect();
    let hosts = named.len();
    named.extend(uri.authority().map(|authority| authority.as_str()));
    let base = state.links.as_ref().filter(|_| zone == Zone::Links).map(|links| authority(links.base()));
    let good = |host: &&str| {
        is_local(host_name(host), state.listen) || base.is_some_and(|base| host.eq_ignore_ascii_case(base))
    };
    if hosts == 1 && named.iter().all(good) {
        return Ok(());
    }
    let host = named.iter().find(|host| !good(host)).copied().unwrap_or_default();
    let host = crate::domain::text::truncate(host, 100);
    Err(Failure::forbidden(format!(
        "without authentication this is open only under a loopback address, not as {host:?}; {}",
        match zone {
            Zone::Links => "make the proxy keep the Host of approvals.link.base, or configure [server] auth".into(),
            other => wanted(other),
        }
    )))
}

/// The request must not have been handed on by somebody.
fn check_direct(zone: Zone<'_>, headers: &HeaderMap) -> Result<(), Failure> {
    let Some(name) = FORWARDED.into_iter().find(|name| headers.contains_key(*name)) else { return Ok(()) };
    Err(Failure::forbidden(format!(
        "without authentication this is open only to this machine itself, and the header {name} says that the \
         request came through a proxy; {}",
        wanted(zone)
    )))
}

/// What would let such a request in.
fn wanted(zone: Zone<'_>) -> String {
    match zone {
        Zone::Sender(source) => format!("configure [sources.{}] auth", crate::domain::text::truncate(source, 60)),
        Zone::Links | Zone::Api => "configure [server] auth".into(),
    }
}

/// Host and port of an address.
fn authority(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest).split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_posts_an_event_is_a_sender_and_who_reads_them_is_not() {
        for (path, wanted) in [
            ("/api/v1/namespaces/shop/events/hosts.db-02.alerts", Zone::Sender(SOURCE)),
            ("/api/v1/namespaces/shop/events/a/b", Zone::Sender(SOURCE)),
            ("/v1/alerts/events", Zone::Sender("events")),
            ("/api/v1/events", Zone::Api),
            ("/api/v1/events/ops.a", Zone::Api),
            ("/api/v1/namespaces/a/b/events/x", Zone::Api),
            ("/api/v1/namespaces//events", Zone::Api),
            ("/api/v1/namespaces/a/%65vents/x", Zone::Api),
        ] {
            assert_eq!(Zone::of(&Method::POST, path), wanted, "{path}");
        }
        assert_eq!(Zone::of(&Method::POST, "/api/v2/alerts"), Zone::Sender("prometheus"));
        for (method, path) in
            [(Method::GET, "/api/v2/alerts"), (Method::POST, "/api/v2/silences"), (Method::POST, "/api/v2/alerts/")]
        {
            assert_eq!(Zone::of(&method, path), Zone::Api, "{path}");
        }
    }
}
