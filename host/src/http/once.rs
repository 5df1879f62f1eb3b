//! `Idempotency-Key`: what a program sends again because it got no answer is not done again.
//!
//! Answers are remembered in memory, so many and for so long; after a start of the host nothing is. A request with a key goes
//! on to its end when its sender hangs up, so that whoever comes again is told what came of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::answer::Failure;
use super::control::{MAX_WORDS, caller};
use super::refusals::Refused;
use super::{Shared, body};

/// The header.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is an earlier one.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key.
const LONGEST: usize = 255;
/// Answers that are remembered.
const MOST: usize = 1_000;
/// And for how long.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Bytes of all of them.
const BYTES: usize = 8 << 20;
/// A longer answer is not remembered.
const ANSWER: usize = 256 << 10;

/// Whose key, with what they have shown, for which path.
type Name = (String, String, String);

/// What came of a request.
#[derive(Clone)]
struct StoredAnswer {
    status: StatusCode,
    content: Option<HeaderValue>,
    body: Bytes,
    refused: Option<Refused>,
}

struct StoredRequest {
    digest: [u8; 32],
    at: Duration,
    /// None while it is under way.
    done: Option<StoredAnswer>,
}

#[derive(Default)]
struct Memory {
    known: BTreeMap<Name, StoredRequest>,
    order: VecDeque<Name>,
    bytes: usize,
}

/// The keys that were seen.
#[derive(Default)]
pub struct Once(Mutex<Memory>);

enum Begun {
    First,
    UnderWay,
    Other,
    Done(StoredAnswer),
}

impl Once {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, name: &Name, digest: [u8; 32], now: Duration) -> Begun {
        let mut memory = self.memory();
        memory.forget(now);
        if let Some(known) = memory.known.get(name) {
            return match &known.done {
                _ if known.digest != digest => Begun::Other,
                None => Begun::UnderWay,
                Some(done) => Begun::Done(done.clone()),
            };
        }
        memory.known.insert(name.clone(), StoredRequest { digest, at: now, done: None });
        memory.order.push_back(name.clone());
        Begun::First
    }

    /// What came of it; none where it may be tried again.
    fn end(&self, name: &Name, done: Option<StoredAnswer>) {
        let mut memory = self.memory();
        let Some(done) = done else {
            memory.remove(name);
            return;
        };
        memory.bytes += done.body.len();
        if let Some(known) = memory.known.get_mut(name) {
            known.done = Some(done);
        }
    }
}

impl Memory {
    fn remove(&mut self, name: &Name) {
        if let Some(known) = self.known.remove(name) {
            self.bytes = self.bytes.saturating_sub(known.done.map_or(0, |done| done.body.len()));
            self.order.retain(|other| other != name);
        }
    }

    /// Forgets what is old, and the oldest where there are too many. What is under way stays.
    fn forget(&mut self, now: Duration) {
        loop {
            let crowded = self.known.len() >= MOST || self.bytes > BYTES;
            let over = |name: &&Name| {
                let known = self.known.get(*name);
                known.is_none_or(|known| known.done.is_some() && (crowded || now.saturating_sub(known.at) > KEPT))
            };
            let Some(name) = self.order.iter().find(over).cloned() else { return };
            self.remove(&name);
            self.order.retain(|other| *other != name);
        }
    }
}

/// In front of whatever changes something.
pub async fn once(State(state): State<Arc<Shared>>, request: Request, next: Next) -> Result<Response, Failure> {
    let Some(key) = request.headers().get(KEY).filter(|_| request.method() == Method::POST) else {
        return Ok(next.run(request).await);
    };
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= LONGEST);
    let wrong = || Failure::invalid(format!("Idempotency-Key: a word of 1 to {LONGEST} letters of ASCII"));
    let key = key.ok_or_else(wrong)?.to_string();
    // An answer is for whoever may have it: it may hold more than another token of the same person permits.
    let caller = caller(&request);
    let shown = caller.proven().map(|person| (person.id(), person.proof().clone()));
    let who = format!("{shown:?} {:?}", caller.access().scopes());
    let name = (who, request.uri().path().to_string(), key);
    let (head, stream) = request.into_parts();
    let bytes = body::read(&head.headers, stream, MAX_WORDS, state.settings.body_timeout).await?;
    let query = head.uri.query().unwrap_or_default();
    let digest = Sha256::new().chain_update(query).chain_update([0]).chain_update(&bytes).finalize().into();
    match state.once.begin(&name, digest, state.clock.elapsed()) {
        Begun::Done(done) => return Ok(replayed(done)),
        Begun::Other => {
            return Err(Failure::unprocessable("this Idempotency-Key stands for another request; use a new one"));
        }
        Begun::UnderWay => return Err(Failure::conflict("the request of this Idempotency-Key is under way")),
        Begun::First => {}
    }
    let request = Request::from_parts(head, Body::from(bytes));
    let remembering = tokio::spawn(async move {
        let ending = Ending { state, name: Some(name) };
        let response = next.run(request).await;
        ending.end(response).await
    });
    Ok(remembering
        .await
        .unwrap_or_else(|_| Failure::internal("a fault in tidegate; the log says where").into_response()))
}

/// A request under way: its key is free again where it is broken off.
struct Ending {
    state: Arc<Shared>,
    name: Option<Name>,
}

impl Ending {
    async fn end(mut self, response: Response) -> Response {
        let status = response.status();
        let content = response.headers().get(header::CONTENT_TYPE).cloned();
        let streams = content.as_ref().is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if streams || status.is_server_error() {
            return response;
        }
        let refused = response.extensions().get::<Refused>().cloned();
        let (head, stream) = response.into_parts();
        let Ok(body) = to_bytes(stream, ANSWER).await else {
            return Failure::internal("the answer is too long for a request with an Idempotency-Key").into_response();
        };
        if let Some(name) = self.name.take() {
            let done = StoredAnswer { status, content, body: body.clone(), refused };
            self.state.once.end(&name, Some(done));
        }
        Response::from_parts(head, Body::from(body))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            self.state.once.end(&name, None);
        }
    }
}

fn replayed(done: StoredAnswer) -> Response {
    let mut response = Response::new(Body::from(done.body));
    *response.status_mut() = done.status;
    if let Some(content) = done.content {
        response.headers_mut().insert(header::CONTENT_TYPE, content);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    if let Some(refused) = done.refused {
        response.extensions_mut().insert(refused);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_a_bound_and_what_is_under_way_stays() {
        let once = Once::default();
        let name = |n: usize| ("ada".to_string(), "/v1/pause".to_string(), n.to_string());
        let done = || {
            Some(StoredAnswer {
                status: StatusCode::OK,
                content: None,
                body: Bytes::from(vec![0; 10_000]),
                refused: None,
            })
        };
        let now = Duration::from_secs;
        assert!(matches!(once.begin(&name(0), [0; 32], now(0)), Begun::First));
        for n in 1..2_000 {
            assert!(matches!(once.begin(&name(n), [0; 32], now(1)), Begun::First));
            once.end(&name(n), done());
        }
        let count = once.memory().known.len();
        let bytes = once.memory().bytes;
        assert!(count <= MOST && bytes <= BYTES + ANSWER, "{count} {bytes}");
        assert!(matches!(once.begin(&name(0), [0; 32], now(2)), Begun::UnderWay));
        assert!(matches!(once.begin(&name(1_999), [0; 32], now(2)), Begun::Done(_)));
        assert!(matches!(once.begin(&name(1_999), [1; 32], now(2)), Begun::Other));
        once.end(&name(0), None);
        assert!(matches!(once.begin(&name(0), [1; 32], now(3)), Begun::First));
        assert!(matches!(once.begin(&name(1_999), [0; 32], now(200_000)), Begun::First), "a day later it is new");
    }
}
