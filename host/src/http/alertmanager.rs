//! `/api/v2`: Alertmanager's API, so that its clients work against this host: amtool, Grafana's data source, karma, and
//! Prometheus as a sender.
//!
//! The answers are those of Alertmanager, down to the form of its errors, which is not that of `/v1`. What people do by it
//! is the same as by `/v1/silences`, with the same checks.
#![allow(clippy::result_large_err, reason = "an answer that says no is a whole response here, made once a request")]

mod alerts;
mod bounded;
mod silences;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Shared;
use super::answer::Failure;
use super::receive::{self, Answer};
use crate::backend::alerts::TIMES_OUT;
use crate::domain::Matcher;

pub use alerts::{groups, list};
pub use silences::{delete, get_one, listed, set};

/// The one receiver: whom tidegate tells, its routes say.
const RECEIVER: &str = "tidegate";

/// The release of Alertmanager whose API this is.
pub const VERSION: &str = "0.28.0";

/// The source that reads what Prometheus pushes.
pub const SOURCE: &str = "prometheus";

/// An answer in Alertmanager's form.
fn answer(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn ok(body: &Value) -> Response {
    answer(StatusCode::OK, body)
}

/// 400 with a text, as its handlers answer.
fn invalid(text: impl Into<String>) -> Response {
    answer(StatusCode::BAD_REQUEST, &Value::String(text.into()))
}

/// A code and a sentence, as its framework answers.
fn coded(status: StatusCode, code: u16, text: impl Into<String>) -> Response {
    answer(status, &json!({ "code": code, "message": text.into() }))
}

/// The body of a failure of this host, in the form that Alertmanager's clients show.
fn failed(failure: Failure) -> Response {
    failure.quoted()
}

/// A time as Alertmanager writes it: with milliseconds.
fn time(at: Timestamp) -> String {
    let millis = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    format!("{millis:.3}")
}

/// The values of a repeated parameter.
fn values(uri: &Uri, name: &str) -> Vec<String> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

/// A parameter that is true unless it says otherwise.
fn flag(uri: &Uri, name: &str) -> bool {
    let given = values(uri, name).pop().map(|value| value.to_ascii_lowercase());
    given.is_none_or(|value| {
        ["", "true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"].contains(&value.as_str())
    })
}

/// The matchers of `filter`.
fn filters(uri: &Uri) -> Result<Vec<Matcher>, Response> {
    let wanted = values(uri, "filter").into_iter();
    wanted.map(|text| Matcher::parse(&text)).collect::<Result<_, _>>().map_err(invalid)
}

/// `GET /api/v2/status`.
pub async fn status(State(state): State<Arc<Shared>>) -> Response {
    let original = format!(
        "global:\n  resolve_timeout: 5m\nroute:\n  receiver: {RECEIVER}\n  continue: false\nreceivers:\n- name: {RECEIVER}\ntemplates: []\n"
    );
    let branch = format!("tidegate-{}", env!("CARGO_PKG_VERSION"));
    ok(&json!({
        "cluster": { "peers": [], "status": "disabled" },
        "config": { "original": original },
        "uptime": time(state.backend.started_at()),
        "versionInfo": {
            "branch": branch,
            "buildDate": "",
            "buildUser": "",
            "goVersion": "",
            "revision": env!("CARGO_PKG_VERSION"),
            "version": VERSION,
        },
    }))
}

/// `GET /api/v2/receivers`.
pub async fn receivers() -> Response {
    ok(&json!([{ "name": RECEIVER }]))
}

/// `POST /api/v2/alerts`: Prometheus pushes, as to the source of that name and by its proof.
pub async fn pushed(State(state): State<Arc<Shared>>, request: Request) -> Response {
    let mut missing = None;
    let taken = receive::taken(&state, SOURCE, request, |mut inbound| {
        missing = alerts::wrong(&inbound.body);
        inbound.query.push((TIMES_OUT.into(), String::new()));
        Ok(inbound)
    });
    match taken.await {
        Err(failure) => failed(failure),
        Ok(Answer::Given(response)) => response,
        Ok(Answer::Received(received)) => match missing.or_else(|| received.left_out.first().cloned()) {
            Some(text) => invalid(text),
            None => StatusCode::OK.into_response(),
        },
    }
}

/// What clients read of `/metrics` to know which API there is.
pub fn build_info() -> String {
    let (name, help) = ("alertmanager_build_info", "The release of Alertmanager whose API is offered at /api/v2.");
    format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name}{{version=\"{VERSION}\"}} 1\n")
}

/// `GET /-/healthy`.
pub async fn healthy() -> &'static str {
    "OK"
}

/// `GET /-/ready`.
pub async fn ready(State(state): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    if state.backend.ready().ready { (StatusCode::OK, "OK") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") }
}

/// 405 as its framework answers.
fn method(method: &Method, allowed: &str) -> Response {
    let text = format!("method {method} is not allowed, but [{allowed}] are");
    let mut response = coded(StatusCode::METHOD_NOT_ALLOWED, 405, text);
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// Of a path that is only looked at.
pub async fn only_get(asked: Method) -> Response {
    method(&asked, "GET")
}

/// Of a path that takes something, too.
pub async fn get_and_post(asked: Method) -> Response {
    method(&asked, "GET,POST")
}

/// Of a silence.
pub async fn delete_and_get(asked: Method) -> Response {
    method(&asked, "DELETE,GET")
}

/// What there is not below `/api/v2`.
pub async fn nothing(uri: Uri) -> Response {
    let path = crate::domain::text::truncate(uri.path(), 200);
    coded(StatusCode::NOT_FOUND, 404, format!("path {path} was not found"))
}

/// What Alertmanager has had once.
pub async fn gone() -> Response {
    let text = "the API v1 of Alertmanager is gone since its version 0.27; use the same path below /api/v2";
    answer(StatusCode::GONE, &json!({ "status": "deprecated", "error": text }))
}
