//! Whether a server can be called now, and who may change something there next.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::service::Peer;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout, timeout_at};

use super::server::{Phase, Server, ServerState};
use crate::ports::ToolError;

/// How long looks wait for a server that has just gone down: most restarts are over by then, and one
/// that is down for longer keeps nobody waiting.
const BRIDGED: Duration = Duration::from_secs(30);

/// The turn of one caller at a server: changing calls come one after the other.
pub(super) struct ServerSlot {
    /// The server.
    pub server: String,
    _changing: OwnedMutexGuard<()>,
}

impl ServerState {
    /// Comes to a phase, and knows since when.
    pub(super) fn comes_to(&mut self, phase: Phase) {
        if self.phase != phase {
            (self.phase, self.since) = (phase, Instant::now());
        }
    }

    /// Whether it can be called now.
    pub(super) fn is_ready(&self) -> bool {
        let open = self.peer.as_ref().is_some_and(|peer| !peer.is_transport_closed());
        self.phase == Phase::Ready && !self.doubted && open
    }
}

impl Server {
    /// Comes back when the server has either started or failed to start once.
    pub(super) async fn settled(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as the server.
        let _ = state.wait_for(|state| state.phase != Phase::Starting).await;
    }

    /// Waits for its turn to change something, as long as others have theirs. Comes back at once when the
    /// server cannot be called.
    pub(super) async fn turn(&self) -> Result<ServerSlot, ToolError> {
        self.peer()?;
        let changing = Arc::clone(&self.changing).lock_owned().await;
        // Behind a lost answer it is not known yet whether the server is there: it is being asked.
        let asked = (self.times.ping + Duration::from_secs(1)) * 2 + Duration::from_secs(1);
        let mut state = self.state.subscribe();
        let answers = state.wait_for(|state| !state.doubted || state.phase != Phase::Ready);
        let answered = timeout(asked, answers).await.is_ok();
        self.peer()?;
        if !answered {
            let why = format!("the MCP server {} does not answer; nothing was sent", self.name());
            return Err(ToolError::Unavailable(why));
        }
        Ok(ServerSlot { server: self.name().to_string(), _changing: changing })
    }

    /// The way to the server as it stands.
    pub(super) fn peer(&self) -> Result<Peer<RoleClient>, ToolError> {
        let state = self.state.borrow();
        match &state.peer {
            Some(peer) if state.phase == Phase::Ready && !peer.is_transport_closed() => Ok(peer.clone()),
            _ => Err(self.unavailable(&state)),
        }
    }

    /// The way to the server. One that is still starting or has just gone down is waited for.
    pub(super) async fn awaited_peer(&self, deadline: Instant) -> Result<Peer<RoleClient>, ToolError> {
        let down_since = self.state.borrow().down_since;
        let until = down_since.map_or(deadline, |since| deadline.min(since + BRIDGED));
        self.wait(until, |state| state.phase == Phase::Ready && state.peer.is_some()).await;
        self.peer()
    }

    /// The way to the server behind a lost answer, once it has said that it is there, or is there again; none
    /// when it is not in time.
    pub(super) async fn trusted_peer(&self, deadline: Instant) -> Option<Peer<RoleClient>> {
        self.distrust();
        self.wait(deadline, ServerState::is_ready).await;
        self.peer().ok().filter(|_| self.state.borrow().is_ready())
    }

    async fn wait(&self, until: Instant, enough: impl Fn(&ServerState) -> bool) {
        let mut watching = self.state.subscribe();
        let decided = watching.wait_for(|state| enough(state) || state.phase == Phase::Stopped);
        // What is not there in time shows in the state.
        let _ = timeout_at(until, decided).await;
    }

    fn unavailable(&self, state: &ServerState) -> ToolError {
        let name = self.name();
        let why = match (state.phase, &state.error) {
            (Phase::Stopped, _) => format!("the MCP server {name} is shut down"),
            (Phase::Ready, _) => format!("the MCP server {name} is being restarted"),
            (_, Some(error)) => error.clone(),
            _ => format!("the MCP server {name} has not started yet"),
        };
        ToolError::Unavailable(format!("{why}; nothing was sent"))
    }

    /// An answer got lost: it is asked whether it is there, and nothing is changed before it says so.
    pub(super) fn distrust(&self) {
        self.state.send_modify(|state| state.doubted = true);
        self.doubt.notify_one();
    }

    /// It said that it is there.
    pub(super) fn trust(&self) {
        self.state.send_if_modified(|state| std::mem::take(&mut state.doubted));
    }
}
