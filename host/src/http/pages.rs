//! Pages for people: who looks, in which language, and how what is shown goes out.
//!
//! What a page shows and says is `page/`'s business; what an answer does goes the way of the API's. A page needs the proof
//! that the API needs: one in `Authorization`, or a session that was opened with a token on the page `/sign-in`.

mod alerts;
mod answer;
mod asking;
mod audit;
mod costs;
mod handling;
mod language;
mod live;
mod look;
mod me;
mod oidc;
mod password;
mod people;
mod policies;
mod sent;
mod sessions;
mod sign;
mod silences;
mod tools;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};

use super::answer::Failure;
use super::attempts::{Attempts, Pauses};
use super::callers::Caller;
use super::proxy::ProxyUser;
use super::refusals::Refused;
use super::routes::{Routes, get, post};
use super::{Shared, health, quotas};
use crate::config::Config;
use crate::config::oidc::CALLBACK;
use crate::domain::{Mode, Permission};
use crate::page::{self, Frame, HostView, Message, PageUser, SignIn, assets};
use crate::redact::redact;
pub use sessions::Key;
use sessions::Sessions;

/// Nothing is loaded but from this host, no text becomes a script, nobody frames a page, and forms go nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; \
                      trusted-types tidegate";

/// What pages need beside the rest of the server.
pub struct Pages {
    /// The host's mode.
    mode: Mode,
    /// Who has signed in.
    sessions: Sessions,
    /// Who has tried to in vain; apart from the links' page, so that neither can keep out the other's people.
    attempts: Attempts,
    /// Wrong passwords, and how long who gave them must wait.
    pauses: Pauses,
}

impl Pages {
    /// For a host in this mode.
    pub fn new(config: &Config) -> Self {
        let sessions = Sessions::new(config.sign_in.idle, config.sign_in.longest);
        Self { mode: config.mode, sessions, attempts: Attempts::default(), pauses: Pauses::default() }
    }

    /// The session that lets a request in, where nothing else does.
    pub fn session(&self, state: &Shared, headers: &HeaderMap) -> Option<Key> {
        let otherwise = state.callers.are_open() || headers.contains_key(header::AUTHORIZATION);
        if otherwise { None } else { sessions::key(headers) }
    }

    /// Whether the session is open that let something in. Who it is of may be kept out meanwhile, which is asked of the callers.
    pub fn stands(&self, state: &Shared, session: Option<&Key>) -> bool {
        session.is_none_or(|session| self.sessions.held(session, state.clock.elapsed()).is_some())
    }

    /// The caller whose session a request carries, with what they may do now. Whose account, password or token is gone has none.
    pub fn caller(&self, state: &Shared, headers: &HeaderMap) -> Option<Caller> {
        let key = sessions::key(headers)?;
        let caller = self.sessions.find(&key, state.clock.elapsed())?;
        let now = state.callers.still(&caller, state.clock.now());
        if now.is_none() {
            self.sessions.end(&key, false);
        }
        now
    }

    /// How many sessions somebody has who is known by this (`Proven::id`).
    pub fn sessions_of(&self, id: &str) -> usize {
        self.sessions.of_person(id)
    }

    /// Ends all sessions of somebody.
    pub fn end_all_of(&self, id: &str) -> usize {
        self.sessions.end_all_of(id)
    }
}

/// Asks the provider now and then whether it is there, so that people hear of one that is away before they want to sign in; never ends.
pub async fn greet(state: &Shared) {
    let Some(oidc) = &state.oidc else { return std::future::pending().await };
    loop {
        let pause = oidc.look(state.clock.now()).await;
        state.clock.sleep(pause).await;
    }
}

/// Who looks at a page.
#[derive(Clone)]
pub struct Viewer {
    caller: Caller,
    who: PageUser,
    session: Option<Key>,
}

impl Viewer {
    /// The same where it is known whether they may change what a page is about.
    #[must_use]
    pub fn who_may(mut self, change: bool) -> Self {
        if let PageUser::Person { here, .. } = &mut self.who {
            *here = change;
        }
        self
    }

    /// The same as somebody who calls.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// The pages.
pub fn router(state: &Arc<Shared>) -> Routes {
    let shown = Routes::new()
        .route("/", get(look::now))
        .route("/incidents", get(look::incidents))
        .route("/audit", get(audit::show))
        .route("/me", get(me::show).post(me::change))
        .route("/people", get(people::show).post(people::change))
        .route("/i/{id}", get(look::incident).post(handling::take))
        .route("/i/{id}/journal.json", get(look::journal))
        .route("/i/{id}/{action}", get(answer::show).post(answer::take))
        .merge(operations())
        .layered(|shown| shown.route_layer(middleware::from_fn_with_state(state.clone(), quotas::api)));
    shown
        .route("/live", get(live::live))
        .route("/sign-out", post(sign::out))
        .route("/sign-in", get(sign::show).post(sign::take))
        .route("/oidc/sign-in", get(oidc::begin))
        .route(CALLBACK, get(oidc::back))
        .route("/language", post(language::choose))
        .route("/s/{file}", get(asset))
}

/// Pages about what the host holds and does besides incidents.
fn operations() -> Routes {
    Routes::new()
        .route("/alerts", get(alerts::list))
        .route("/policies", get(policies::list))
        .route("/policies/explain", get(policies::explain).post(policies::explain_body))
        .route("/tools", get(tools::show).post(tools::change))
        .route("/costs", get(costs::costs))
        .route("/inspections", get(costs::inspections))
        .route("/silences", get(silences::list))
        .route("/silences/new", get(silences::new).post(silences::make))
        .route("/silences/{id}", get(silences::one).post(silences::change))
}

/// Who wants a page.
///
/// # Errors
/// The page that asks who it is, or the way there.
#[allow(clippy::result_large_err, reason = "an answer that says no is a whole page here, made once a request")]
pub fn viewer_of(state: &Shared, request: &Request) -> Result<Viewer, Response> {
    let named = request.extensions().get::<ProxyUser>().and_then(|named| state.callers.by_proxy(named));
    if let Some(caller) = named {
        return Ok(Viewer { who: who(&caller), caller, session: None });
    }
    if let Some(viewer) = viewer(state, request.headers()) {
        return Ok(viewer);
    }
    let to = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return Err(sign::ask(to));
    }
    Err(sign::say(state, request.headers(), StatusCode::UNAUTHORIZED, SignIn::Asked, to))
}

/// The page that says why somebody may not do what they want.
pub fn refused(state: &Shared, request: &Request, viewer: &Viewer, failure: &Failure) -> Response {
    failed(state, request.headers(), request.uri(), &viewer.who, failure)
}

/// Who sends a request, if that is somebody who may look.
fn viewer(state: &Shared, headers: &HeaderMap) -> Option<Viewer> {
    if state.callers.are_open() {
        // `admission` has seen that it comes from this machine; beyond loopback nobody gets in without a proof.
        let single = Viewer { caller: Caller::unnamed(), who: PageUser::Single, session: None };
        return state.loopback.then_some(single);
    }
    if headers.contains_key(header::AUTHORIZATION) {
        let caller = state.callers.caller(headers, state.clock.now()).ok().flatten()?;
        return Some(Viewer { who: who(&caller), caller, session: None });
    }
    let key = sessions::key(headers)?;
    let caller = state.pages.caller(state, headers)?;
    Some(Viewer { who: who(&caller), caller, session: Some(key) })
}

fn who(caller: &Caller) -> PageUser {
    match caller.proven() {
        Some(person) => {
            let access = caller.access();
            let (acts, bound) = (access.may(Permission::Approve), access.is_bound());
            let (audits, administers) =
                (access.may_everywhere(Permission::Audit), access.may_everywhere(Permission::Administer));
            PageUser::Person { name: person.shown(), acts, here: acts, bound, audits, administers }
        }
        None => PageUser::Shared,
    }
}

/// How the host is, for the frame of a page.
fn host(state: &Shared) -> HostView {
    let (ready, condition) = (health::condition(state), state.backend.condition());
    HostView {
        mode: state.pages.mode,
        ready: ready.ready,
        problems: ready.problems.iter().map(|problem| redact(problem)).collect(),
        paused: condition.paused,
        policies: condition.policies.iter().map(|problem| redact(problem)).collect(),
        counts: condition.counts,
        ended: condition.ended,
    }
}

/// A page for whoever sent a request, in their language.
fn shown(
    state: &Shared,
    headers: &HeaderMap,
    uri: &Uri,
    who: &PageUser,
    status: StatusCode,
    write: impl FnOnce(&Frame<'_>) -> String,
) -> Response {
    let mode = state.pages.mode;
    let host = match who {
        PageUser::Nobody => HostView { mode, ..HostView::default() },
        // What concerns all places is not for those who see some.
        PageUser::Person { bound: true, .. } => {
            HostView { mode, paused: state.backend.condition().paused, ..HostView::default() }
        }
        PageUser::Single | PageUser::Shared | PageUser::Person { .. } => host(state),
    };
    // A path of another form is none of a page, and could lead elsewhere.
    let here = own_path(uri.path_and_query().map_or("/", |path| path.as_str()));
    let language = language::of(headers, state.language);
    let frame = Frame { language, now: state.clock.now(), who, host: &host, here };
    html(headers, status, write(&frame))
}

/// The page of a refusal that comes from no page: nothing is there, or the request was not let in. Whoever was not sees nothing else.
pub fn refusal(
    state: &Shared,
    headers: &HeaderMap,
    uri: &Uri,
    (status, sentence): (StatusCode, &str),
    passed: bool,
) -> Response {
    let who = if passed { viewer(state, headers).map(|viewer| viewer.who) } else { None };
    said(state, headers, uri, &who.unwrap_or(PageUser::Nobody), (status, sentence))
}

/// A page that says why there is none.
fn failed(state: &Shared, headers: &HeaderMap, uri: &Uri, who: &PageUser, failure: &Failure) -> Response {
    said(state, headers, uri, who, (failure.status(), failure.sentence()))
}

fn said(state: &Shared, headers: &HeaderMap, uri: &Uri, who: &PageUser, (status, why): (StatusCode, &str)) -> Response {
    let sentence = why.to_string();
    let message = match status {
        StatusCode::NOT_FOUND => Message::Gone(sentence),
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Message::Forbidden(sentence),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::INTERNAL_SERVER_ERROR => Message::Unavailable(sentence),
        _ => Message::Invalid(sentence),
    };
    let mut response = shown(state, headers, uri, who, status, |frame| page::message(&message, frame));
    response.extensions_mut().insert(Refused(why.to_string()));
    response
}

/// HTML as it goes out.
fn html(headers: &HeaderMap, status: StatusCode, page: String) -> Response {
    let packed = takes_gzip(headers);
    let mut response = match packed {
        true => (status, assets::pack(page.as_bytes())).into_response(),
        false => (status, page).into_response(),
    };
    let out = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // A form of a page says where it was, and no other host hears of it.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::VARY, "Accept-Encoding, Accept-Language, Cookie"),
    ] {
        out.insert(name, HeaderValue::from_static(value));
    }
    if packed {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Whether whoever asks can unpack gzip.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// Goes on at a path of this host.
fn see_other(path: &str) -> Response {
    let to = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Bytes of a path that a form or an address names to go on at.
const LONGEST: usize = 2 << 10;

/// A path of this host, as a form or an address names it to go on there; `/` for anything that could lead elsewhere.
fn own_path(to: &str) -> &str {
    let plain = to.len() <= LONGEST && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && to.starts_with('/') && !to.starts_with("//") { to } else { "/" }
}

/// `GET /s/{file}`: what pages load. The name holds what is in it, so it never changes.
async fn asset(headers: HeaderMap, uri: Uri) -> Response {
    let Some(asset) = assets::find(uri.path()) else {
        return Failure::not_found("there is no such file; load the page anew").into_response();
    };
    let packed = takes_gzip(&headers);
    let mut response = if packed { asset.packed.clone().into_response() } else { asset.plain.into_response() };
    let out = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::VARY, "Accept-Encoding"),
    ] {
        out.insert(name, HeaderValue::from_static(value));
    }
    if packed {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_led_elsewhere() {
        for good in ["/", "/i/01K9/a1", "/incidents?state=open&q=a%20b"] {
            assert_eq!(own_path(good), good);
        }
        let long = format!("/{}", "x".repeat(5000));
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nb: c",
            " /",
            "i",
            &long,
            "/\u{7f}",
            "/é",
        ] {
            assert_eq!(own_path(bad), "/", "{bad}");
        }
    }
}
