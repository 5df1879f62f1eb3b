//! One call of a tool, and what may be said when no answer comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, ServerResult};
use rmcp::service::{Peer, PeerRequestOptions, ServiceError};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::answer;
use super::rmcp_error::{chain, never_connected};
use super::server::{Phase, Server};
use crate::ports::{ToolAnswer, ToolError};

impl Server {
    /// Calls a read-only tool. When the server is lost on the way, it is asked once more after its
    /// restart.
    pub(super) async fn look(&self, tool: &str, arguments: &Map<String, Value>) -> Result<ToolAnswer, ToolError> {
        let within = self.times.look;
        let deadline = Instant::now() + within;
        let Ok(Ok(_turn)) = timeout_at(deadline, self.looks.acquire()).await else {
            return Err(self.busy_for(within));
        };
        let (peer, session) = self.peer(0, deadline).await?;
        match self.send(&peer, tool, arguments, deadline, within).await {
            Err(ToolError::Lost(_) | ToolError::Unavailable(_)) if Instant::now() < deadline && self.gone(&peer) => {
                self.doubt.notify_one();
                let (peer, _) = self.peer(session, deadline).await?;
                self.send(&peer, tool, arguments, deadline, within).await
            }
            answer => answer,
        }
    }

    /// Calls any tool, once.
    pub(super) async fn perform(&self, tool: &str, arguments: &Map<String, Value>) -> Result<ToolAnswer, ToolError> {
        let within = self.times.perform;
        let Ok(_turn) = timeout_at(Instant::now() + within, self.changing.lock()).await else {
            return Err(self.busy_for(within));
        };
        let deadline = Instant::now() + within;
        let (peer, _) = self.peer(0, deadline).await?;
        self.send(&peer, tool, arguments, deadline, within).await
    }

    fn busy_for(&self, within: Duration) -> ToolError {
        let seconds = within.as_secs_f32();
        ToolError::Unavailable(format!("the MCP server {} was busy for {seconds} s; nothing was sent", self.name()))
    }

    fn gone(&self, peer: &Peer<RoleClient>) -> bool {
        peer.is_transport_closed() || self.state.borrow().peer.is_none()
    }

    /// Comes back when the server has either started or failed to start once.
    pub(super) async fn settled(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as the server.
        let _ = state.wait_for(|state| state.phase != Phase::Starting).await;
    }

    /// The way to the server. A server that is still starting is waited for, and so is one that was
    /// lost in the middle of session number `after`.
    async fn peer(&self, after: u64, deadline: Instant) -> Result<(Peer<RoleClient>, u64), ToolError> {
        let mut watching = self.state.subscribe();
        let decided = watching.wait_for(|state| match state.phase {
            Phase::Ready => state.session > after && state.peer.is_some(),
            Phase::Starting => false,
            Phase::Down => after == 0,
            Phase::Stopped => true,
        });
        let state = match timeout_at(deadline, decided).await {
            Ok(Ok(state)) => state.clone(),
            _ => self.state.borrow().clone(),
        };
        match state.peer {
            Some(peer) if state.session > after => Ok((peer, state.session)),
            _ => {
                let why = match (state.phase, state.error) {
                    (Phase::Stopped, _) => format!("the MCP server {} is shut down", self.name()),
                    (_, Some(error)) => error,
                    _ => format!("the MCP server {} has not started yet", self.name()),
                };
                Err(ToolError::Unavailable(format!("{why}; nothing was sent")))
            }
        }
    }

    async fn send(
        &self,
        peer: &Peer<RoleClient>,
        tool: &str,
        arguments: &Map<String, Value>,
        deadline: Instant,
        within: Duration,
    ) -> Result<ToolAnswer, ToolError> {
        let _busy = Busy::count(&self.busy);
        let full = format!("{}.{tool}", self.name());
        if peer.is_transport_closed() {
            return Err(ToolError::Unavailable(format!("{full}: the server is being restarted; nothing was sent")));
        }
        let params = CallToolRequestParams::new(tool.to_string()).with_arguments(arguments.clone());
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let options = PeerRequestOptions::with_timeout(deadline.saturating_duration_since(Instant::now()));
        let answering = async { peer.send_cancellable_request(request, options).await?.await_response().await };
        // The inner deadline tells the server; the outer one holds when that cannot be done either.
        let answered = timeout_at(deadline + Duration::from_secs(1), answering).await;
        let lost =
            |why: String| Err(ToolError::Lost(format!("{full}: {}; it may have had its effect", self.clean(&why))));
        match answered {
            Ok(Ok(ServerResult::CallToolResult(result))) => {
                Ok(answer::of(result, &self.definition.secrets, self.longest).await)
            }
            Ok(Ok(_)) | Ok(Err(ServiceError::UnexpectedResponse)) => {
                lost("the server answered with something that is no result of a tool".into())
            }
            Ok(Err(ServiceError::McpError(error))) => Ok(ToolAnswer { ok: false, text: self.clean(&error.message) }),
            Ok(Err(ServiceError::Timeout { .. })) | Err(_) => {
                self.doubt.notify_one();
                lost(format!("the server did not answer within {} s", within.as_secs_f32()))
            }
            Ok(Err(ServiceError::TransportSend(error))) => {
                self.doubt.notify_one();
                let why = format!("the server cannot be reached: {}", chain(error.error.as_ref()));
                if never_connected(error.error.as_ref()) {
                    return Err(ToolError::Unavailable(format!("{full}: {}; nothing was sent", self.clean(&why))));
                }
                lost(why)
            }
            Ok(Err(error)) => {
                self.doubt.notify_one();
                lost(format!("the server went away in the middle of the call ({error})"))
            }
        }
    }
}

/// Counts a call for as long as it lives.
struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn count(calls: &'a AtomicUsize) -> Self {
        calls.fetch_add(1, Ordering::Relaxed);
        Self(calls)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A server together with the bare name of one of its tools.
pub(super) type Found<'a> = (&'a Arc<Server>, &'a str);
