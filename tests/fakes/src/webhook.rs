//! A receiver of anything over HTTP: records what arrives, and fails for a while when told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::Request;
use crate::clock::lock;
use crate::server::{Connection, Server};

/// A running receiver.
#[derive(Debug)]
pub struct FakeWebhook {
    server: Server,
    receiver: Arc<Mutex<Receiver>>,
}

#[derive(Debug, Default)]
struct Receiver {
    requests: Vec<Request>,
    failures: VecDeque<Failure>,
    answer: Option<(u16, String)>,
}

#[derive(Debug, Clone)]
enum Failure {
    Status(u16, Option<String>),
    Hang,
    Cut,
}

impl FakeWebhook {
    /// Starts a receiver that answers 200 with `{}`.
    pub async fn start() -> anyhow::Result<Self> {
        let receiver = Arc::<Mutex<Receiver>>::default();
        let routes = Router::new().fallback(handle).with_state(Arc::clone(&receiver));
        let server = Server::start(routes, 0).await?;
        Ok(Self { server, receiver })
    }

    /// Where it listens, on any path: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Every request, in the order of arrival; the status is none while it hangs or was cut.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.receiver).requests.clone()
    }

    /// What it answers when it does not fail.
    pub fn answer_with(&self, status: u16, body: &str) {
        lock(&self.receiver).answer = Some((status, body.to_owned()));
    }

    /// The next `times` requests get `status`, with a `Retry-After` header if one is given, word for word.
    pub fn fail(&self, times: usize, status: u16, retry_after: Option<&str>) {
        self.plan(times, &Failure::Status(status, retry_after.map(str::to_owned)));
    }

    /// The next `times` requests never get an answer.
    pub fn hang(&self, times: usize) {
        self.plan(times, &Failure::Hang);
    }

    /// The next `times` requests are received, and then the connection is cut.
    pub fn cut(&self, times: usize) {
        self.plan(times, &Failure::Cut);
    }

    /// Nothing fails any more, whatever was planned; what hangs already goes on hanging.
    pub fn heal(&self) {
        lock(&self.receiver).failures.clear();
    }

    /// The requests since the last time, in the order of arrival: for runs too long to keep all.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut lock(&self.receiver).requests)
    }

    fn plan(&self, times: usize, failure: &Failure) {
        let failures = std::iter::repeat_n(failure.clone(), times);
        lock(&self.receiver).failures.extend(failures);
    }
}

async fn handle(
    State(receiver): State<Arc<Mutex<Receiver>>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut request = Request::new(&method, &uri, &headers, &body);
    let (failure, answer) = {
        let mut receiver = lock(&receiver);
        let failure = receiver.failures.pop_front();
        let answer = receiver.answer.clone().unwrap_or((200, "{}".to_owned()));
        request.status = match &failure {
            None => Some(answer.0),
            Some(Failure::Status(status, _)) => Some(*status),
            Some(Failure::Hang | Failure::Cut) => None,
        };
        receiver.requests.push(request);
        (failure, answer)
    };
    let status = |code: u16| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match failure {
        None => (status(answer.0), [(header::CONTENT_TYPE, "application/json")], answer.1).into_response(),
        Some(Failure::Status(code, None)) => status(code).into_response(),
        Some(Failure::Status(code, Some(after))) => (status(code), [(header::RETRY_AFTER, after)]).into_response(),
        Some(Failure::Hang) => std::future::pending().await,
        Some(Failure::Cut) => {
            connection.cut();
            StatusCode::NO_CONTENT.into_response()
        }
    }
}
