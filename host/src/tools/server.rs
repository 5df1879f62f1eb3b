//! One server and where it stands.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::service::Peer;
use serde::Serialize;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use super::answer;
use super::connect::Connect;
use super::definition::Definition;
use super::options::{Jitter, Options};
use super::pinning::PinnedTools;
use super::shared_catalogue::SharedCatalogue;
use crate::circuit::{Circuit, CircuitOpen};

/// Read-only calls of one server at the same time.
const LOOKS: usize = 8;
/// How long a server may take to say that it is there.
const LONGEST_PING: Duration = Duration::from_secs(10);

/// Where a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It has not been up yet.
    Starting,
    /// It answers.
    Ready,
    /// It is down and will be started again.
    Down,
    /// It has been shut down.
    Stopped,
}

/// Where a server stands, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The server.
    pub server: String,
    /// Where it stands.
    pub phase: Phase,
    /// How many tools it offers.
    pub tools: usize,
    /// How long it has stood there.
    pub stands_for: Duration,
    /// How often it was started again.
    pub restarts: u64,
    /// What last went wrong.
    pub error: Option<String>,
    /// Why nothing is looked at there for the time being, though it is up.
    pub skipped: Option<String>,
    /// A sentence for each of its tools that could not be taken.
    pub left_out: Vec<String>,
    /// A sentence for each of its tools whose schema was made sound.
    pub mended: Vec<String>,
}

impl Status {
    /// What a person should know of it, a sentence each.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.problem().into_iter().chain(self.left_out.iter().cloned())
    }

    /// Why its tools cannot be called now; none when they can.
    pub fn problem(&self) -> Option<String> {
        let server = &self.server;
        match (self.phase, &self.error) {
            (Phase::Ready, _) => self.skipped.clone(),
            (Phase::Starting, _) => Some(format!("the MCP server {server} is still starting")),
            (Phase::Stopped, _) => Some(format!("the MCP server {server} is shut down")),
            (Phase::Down, Some(error)) => Some(error.clone()),
            (Phase::Down, None) => Some(format!("the MCP server {server} is down")),
        }
    }
}

/// What callers need to know.
#[derive(Clone)]
pub(super) struct ServerState {
    pub phase: Phase,
    pub peer: Option<Peer<RoleClient>>,
    /// Counts sessions, so that a caller can wait for the next one.
    pub session: u64,
    pub error: Option<String>,
    /// An answer got lost; the server has not said since that it is there.
    pub doubted: bool,
    /// Since when it is down; none while it is up or starts for the first time.
    pub down_since: Option<Instant>,
    /// Since when it has been in its phase.
    pub since: Instant,
}

/// Times that bound the handling of a server.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub start: Duration,
    pub look: Duration,
    pub perform: Duration,
    pub check: Duration,
    pub ping: Duration,
}

/// One server, shared by its keeper and its callers.
pub(super) struct Server {
    pub definition: Definition,
    pub connect: Box<dyn Connect>,
    pub times: Times,
    /// Longest answer in bytes.
    pub longest: usize,
    pub jitter: Jitter,
    pub catalogues: Arc<SharedCatalogue>,
    pub state: watch::Sender<ServerState>,
    /// Changing calls come one after the other: a server may keep state between its steps.
    pub changing: Arc<tokio::sync::Mutex<()>>,
    pub looks: Semaphore,
    /// Calls under way; an idle server is asked whether it is there, a busy one is left alone.
    pub busy: AtomicUsize,
    /// Looks that got no answer in time, again and again, are not made for a while.
    pub circuit: Circuit,
    /// Since when the circuit counts.
    pub made_at: Instant,
    /// A caller has reason to doubt that the server is there.
    pub doubt: Notify,
    pub faces: Mutex<PinnedTools>,
}

impl Server {
    pub(super) fn new(
        definition: Definition,
        connect: Box<dyn Connect>,
        options: &Options,
        jitter: Jitter,
        catalogues: Arc<SharedCatalogue>,
    ) -> Self {
        let state = ServerState {
            phase: Phase::Starting,
            peer: None,
            session: 0,
            error: None,
            doubted: false,
            down_since: None,
            since: Instant::now(),
        };
        Self {
            definition,
            connect,
            times: Times {
                start: options.start_within,
                look: options.look_within,
                perform: options.perform_within,
                check: options.check_every,
                ping: options.check_every.min(LONGEST_PING),
            },
            longest: options.max_answer,
            jitter,
            catalogues,
            state: watch::Sender::new(state),
            changing: Arc::default(),
            looks: Semaphore::new(LOOKS),
            busy: AtomicUsize::new(0),
            circuit: Circuit::default(),
            made_at: Instant::now(),
            doubt: Notify::new(),
            faces: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.definition.name
    }

    /// Text of the server or of its process, fit to be shown.
    pub(super) fn clean(&self, text: &str) -> String {
        answer::clean(text, &self.definition.secrets, self.longest)
    }

    /// Why a tool of this server is not offered, where that is known.
    pub(super) fn refusal(&self, tool: &str) -> Option<String> {
        self.faces.lock().unwrap_or_else(PoisonError::into_inner).refusal(tool)
    }

    /// That nothing is looked at there for the time being.
    pub(super) fn skipped_sentence(&self, skipped: CircuitOpen) -> String {
        format!("the MCP server {} {skipped}", self.name())
    }

    pub(super) fn status(&self) -> Status {
        let state = self.state.borrow().clone();
        let prefix = format!("{}.", self.name());
        let catalogue = self.catalogues.catalogue();
        let (left_out, mended) = {
            let faces = self.faces.lock().unwrap_or_else(PoisonError::into_inner);
            (faces.left_out(), faces.mended())
        };
        Status {
            server: self.name().to_string(),
            phase: state.phase,
            stands_for: state.since.elapsed(),
            tools: catalogue.tools.keys().filter(|name| name.starts_with(&prefix)).count(),
            restarts: state.session.saturating_sub(1),
            error: state.error,
            skipped: self.circuit.skipped(self.made_at.elapsed()).map(|skipped| self.skipped_sentence(skipped)),
            left_out,
            mended,
        }
    }
}
