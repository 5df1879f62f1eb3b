//! All MCP servers as the tools that the pipeline knows.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::arguments;
use super::call::ResolvedTool;
use super::options::{CheckReport, Jitter, Options, settle};
use super::readiness::ServerSlot;
use super::server::{Phase, Server, ServerState, Status};
use super::shared_catalogue::SharedCatalogue;
use super::supervisor::supervise;
use crate::domain::{Call, Catalogue, Clusters, Risk};
use crate::gate::{Permit, ReadPermit};
use crate::ports::{ToolAnswer, ToolError, ToolSlot, Tools};

/// The MCP servers.
pub struct Servers {
    servers: BTreeMap<String, Arc<Server>>,
    catalogues: Arc<SharedCatalogue>,
    stop: watch::Sender<bool>,
    keepers: tokio::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl Servers {
    /// Begins to start all servers and comes back at once. Must be called on the runtime that will
    /// keep them.
    ///
    /// # Errors
    /// When the options have problems; nothing is started then.
    pub fn start(
        options: &Options,
        env: &dyn Fn(&str) -> Option<String>,
        jitter: &Jitter,
    ) -> Result<Arc<Self>, CheckReport> {
        let (definitions, checked) = settle(options, env);
        if !checked.problems.is_empty() {
            return Err(checked);
        }
        for note in &checked.notes {
            tracing::warn!("{note}");
        }
        let catalogues = Arc::new(SharedCatalogue::new(options.clusters.clone()));
        let servers = definitions.into_iter().map(|definition| {
            let connect = Box::new(definition.place.clone());
            Server::new(definition, connect, options, jitter.clone(), catalogues.clone())
        });
        let servers: Vec<Server> = servers.collect();
        Ok(Self::keep(servers, catalogues))
    }

    /// No servers at all.
    pub fn none() -> Arc<Self> {
        Self::keep(Vec::new(), Arc::new(SharedCatalogue::new(Clusters::default())))
    }

    pub(super) fn keep(servers: Vec<Server>, catalogues: Arc<SharedCatalogue>) -> Arc<Self> {
        let (stop, stopped) = watch::channel(false);
        let servers: BTreeMap<String, Arc<Server>> =
            servers.into_iter().map(|server| (server.name().to_string(), Arc::new(server))).collect();
        let keepers = servers.values().map(|server| tokio::spawn(supervise(server.clone(), stopped.clone()))).collect();
        Arc::new(Self { servers, catalogues, stop, keepers: tokio::sync::Mutex::new(keepers) })
    }

    /// Where each server stands.
    pub fn status(&self) -> Vec<Status> {
        self.servers.values().map(|server| server.status()).collect()
    }

    /// Tools that servers have and that are not offered: `server.tool`, and why.
    pub fn withheld(&self) -> BTreeMap<String, String> {
        let mut withheld = BTreeMap::new();
        for (server, one) in &self.servers {
            let faces = one.faces.lock().unwrap_or_else(PoisonError::into_inner);
            withheld.extend(faces.refused().map(|(tool, why)| (format!("{server}.{tool}"), why.to_string())));
        }
        withheld
    }

    /// Those of them that the operator does not want: `server.tool`, and why that is so.
    pub fn unwanted(&self) -> BTreeMap<String, String> {
        let mut unwanted = BTreeMap::new();
        for (server, one) in &self.servers {
            let faces = one.faces.lock().unwrap_or_else(PoisonError::into_inner);
            unwanted.extend(faces.unwanted().map(|(tool, why)| (format!("{server}.{tool}"), why.to_string())));
        }
        unwanted
    }

    /// Waits until every server has either started or failed to start once, but no longer than
    /// this. Says whether all are ready.
    pub async fn wait_ready(&self, within: Duration) -> bool {
        let all = join_all(self.servers.values().map(|server| server.settled()));
        // Those that are not ready in time show in the status.
        let _ = tokio::time::timeout(within, all).await;
        self.status().iter().all(|status| status.phase == Phase::Ready)
    }

    /// Ends all servers. Calls that are under way get no answer any more, nor an error: those whose effect
    /// is unknown are settled by the next start.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let mut keepers = self.keepers.lock().await;
        for ended in join_all(keepers.drain(..)).await {
            if let Err(error) = ended {
                tracing::error!(%error, "the keeper of an MCP server broke down");
            }
        }
    }

    /// Whether a server of this name is defined.
    pub fn has(&self, server: &str) -> bool {
        self.servers.contains_key(server)
    }

    /// Calls this with the name of a server whenever that one can be called again; ends with the servers.
    pub async fn each_time_ready(&self, call: impl Fn(&str)) {
        let watched = self.servers.values().map(|server| async {
            let mut state = server.state.subscribe();
            while state.wait_for(ServerState::is_ready).await.is_ok() {
                call(server.name());
                if state.wait_for(|state| !state.is_ready()).await.is_err() {
                    return;
                }
            }
        });
        join_all(watched).await;
    }

    /// While everything ends, no error is told: it would be one of ending, and say nothing about the tool.
    async fn unless_stopping<T>(&self, work: impl Future<Output = Result<T, ToolError>>) -> Result<T, ToolError> {
        let answer = work.await;
        if answer.is_err() && *self.stop.borrow() {
            return std::future::pending().await;
        }
        answer
    }

    /// The server of a call, once it is known which tools it has, and the tool's risk.
    async fn find<'a>(&'a self, call: &'a Call, within: Duration) -> Result<(ResolvedTool<'a>, Risk), ToolError> {
        let refused = |why: String| Err(ToolError::Refused(why));
        let Some((name, tool)) = call.tool.split_once('.') else {
            return refused(format!("{} is no name of a tool: tools are called server.tool", call.tool));
        };
        let Some(server) = self.servers.get(name) else {
            return refused(format!("there is no MCP server {name}"));
        };
        if server.state.borrow().phase == Phase::Starting {
            // What comes too late is said by the call itself.
            let _ = tokio::time::timeout(within, server.settled()).await;
        }
        if let Some(why) = server.refusal(tool) {
            return refused(why);
        }
        if let Some(known) = self.catalogues.catalogue().get(&call.tool) {
            if let Some(why) = arguments::refusal(&call.arguments) {
                return refused(format!("{}: {why}", call.tool));
            }
            return Ok(((server, tool), known.risk));
        }
        let state = server.state.borrow().clone();
        match state.error {
            _ if state.phase == Phase::Ready => refused(format!("the MCP server {name} has no tool {tool}")),
            Some(error) => Err(ToolError::Unavailable(format!("{error}; nothing was sent"))),
            None => Err(ToolError::Unavailable(format!("the MCP server {name} has not started yet; nothing was sent"))),
        }
    }
}

impl Tools for Servers {
    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogues.catalogue()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Who decides while a server is still starting denies what it would have allowed.
            let longest = self.servers.values().map(|server| server.times.start).max();
            self.wait_ready(longest.unwrap_or_default() + Duration::from_secs(1)).await;
        })
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        self.survey(permit, 0)
    }

    fn survey<'a>(&'a self, permit: &'a ReadPermit, most: usize) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        let looked = async move {
            let call = permit.call();
            let ((server, tool), risk) = self.find(call, Duration::from_secs(15)).await?;
            if risk != Risk::Read {
                return Err(ToolError::Refused(format!(
                    "{} is not read-only (its risk is {}) and needs a permit",
                    call.tool,
                    risk.as_str()
                )));
            }
            server.look(tool, &call.arguments, most.max(server.longest)).await
        };
        Box::pin(self.unless_stopping(looked))
    }

    fn ready(&self, tool: &str) -> bool {
        let server = self.servers.get(tool.split('.').next().unwrap_or_default());
        server.is_none_or(|server| server.state.borrow().is_ready())
    }

    fn acquire<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<ToolSlot, ToolError>> {
        let taken = async move {
            let ((server, _), _) = self.find(call, Duration::ZERO).await?;
            server.turn().await.map(ToolSlot::holding)
        };
        Box::pin(self.unless_stopping(taken))
    }

    fn perform<'a>(
        &'a self,
        permit: &'a Permit,
        call: &'a Call,
        turn: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        let performed = async move {
            // The executor has looked at the expiry; that the call is the permitted one is looked at
            // again where it leaves the host.
            permit.check(call, Timestamp::MIN).map_err(ToolError::Refused)?;
            let ((server, tool), _) = self.find(call, Duration::ZERO).await?;
            if turn.held::<ServerSlot>().is_none_or(|turn| turn.server != server.name()) {
                return Err(ToolError::Refused(format!("{} is called by somebody whose turn it is not", call.tool)));
            }
            tracing::info!(tool = call.tool, attempt = permit.attempt(), "performing");
            server.perform(tool, &call.arguments).await
        };
        Box::pin(self.unless_stopping(performed))
    }
}
