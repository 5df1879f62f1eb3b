//! How much of the host each kind of caller may take up. Each has its own share, so that none of
//! them can stop another: least of all strangers those who send alerts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Shared;
use super::answer::Failure;
use super::places::Places;

/// Bodies in memory at once whose senders have proven nothing yet, in bytes.
const UNPROVEN_BYTES: usize = 64 << 20;

/// Bodies in memory at once of senders that have, in bytes.
const PROVEN_BYTES: usize = 256 << 20;

/// Forms of the links' page that are received at once.
const FORMS: usize = 32;

/// Questions behind links that are looked up at once.
const LINKS: usize = 8;

/// How long a look-up waits for the others.
const LINK_WAIT: Duration = Duration::from_secs(2);

/// Calls of the API that are worked on at once.
const API: usize = 64;

/// Readers of `/metrics` at once.
const PROBES: usize = 8;

/// Calls through MCP at once: programs call again and again, and must leave room for people.
const MCP: usize = 8;

/// The part of all connections that programs which watch may have, and open pages that are kept fresh: what is left is for
/// everybody else.
const WATCHERS: usize = 4;
const PAGES: usize = 2;

/// The shares.
pub struct Quotas {
    /// Of each source, by name.
    senders: Mutex<HashMap<String, Arc<Semaphore>>>,
    of_a_source: usize,
    /// Bodies whose senders have proven nothing yet.
    pub unproven: Arc<Places>,
    /// Bodies of senders that have.
    pub proven: Arc<Places>,
    /// Forms of the links' page.
    pub forms: Arc<Places>,
    links: Semaphore,
    api: Semaphore,
    probes: Semaphore,
    mcp: Semaphore,
    watchers: Arc<Semaphore>,
    pages: Arc<Semaphore>,
}

impl Quotas {
    /// What the configuration leaves open is fixed here.
    pub fn new(settings: &crate::config::Server) -> Self {
        let (requests, largest) = (settings.max_requests.min(Semaphore::MAX_PERMITS), settings.max_body.bytes());
        Self {
            senders: Mutex::default(),
            of_a_source: requests,
            unproven: Places::new(requests, UNPROVEN_BYTES.max(largest)),
            proven: Places::new(usize::MAX, PROVEN_BYTES.max(largest)),
            forms: Places::new(FORMS, usize::MAX),
            links: Semaphore::new(LINKS),
            api: Semaphore::new(API),
            probes: Semaphore::new(PROBES),
            mcp: Semaphore::new(MCP),
            watchers: part(settings.max_connections, WATCHERS),
            pages: part(settings.max_connections, PAGES),
        }
    }

    /// A place among the requests of one source that are worked on. The source must exist, for its
    /// share is remembered.
    pub fn sender(&self, source: &str) -> Result<OwnedSemaphorePermit, Failure> {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        let share = senders.entry(source.to_string()).or_insert_with(|| Arc::new(Semaphore::new(self.of_a_source)));
        Arc::clone(share).try_acquire_owned().map_err(|_| busy())
    }

    /// A place to look up a question behind a link; waits for one a little.
    pub async fn link(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Failure> {
        timeout(LINK_WAIT, self.links.acquire()).await.ok().and_then(Result::ok).ok_or_else(busy)
    }

    /// A place for a call through MCP.
    pub fn mcp(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Failure> {
        self.mcp.try_acquire().map_err(|_| busy())
    }

    /// A place for somebody who watches.
    pub fn watcher(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.watchers).try_acquire_owned().map_err(|_| busy())
    }

    /// A place for a browser whose pages are kept fresh.
    pub fn page_watcher(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.pages).try_acquire_owned().map_err(|_| busy())
    }
}

fn part(connections: usize, of: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new((connections / of).clamp(1, Semaphore::MAX_PERMITS)))
}

/// The answer to one request too many.
pub fn busy() -> Failure {
    Failure::unavailable("too many requests are being worked on; try again")
}

/// In front of the API.
pub async fn api(State(state): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    within(&state.quotas.api, request, next).await
}

/// In front of what monitoring reads.
pub async fn probes(State(state): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    within(&state.quotas.probes, request, next).await
}

/// More requests than can be worked on are told to come back, instead of waiting in memory.
async fn within(share: &Semaphore, request: Request, next: Next) -> Response {
    match share.try_acquire() {
        Ok(_permit) => next.run(request).await,
        Err(_) => busy().into_response(),
    }
}
