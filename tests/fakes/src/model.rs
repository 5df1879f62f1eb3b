//! A chat-completions server that answers from a script. It refuses what a real server would refuse,
//! without using up the script, so that a wrong request cannot pass for a right one.

pub mod recorded;
mod script;
mod stream;
mod validate;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

pub use script::Scripted;

use crate::Request;
use crate::clock::lock;
use crate::server::{Connection, Server};
use script::Reply;

/// A running stand-in for a chat-completions server.
#[derive(Debug)]
pub struct FakeModel {
    server: Server,
    state: Arc<Mutex<Model>>,
}

#[derive(Debug, Default)]
struct Model {
    script: VecDeque<Scripted>,
    otherwise: Option<Scripted>,
    key: Option<String>,
    requests: Vec<Request>,
    taken: usize,
    refused: Vec<String>,
    beyond: usize,
}

impl FakeModel {
    /// Starts a server that gives these answers, one per request.
    pub async fn start(script: Vec<Scripted>) -> anyhow::Result<Self> {
        Self::start_as(script, None).await
    }

    /// The same, for requests that bring this key as a bearer token.
    pub async fn start_with_key(script: Vec<Scripted>, key: &str) -> anyhow::Result<Self> {
        Self::start_as(script, Some(key.to_owned())).await
    }

    async fn start_as(script: Vec<Scripted>, key: Option<String>) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(Model { script: script.into(), key, ..Model::default() }));
        let routes = Router::new()
            .fallback(handle)
            .layer(axum::extract::DefaultBodyLimit::max(16 << 20))
            .with_state(Arc::clone(&state));
        let server = Server::start(routes, 0).await?;
        Ok(Self { server, state })
    }

    /// Where it listens: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The base that clients put before `/chat/completions`: `http://127.0.0.1:<port>/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.server.url())
    }

    /// Adds answers to the end of the script.
    pub fn add(&self, script: Vec<Scripted>) {
        lock(&self.state).script.extend(script);
    }

    /// What it answers once the script is over; without this, an error.
    pub fn otherwise(&self, answer: Scripted) {
        lock(&self.state).otherwise = Some(answer);
    }

    /// The requests since the last time, in the order of arrival: for runs too long to keep all.
    pub fn take_requests(&self) -> Vec<Request> {
        let mut state = lock(&self.state);
        state.taken += state.requests.len();
        std::mem::take(&mut state.requests)
    }

    /// Every request, also the refused ones, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state).requests.clone()
    }

    /// Why it refused what it refused. A test of a good client wants this to be empty.
    pub fn refused(&self) -> Vec<String> {
        lock(&self.state).refused.clone()
    }

    /// How many requests came after the end of the script.
    pub fn beyond_script(&self) -> usize {
        lock(&self.state).beyond
    }

    /// How many answers nobody has asked for yet.
    pub fn left(&self) -> usize {
        lock(&self.state).script.len()
    }
}

/// An error as real servers word it.
fn error(status: u16, kind: &str, message: &str) -> (u16, Value) {
    (status, json!({ "error": { "message": message, "type": kind, "param": null, "code": null } }))
}

impl Model {
    /// Records the request; the next answer of the script, or why there is none.
    fn take(&mut self, request: &Request) -> Result<Scripted, (u16, Value)> {
        self.requests.push(request.clone());
        let wanted = self.key.as_ref().map(|key| format!("Bearer {key}"));
        let checked = if wanted.is_some_and(|wanted| request.header("authorization") != wanted) {
            Err((401, "the bearer key is missing or wrong".to_owned()))
        } else {
            validate::check(request)
        };
        if let Err((status, why)) = checked {
            self.refused.push(why.clone());
            return Err(error(status, "invalid_request_error", &why));
        }
        self.script.pop_front().or_else(|| self.otherwise.clone()).ok_or_else(|| {
            self.beyond += 1;
            error(500, "server_error", "the script has no more answers")
        })
    }

    fn refuse(&mut self, why: String) -> (u16, Value) {
        self.refused.push(why.clone());
        error(500, "server_error", &why)
    }
}

async fn handle(
    State(state): State<Arc<Mutex<Model>>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new(&method, &uri, &headers, &body);
    let came = Instant::now();
    let (index, taken) = {
        let mut state = lock(&state);
        let index = state.taken + state.requests.len();
        (index, state.take(&request))
    };
    let (status, answer, retry_after) = match taken {
        Err((status, answer)) => (status, answer.to_string().into_bytes(), None),
        Ok(scripted) => {
            if scripted.delay > Duration::ZERO {
                tokio::time::sleep(scripted.delay).await;
            }
            match scripted.reply(&request, index) {
                Reply::Json(answer) if request.json().get("stream").is_some_and(|on| *on == true) => {
                    return stream::response(&answer, scripted.pause);
                }
                Reply::Json(answer) => (200, answer.to_string().into_bytes(), None),
                Reply::Bytes(answer) => (200, answer, None),
                Reply::Status(status, after) => {
                    let (status, answer) = error(status, "server_error", "the script says so");
                    (status, answer.to_string().into_bytes(), after)
                }
                Reply::Wrong(why) => {
                    let (status, answer) = lock(&state).refuse(why);
                    (status, answer.to_string().into_bytes(), None)
                }
                Reply::Hang => return std::future::pending().await,
                Reply::Cut => {
                    connection.cut();
                    return StatusCode::NO_CONTENT.into_response();
                }
            }
        }
    };
    let mut state = lock(&state);
    let place = index.checked_sub(state.taken);
    if let Some(recorded) = place.and_then(|place| state.requests.get_mut(place)) {
        recorded.status = Some(status);
        recorded.times = Some((came, Instant::now()));
    }
    drop(state);
    let mut response = Response::new(Body::from(answer));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    if let Some(after) = retry_after.and_then(|after| HeaderValue::from_str(&after).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, after);
    }
    response
}
