//! `/sign-in` and `/sign-out`: a token of a person's own becomes a session.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine;
use serde::Deserialize;

use super::sent::{Sent, asked};
use super::sessions::{self, GUARDED, LOCAL};
use super::{Viewer, own_path, password, see_other, shown};
use crate::domain::Person;
use crate::http::Shared;
use crate::http::audit::IdentifiedAs;
use crate::http::callers::{Caller, typed};
use crate::http::origin::{host_name, is_local};
use crate::http::places::Peer;
use crate::http::refusals::Refused;
use crate::page::{self, PageUser, SignIn};
use crate::secret::Secret;
use crate::token;

#[derive(Default, Deserialize)]
#[serde(default)]
struct To {
    to: String,
}

/// Where an address says that it goes on behind a sign-in.
pub fn goes_on(uri: &Uri) -> String {
    let To { to } = asked(uri);
    own_path(&to).to_string()
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Words {
    to: String,
    name: String,
    password: String,
    token: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Out {
    everywhere: String,
}

/// Asks to sign in, and goes on at a path behind that.
pub fn ask(to: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", own_path(to)).finish();
    see_other(&format!("/sign-in?{query}"))
}

/// `GET /sign-in`.
pub async fn show(State(state): State<Arc<Shared>>, headers: HeaderMap, uri: Uri) -> Response {
    let to = goes_on(&uri);
    if super::viewer(&state, &headers).is_some() {
        return see_other(&to);
    }
    say(&state, &headers, StatusCode::OK, SignIn::Asked, &to)
}

/// The page with a sentence.
pub fn say(state: &Shared, headers: &HeaderMap, status: StatusCode, said: SignIn, to: &str) -> Response {
    let uri = Uri::from_static("/sign-in");
    let (passwords, provider) = (state.callers.have_passwords(), super::oidc::button(state));
    let ask = page::SignInPage { said, passwords, provider, lost: state.callers.are_lost(), to: own_path(to) };
    shown(state, headers, &uri, &PageUser::Nobody, status, |frame| page::sign_in(&ask, frame))
}

/// `POST /sign-in`.
pub async fn take(
    State(state): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Sent(words): Sent<Words>,
) -> Response {
    let refuse = |status, said| say(&state, &headers, status, said, &words.to);
    let local = is_on_this_machine(&headers);
    if !local && came_in_the_clear(&headers) {
        return refuse(StatusCode::FORBIDDEN, SignIn::Plain);
    }
    let given = if words.token.trim().is_empty() && !words.name.trim().is_empty() {
        password::caller(&state, peer, &words.name, &words.password).await
    } else {
        by_token(&state, peer, words.token.trim())
    };
    let caller = match given {
        Ok(caller) => caller,
        Err(said) => {
            let status = match said {
                SignIn::TooOften => StatusCode::TOO_MANY_REQUESTS,
                SignIn::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::FORBIDDEN,
            };
            let reason = said.reason();
            let mut response = refuse(status, said);
            response.extensions_mut().insert(Refused(reason));
            let person = typed(&words.name).filter(|_| words.token.trim().is_empty());
            person.map(|person| response.extensions_mut().insert(IdentifiedAs(person)));
            return response;
        }
    };
    opened(&state, &headers, caller, None, &words.to)
}

/// Opens a session for somebody who is who they are, and goes on.
pub fn opened(state: &Shared, headers: &HeaderMap, caller: Caller, hint: Option<Secret>, to: &str) -> Response {
    // A session that somebody else may have put into this browser is not gone on with.
    if let Some(old) = sessions::key(headers) {
        state.pages.sessions.end(&old, false);
    }
    let person = caller.proven().cloned().map(Person::from);
    let Ok(value) = state.pages.sessions.open(caller, hint, state.clock.elapsed()) else {
        return say(state, headers, StatusCode::SERVICE_UNAVAILABLE, SignIn::Unavailable, to);
    };
    let mut response = see_other(own_path(to));
    set_cookie(&mut response, is_on_this_machine(headers), &value, "");
    person.map(|person| response.extensions_mut().insert(IdentifiedAs(person)));
    response
}

/// `POST /sign-out`.
pub async fn out(
    State(state): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Sent(words): Sent<Out>,
) -> Response {
    let local = is_on_this_machine(&headers);
    // First here, so that whatever becomes of the rest, nobody goes on with this session.
    let hint = viewer.session.as_ref().and_then(|key| state.pages.sessions.end(key, words.everywhere == "yes"));
    let there = hint.and_then(|hint| super::oidc::goodbye(&state, &headers, hint.expose()));
    let mut response = there.unwrap_or_else(|| see_other("/sign-in"));
    set_cookie(&mut response, local, "", "; Max-Age=0");
    response
}

/// The same, where who tries what can be guessed must wait.
fn by_token(state: &Shared, peer: Peer, given: &str) -> Result<Caller, SignIn> {
    let (attempt, now) = (format!("{peer:?}"), state.clock.now());
    // What cannot be guessed may be tried.
    if !token::is_token(given) && !state.pages.attempts.may_try(&attempt, now) {
        return Err(SignIn::TooOften);
    }
    proven(state, given).inspect_err(|_| state.pages.attempts.wrong(&attempt, now))
}

/// Whose token it is: a person's own, or what all callers share.
fn proven(state: &Shared, given: &str) -> Result<Caller, SignIn> {
    let by = |scheme: &str, credentials: &str| {
        let value = HeaderValue::from_str(&format!("{scheme} {credentials}")).ok()?;
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        Some(state.callers.caller(&headers, state.clock.now()))
    };
    let bearer = by("Bearer", given);
    if let Some(Err(failure)) = &bearer
        && failure.status() == StatusCode::FORBIDDEN
    {
        return Err(SignIn::Sender);
    }
    let basic = || given.contains(':').then(|| by("Basic", &base64::engine::general_purpose::STANDARD.encode(given)));
    let caller = bearer.and_then(Result::ok).flatten();
    caller.or_else(|| basic().flatten()?.ok().flatten()).ok_or(SignIn::Wrong)
}

/// Whether a browser has reached its own machine: this one, or the end of a tunnel to it. Then nothing goes in the clear.
pub fn is_on_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    is_local(host_name(host), SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// Whether a browser says that its page came without TLS.
fn came_in_the_clear(headers: &HeaderMap) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"http://"))
}

fn set_cookie(response: &mut Response, local: bool, value: &str, more: &str) {
    set_named(response, local, (GUARDED, LOCAL), value, more);
}

/// Sets one of two cookies: over TLS the guarded one.
pub fn set_named(response: &mut Response, local: bool, names: (&str, &str), value: &str, more: &str) {
    let (name, secure) = if local { (names.1, "") } else { (names.0, "; Secure") };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
