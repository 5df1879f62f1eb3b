//! One call of a tool, and what may be said when no answer comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, RequestParamsMeta as _};
use rmcp::service::{Peer, PeerRequestOptions, ServiceError};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::answer;
use super::raw_results;
use super::rmcp_error::{chain, never_connected};
use super::server::Server;
use crate::ports::{ToolAnswer, ToolError};

impl Server {
    /// Calls a read-only tool. A server that has just gone down is waited for, and when an answer gets lost on
    /// the way, it is asked once more as soon as it is there. Waiting does not shorten the time of the call. Of the answer
    /// so many bytes are kept.
    pub(super) async fn look(
        &self,
        tool: &str,
        arguments: &Map<String, Value>,
        longest: usize,
    ) -> Result<ToolAnswer, ToolError> {
        let within = self.times.look;
        let elapsed = || self.made_at.elapsed();
        let skipped = |skipped| ToolError::Unavailable(format!("{}; nothing was sent", self.skipped_sentence(skipped)));
        // A look that waits for its place behind those that get no answer need not find that out itself.
        if let Some(now) = self.circuit.skipped(elapsed()) {
            return Err(skipped(now));
        }
        let waiting = Instant::now() + within;
        let Ok(Ok(_turn)) = timeout_at(waiting, self.looks.acquire()).await else {
            let seconds = within.as_secs_f32();
            let why = format!("the MCP server {} was busy for {seconds} s; nothing was sent", self.name());
            return Err(ToolError::Unavailable(why));
        };
        let peer = self.awaited_peer(waiting).await?;
        let admitted = self.circuit.admit(elapsed()).map_err(skipped)?;
        let deadline = Instant::now() + within;
        let answer = match self.send(&peer, (tool, arguments), deadline, within, longest).await {
            Err(error @ (ToolError::Lost(_) | ToolError::Unavailable(_))) if Instant::now() < deadline => {
                match self.trusted_peer(deadline).await {
                    Some(peer) => self.send(&peer, (tool, arguments), deadline, within, longest).await,
                    None => Err(error),
                }
            }
            answer => answer,
        };
        match &answer {
            Ok(_) | Err(ToolError::Refused(_)) => admitted.answered(),
            Err(ToolError::Lost(_)) if Instant::now() >= deadline => _ = admitted.missed(elapsed()),
            Err(_) => {}
        }
        answer
    }

    /// Calls any tool, once; whoever calls has the server's turn.
    pub(super) async fn perform(&self, tool: &str, arguments: &Map<String, Value>) -> Result<ToolAnswer, ToolError> {
        let within = self.times.perform;
        let peer = self.peer()?;
        self.send(&peer, (tool, arguments), Instant::now() + within, within, self.longest).await
    }

    async fn send(
        &self,
        peer: &Peer<RoleClient>,
        (tool, arguments): (&str, &Map<String, Value>),
        deadline: Instant,
        within: Duration,
        longest: usize,
    ) -> Result<ToolAnswer, ToolError> {
        let _busy = BusyGuard::count(&self.busy);
        let full = format!("{}.{tool}", self.name());
        if peer.is_transport_closed() {
            return Err(ToolError::Unavailable(format!("{full}: the server is being restarted; nothing was sent")));
        }
        let mut params = CallToolRequestParams::new(tool.to_string()).with_arguments(arguments.clone());
        if let Some(context) = crate::traces::context::current() {
            params.set_traceparent(&context);
        }
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let options = PeerRequestOptions::with_timeout(deadline.saturating_duration_since(Instant::now()));
        let answering = async {
            // What cannot be handed to the connection any more was not sent.
            let handed = peer.send_cancellable_request(request, options).await.map_err(|_| None)?;
            handed.await_response().await.map_err(Some)
        };
        // The inner deadline tells the server; the outer one holds when that cannot be done either.
        let answered = timeout_at(deadline + Duration::from_secs(1), answering).await;
        let lost =
            |why: String| Err(ToolError::Lost(format!("{full}: {}; it may have had its effect", self.clean(&why))));
        match answered {
            Ok(Ok(result)) => match raw_results::as_written(result) {
                Some(text) => match answer::of(text, &self.definition.secrets, longest).await {
                    Ok(answer) => Ok(answer),
                    Err(later) => lost(later),
                },
                None => lost("the server answered with something that is no result of a tool".into()),
            },
            Ok(Err(None)) => {
                self.distrust();
                Err(ToolError::Unavailable(format!("{full}: the server is being restarted; nothing was sent")))
            }
            Ok(Err(Some(ServiceError::McpError(error)))) => {
                Ok(ToolAnswer { ok: false, text: self.clean(&error.message) })
            }
            Ok(Err(Some(ServiceError::Timeout { .. }))) | Err(_) => {
                self.distrust();
                lost(format!("the server did not answer within {} s", within.as_secs_f32()))
            }
            Ok(Err(Some(ServiceError::TransportSend(error)))) => {
                self.distrust();
                let why = format!("the server cannot be reached: {}", chain(error.error.as_ref()));
                if never_connected(error.error.as_ref()) {
                    return Err(ToolError::Unavailable(format!("{full}: {}; nothing was sent", self.clean(&why))));
                }
                lost(why)
            }
            Ok(Err(Some(error))) => {
                self.distrust();
                lost(format!("the server went away in the middle of the call ({error})"))
            }
        }
    }
}

/// Counts a call for as long as it lives.
struct BusyGuard<'a>(&'a AtomicUsize);

impl<'a> BusyGuard<'a> {
    fn count(calls: &'a AtomicUsize) -> Self {
        calls.fetch_add(1, Ordering::Relaxed);
        Self(calls)
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A server together with the bare name of one of its tools.
pub(super) type ResolvedTool<'a> = (&'a Arc<Server>, &'a str);
