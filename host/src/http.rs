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
mod routes;
mod schedules;
mod search;
mod signature;
mod silences;
mod sns;
mod watch;
mod who_did_what;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast, watch as signal};

pub use access::table as permissions;

use crate::backend::Backend;
use crate::config::{Config, Problem, Problems, is_this_machine};
use crate::environment::Environment;
use crate::gate::link::Links;
use crate::network::Network;
use crate::ports::Clock;
use crate::random::Random;
use crate::report::Language;
use admission::Zone;
use answer::Failure;
use attempts::Attempts;
use callers::Callers;
use durations::Durations;
use fetch::Fetch;
use oidc::{Oidc, Talk};
use proof::Proof;
use quotas::Quotas;
use refusals::Refusals;
use replays::Replays;
use routes::{Routes, any, get, post};

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

/// What every handler sees.
struct Shared {
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    /// Where it really listens.
    listen: SocketAddr,
    /// Only this machine can reach it.
    loopback: bool,
    callers: Callers,
    replays: Replays,
    refusals: Refusals,
    durations: Durations,
    /// Names of requests that are refused.
    random: Random,
    mcp: crate::config::Mcp,
    mcp_tally: mcp::Tally,
    once: once::Once,
    changes: Arc<changes::Changes>,
    /// What was refused or failed lately.
    fold: audit::Fold,
    /// Changes of the file of accounts that are written down.
    told: audit::Told,
    attempts: Attempts,
    sources: HashMap<String, SourceAccess>,
    settings: crate::config::Server,
    /// A proxy that says who somebody is.
    proxy: Option<proxy::Trusted>,
    /// A provider at which people sign in.
    oidc: Option<Oidc>,
    /// Signed links to questions.
    links: Option<Links>,
    language: Language,
    /// The cluster of events that name none.
    cluster: String,
    page_policy: axum::http::HeaderValue,
    pages: pages::Pages,
    quotas: Quotas,
    stopping: signal::Receiver<bool>,
    /// Places for reading records: each is a thread with memory of its own, and more threads than cores make
    /// nothing quicker.
    readers: Arc<Semaphore>,
}

impl Shared {
    /// Whether requests to this zone need no proof, so that where they come from must be enough. What
    /// is reached from other machines is never open.
    fn is_open(&self, zone: Zone<'_>) -> bool {
        self.loopback
            && match zone {
                Zone::Sender(source) => self.sources.get(source).is_none_or(|source| source.proof.is_none()),
                Zone::Links | Zone::Api => self.callers.are_open(),
            }
    }
}

/// What is configured for one source.
#[derive(Default)]
struct SourceAccess {
    disabled: bool,
    proof: Option<Proof>,
    /// Who may ask without a proof whether it may send.
    origins: Vec<String>,
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
        let proxy = config.sign_in.proxy.as_ref().map(|proxy| proxy::Trusted::resolve(proxy, environment)).transpose();
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
            fold: audit::Fold::default(),
            told: audit::Told::default(),
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

/// Every route.
///
/// # Errors
/// What the table of permissions does not say.
fn router(state: &Arc<Shared>) -> Result<Router, Vec<String>> {
    let senders = Routes::new()
        .route("/alert", post(receive::alert))
        .route("/alert/", post(receive::alert))
        .route("/v1/alerts/{source}", any(receive::source))
        .route("/v1/alerts/{source}/", any(receive::source))
        .route("/v1/alerts/{source}/{*below}", any(receive::below))
        .route("/api/v1/namespaces/{namespace}/events/{*subject}", post(events::posted))
        .route("/api/v2/alerts", post(alertmanager::pushed));
    let api = Routes::new()
        .route("/v1/openapi.json", get(openapi::serve))
        .route("/v1/incidents", get(incidents::all))
        .route("/v1/incidents/watch", get(watch::watch))
        .route("/v1/incidents/{id}", get(incidents::one))
        .route("/v1/incidents/{id}/report", get(incidents::written))
        .route("/v1/incidents/{id}/timeline", get(incidents::timeline))
        .route("/v1/incidents/{id}/evidence", get(incidents::evidence))
        .route("/v1/incidents/{id}/evidence/{number}", get(incidents::one_evidence))
        .route("/v1/incidents/{id}/actions/{action}/approve", post(control::approve))
        .route("/v1/incidents/{id}/actions/{action}/deny", post(control::deny))
        .route("/v1/incidents/{id}/acknowledge", post(handling::acknowledge))
        .route("/v1/incidents/{id}/comment", post(handling::comment))
        .route("/v1/incidents/{id}/close", post(handling::close))
        .route("/v1/incidents/{id}/rerun", post(handling::rerun))
        .route("/v1/incidents/{id}/similar", get(search::similar))
        .route("/v1/search", get(search::search))
        .route("/api/v1/events", get(recent_events::subjects))
        .route("/api/v1/events/{*subject}", get(recent_events::of_subject))
        .route("/v1/schedules", get(schedules::list))
        .route("/v1/schedules/{name}/run", post(schedules::run))
        .route("/v1/inspections", get(inspections::list))
        .route("/v1/inspections/{name}/run", post(inspections::run))
        .route("/v1/chat", get(chat::all).post(chat::ask))
        .route("/v1/chat/{id}", get(chat::one))
        .route("/v1/alerts", get(alerts::all))
        .route("/v1/silences", get(silences::all).post(silences::make))
        .route("/v1/silences/{id}", get(silences::one))
        .route("/v1/silences/{id}/expire", post(silences::expire))
        .route("/v1/silences/{id}/extend", post(silences::extend))
        .route("/api/v2/status", get(alertmanager::status).fallback(alertmanager::only_get))
        .route("/api/v2/receivers", get(alertmanager::receivers).fallback(alertmanager::only_get))
        .route("/api/v2/alerts", get(alertmanager::list).fallback(alertmanager::get_and_post))
        .route("/api/v2/alerts/groups", get(alertmanager::groups).fallback(alertmanager::only_get))
        .route(
            "/api/v2/silences",
            get(alertmanager::listed).post(alertmanager::set).fallback(alertmanager::get_and_post),
        )
        .route(
            "/api/v2/silence/{id}",
            get(alertmanager::get_one).delete(alertmanager::delete).fallback(alertmanager::delete_and_get),
        )
        .route("/api/v2/{*path}", any(alertmanager::nothing))
        .route("/api/v1/alerts", any(alertmanager::gone))
        .route("/api/v1/silences", any(alertmanager::gone))
        .route("/api/v1/status", any(alertmanager::gone))
        .route("/api/v1/receivers", any(alertmanager::gone))
        .route("/v1/pause", post(control::pause))
        .route("/v1/resume", post(control::resume))
        .route("/v1/deliveries", get(deliveries::all))
        .route("/v1/deliveries/retry", post(deliveries::retry))
        .route("/v1/plugins", get(control::plugins))
        .route("/v1/plugins/{name}/reload", post(control::reload_plugin))
        .route("/v1/breakers", get(control::breakers))
        .route("/v1/breakers/reset", post(control::reset_breaker))
        .route("/v1/audit", get(who_did_what::list))
        .route("/v1/people", get(people::list).post(people::make))
        .route("/v1/people/{name}", get(people::show).post(people::change))
        .route("/v1/people/{name}/tokens/{id}/revoke", post(people::revoke))
        .route("/v1/me", get(people::me::show))
        .route("/v1/me/sign-out", post(people::me::sign_out))
        .route("/v1/me/tokens", post(people::me::make_token))
        .route("/v1/me/tokens/{id}/revoke", post(people::me::revoke_token))
        .route("/v1/people/{name}/sign-out", post(people::sign_out))
        .layered(|api| {
            api.route_layer(middleware::from_fn_with_state(state.clone(), etag::tags))
                .route_layer(middleware::from_fn_with_state(state.clone(), once::once))
                .route_layer(middleware::from_fn_with_state(state.clone(), quotas::api))
        });
    let metrics = Routes::new()
        .route("/metrics", get(health::metrics))
        .layered(|metrics| metrics.route_layer(middleware::from_fn_with_state(state.clone(), quotas::probes)));
    let links = Routes::new().route("/approve/{incident}/{action}", get(link::show).post(link::answer));
    let mcp = Routes::new()
        .route("/mcp", any(mcp::serve))
        .route("/mcp/", any(mcp::serve))
        .layered(|mcp| mcp.route_layer(middleware::from_fn_with_state(state.clone(), quotas::api)));
    let all = Routes::new()
        .route("/healthz", get(health::alive))
        .route("/-/healthy", get(alertmanager::healthy))
        .route("/-/ready", get(alertmanager::ready))
        .route("/readyz", get(health::ready))
        .merge(senders)
        .merge(links)
        .merge(pages::router(state))
        .merge(api)
        .merge(mcp)
        .merge(metrics)
        .finish()?;
    let all = all
        .method_not_allowed_fallback(wrong_method)
        // In front of every handler, so that nobody gets past the table.
        .route_layer(middleware::from_fn_with_state(state.clone(), access::enforce))
        .fallback(nothing_here)
        // Around everything, what is not there too.
        .layer(middleware::from_fn_with_state(state.clone(), admission::admit))
        .with_state(Arc::clone(state));
    Ok(all)
}

async fn nothing_here(request: Request) -> Failure {
    let path = crate::domain::text::cut(request.uri().path(), 100);
    Failure::not_found(format!(
        "there is nothing at {path}; pages begin at /, alerts go to /alert or /v1/alerts/SOURCE, events to /v1/alerts/events"
    ))
}

async fn wrong_method(request: Request) -> Failure {
    Failure::method(request.method().as_str(), &crate::domain::text::cut(request.uri().path(), 100))
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
mod sender_tests;
#[cfg(test)]
mod tests;
