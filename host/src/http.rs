//! The HTTP server: alerts come in, people and programs look at incidents and answer questions.
//!
//! It authenticates, bounds and translates; what to do about a request is the [`Backend`]'s business.
//! A request gets a 2xx only after the front said that the alerts are durable. No type of the HTTP
//! library leaves this module.

mod access;
mod admission;
mod alertmanager;
mod alerts;
mod answer;
mod attempts;
mod audit;
mod authorization;
mod body;
mod callers;
mod changes;
mod chat;
mod connection;
mod control;
mod deliveries;
mod durations;
mod encoding;
mod etag;
mod events;
mod fetch;
mod form;
mod handling;
mod handshake;
mod health;
mod incidents;
mod inspections;
mod jwt;
mod link;
mod list;
mod mcp;
mod oidc;
mod once;
mod openapi;
mod openmetrics;
mod origin;
mod pages;
mod people;
mod places;
mod problem;
mod proof;
mod proxy;
mod quotas;
mod receive;
mod recent_events;
mod refusals;
mod replays;
mod reply;
mod router;
mod routes;
mod schedules;
mod search;
mod shared;
mod signature;
mod silences;
mod sns;
mod targets;
mod watch;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast, watch as signal};

pub use access::table as permissions;

use crate::backend::Backend;
use crate::config::{Config, Problem, Problems, is_this_machine};
use crate::environment::Environment;
use crate::network::Network;
use crate::ports::Clock;
use crate::random::Random;
use attempts::Attempts;
use callers::Callers;
use durations::Durations;
use fetch::Fetch;
use oidc::{Oidc, Talk};
use proof::Proof;
use quotas::Quotas;
use refusals::Refusals;
use replays::Replays;
use router::router;
use shared::{Shared, SourceAccess};

/// Requests that read records at the same time.
const READERS: usize = 8;
/// How long requests under way may take to finish after the order to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// A server that is ready to run.
pub struct Server {
    listener: TcpListener,
    state: Arc<Shared>,
    router: Router,
    settings: crate::config::Server,
    stopping: signal::Sender<bool>,
    changed: broadcast::Receiver<String>,
}

impl Server {
    /// Takes over a listening socket. Secrets are read here.
    ///
    /// # Errors
    /// When a secret cannot be read, or listening there without authentication would let others in.
    pub fn new(
        listener: TcpListener,
        config: &Config,
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        environment: &dyn Environment,
    ) -> Result<Self, Problems> {
        // What some proofs rest on is fetched with clients of the server's own.
        let network: Arc<dyn Talk> = Arc::new(Network::default());
        let fetch: Arc<dyn Fetch> = network.clone();
        let mut problems = config.exposure(&backend.sources());
        let mut proof = |path: &[&str], auth: &Option<crate::config::Auth>| {
            let resolved = auth.as_ref().map(|auth| Proof::resolve(auth, environment, &fetch)).transpose();
            resolved.unwrap_or_else(|error| {
                problems.push(config.problem(path, error.to_string()));
                None
            })
        };
        let api = proof(&["server", "auth"], &config.server.auth);
        let mut sources = HashMap::new();
        for (name, source) in &config.sources {
            let proof = proof(&["sources", name, "auth"], &source.auth);
            sources.insert(
                name.clone(),
                SourceAccess { disabled: !source.enabled, proof, origins: source.origins.clone() },
            );
        }
        let links = config.links(environment).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let proxy =
            config.sign_in.proxy.as_ref().map(|proxy| proxy::TrustedProxy::resolve(proxy, environment)).transpose();
        let proxy = proxy.unwrap_or_else(|error| {
            problems.push(config.problem(&["sign_in", "proxy"], error));
            None
        });
        let oidc = config.server.oidc.as_ref().map(|oidc| Oidc::resolve(oidc, environment, network)).transpose();
        let oidc = oidc.unwrap_or_else(|error| {
            problems.push(config.problem(&["server", "oidc"], error));
            None
        });
        let listen = listener.local_addr().unwrap_or(config.server.listen);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        if let Some(problem) = config.unguarded_links() {
            tracing::warn!(%problem, "what a proxy lets through needs no authentication here");
        }
        let callers = Callers::new(config, api)
            .map_err(|error| Problems(vec![config.problem(&["sign_in", "accounts"], error)]))?;
        if !callers.have_file() {
            // Without a file there are no accounts, unless there were some: then somebody has lost them, and a host that took that for
            // none would let everybody in.
            match backend.had_accounts() {
                Ok(false) => {}
                Ok(true) => callers.were_there(),
                Err(error) => {
                    tracing::error!(
                        error,
                        "whether there were accounts the journal cannot say, so nobody gets in without one"
                    );
                    callers.were_there();
                }
            }
        }
        let (stopping, stopped) = signal::channel(false);
        let settings = config.server.clone();
        let changed = backend.changes();
        let state = Arc::new(Shared {
            readers: Arc::new(Semaphore::new(READERS)),
            backend,
            clock,
            listen,
            loopback: is_this_machine(listen.ip()),
            callers,
            replays: Replays::default(),
            refusals: Refusals::default(),
            durations: Durations::default(),
            random: Random::from_system(),
            mcp: config.mcp.clone(),
            mcp_tally: mcp::Tally::default(),
            once: once::Once::default(),
            changes: Arc::new(changes::Changes::new(Random::from_system().next())),
            fold: audit::RepeatedRefusals::default(),
            told: audit::JournaledChanges::default(),
            attempts: Attempts::default(),
            sources,
            quotas: Quotas::new(&settings),
            settings: settings.clone(),
            proxy,
            oidc,
            links,
            language: config.report.language,
            cluster: config.events.cluster.clone(),
            page_policy: link::page_policy(),
            pages: pages::Pages::new(config),
            stopping: stopped,
        });
        let router = router(&state).map_err(|wrong| Problems(wrong.into_iter().map(Problem::general).collect()))?;
        Ok(Self { listener, state, router, settings, stopping, changed })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.state.listen
    }

    /// Serves until `shutdown` resolves and the requests under way are done.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let following = tokio::spawn(Arc::clone(&self.state.changes).follow(self.changed));
        let serving = connection::serve(self.listener, self.router, &self.settings, self.stopping, DRAIN, shutdown);
        tokio::select! {
            () = serving => {}
            () = audit::follow(&self.state) => {}
            // A provider that is away keeps nobody from anything else.
            () = pages::greet(&self.state) => {}
        }
        following.abort();
        audit::finish(&self.state).await;
    }
}

/// Listens on an address.
///
/// # Errors
/// A problem that says why not and what to do.
pub async fn listen(config: &Config) -> Result<TcpListener, Problem> {
    let address = config.server.listen;
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "; perhaps a tidegate is running there already; choose another with --listen"
            }
            std::io::ErrorKind::PermissionDenied => "; choose a port above 1023 with --listen",
            _ => "",
        };
        config.problem(&["server", "listen"], format!("cannot listen on {address}: {error}{hint}"))
    })
}

#[cfg(test)]
mod account_tests;
#[cfg(test)]
mod admission_tests;
#[cfg(test)]
mod api_tests;
#[cfg(test)]
mod delivery_tests;
#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod operation_page_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod quota_tests;
#[cfg(test)]
mod race_tests;
#[cfg(test)]
mod sender_tests;
#[cfg(test)]
mod tests;
