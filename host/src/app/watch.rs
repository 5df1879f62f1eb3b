//! What clusters show goes the way of all events.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::restoration::Restoration;
use super::take::take;
use crate::bus::{Bus, Redelivery};
use crate::config::{Config, Problem};
use crate::domain::Event;
use crate::domain::alert::normalised::Normalised;
use crate::environment::ProcessEnvironment;
use crate::events::Events;
use crate::journal::Sqlite;
use crate::pipeline::Services;
use crate::policy;
use crate::runner::Runner;
use crate::watch::{Cluster, EventSink, Parts, Resource, Watches};

/// Between two tries to have the journal take what came.
const AGAIN: Duration = Duration::from_secs(2);

/// Where events of watches go.
pub struct Watched {
    /// What events mean.
    pub events: Arc<Events>,
    /// What alerts are received with.
    pub services: Arc<Services>,
    /// Where events are sent on.
    pub buses: Vec<Arc<Bus>>,
    /// Who looks after a broken journal.
    pub runner: Arc<Runner>,
    /// Whether the disk keeps up.
    pub journal: Arc<Sqlite>,
    /// Nothing is taken before what is live is known.
    pub restoration: Arc<Restoration>,
}

impl EventSink for Watched {
    fn take(&self, events: Vec<Event>) -> BoxFuture<'_, ()> {
        async move {
            self.restoration.done().await;
            let clock = &self.services.clock;
            let Normalised { alerts, forwards, .. } = self.events.taken(events, clock.now());
            if alerts.is_empty() && forwards.is_empty() {
                return;
            }
            let forwards = [forwards];
            loop {
                if !self.journal.crowded() {
                    match take(&self.services, &self.buses, alerts.clone(), (&forwards, Redelivery::Never)).await {
                        Ok(_) => return,
                        Err(error) => {
                            tracing::warn!(%error, "alerts of a watched cluster wait for the journal");
                            self.runner.check_journal();
                        }
                    }
                }
                clock.sleep(AGAIN).await;
            }
        }
        .boxed()
    }
}

/// The watches of all clusters that the configuration names.
pub fn of(config: &Config, policies: &Arc<policy::LivePolicies>, watched: Watched) -> Watches {
    let policies = Arc::clone(policies);
    let clusters: Vec<Cluster> = config.clusters.iter().filter_map(|cluster| cluster.watched.clone()).collect();
    let parts = Parts {
        clock: Arc::clone(&watched.services.clock),
        random: Arc::clone(&watched.services.random),
        environment: Arc::new(ProcessEnvironment),
        folder: config.data().join("watch"),
        sink: Arc::new(watched),
        wanted: Arc::new(move |resource: Resource| {
            !resource.is_by_rules() || policies.set().wants_status_of(resource.kind())
        }),
    };
    Watches::new(&clusters, &parts)
}

/// Which inspections name a tool server that there is not.
pub fn check_inspections(config: &Config, servers: &[String]) -> Vec<Problem> {
    let named = config.inspections.iter().filter_map(|one| Some((&one.order.name, one.order.server.as_ref()?)));
    let missing = named.filter(|(_, server)| !servers.contains(server));
    missing
        .map(|(name, server)| {
            let text = format!("{name}: server: there is no tool server {server:?}; {}", known(servers));
            config.problem(&["inspection"], text)
        })
        .collect()
}

fn known(servers: &[String]) -> String {
    if servers.is_empty() { "there are none".into() } else { format!("there are {}", servers.join(", ")) }
}

/// What is watched, in a line, and which clusters the host would not know how to reach, or to repair.
pub fn check(config: &Config, servers: &[String]) -> (Option<String>, Vec<Problem>) {
    let mut problems = Vec::new();
    let problem = |name: &str, text: String| config.problem(&["cluster"], format!("{name}: {text}"));
    for cluster in &config.clusters {
        let place = cluster.watched.as_ref().map(|watched| &watched.place);
        let unread = place.and_then(|place| place.read(&ProcessEnvironment).err());
        problems.extend(unread.map(|error| problem(&cluster.name, error)));
        let missing = cluster.tools.iter().filter(|server| cluster.names_tools && !servers.contains(server));
        problems.extend(missing.map(|server| {
            problem(&cluster.name, format!("tools: there is no tool server {server:?}; {}", known(servers)))
        }));
        // Nothing said is that there is one of its name. Where there are no servers at all, a watched cluster is watched and no more.
        let alone = servers.is_empty() && cluster.watched.is_some();
        let unnamed = !cluster.names_tools && !alone && cluster.tools.iter().all(|server| !servers.contains(server));
        if unnamed {
            let text = format!(
                "there is no tool server {0:?}, so nothing of {0} can be looked at or repaired; {1}; name its own with `tools`, \
                 or write `tools = []` where it is only watched",
                cluster.name,
                known(servers)
            );
            problems.push(problem(&cluster.name, text));
        }
    }
    (describe(config), problems)
}

/// Which clusters there are, and what of them is watched; none where none is named.
pub fn describe(config: &Config) -> Option<String> {
    let one = |cluster: &crate::config::Cluster| match &cluster.watched {
        Some(watched) => {
            let names = |by_rules: bool| -> Vec<&str> {
                let all = watched.watch.iter().filter(|what| what.is_by_rules() == by_rules);
                all.map(|what| what.as_str()).collect()
            };
            let by_rules = names(true);
            let by_rules = (!by_rules.is_empty()).then(|| format!("as far as rules ask {}", by_rules.join(", ")));
            let what: Vec<String> = names(false).into_iter().map(str::to_string).chain(by_rules).collect();
            format!("{} ({})", cluster.name, what.join(", "))
        }
        None => format!("{} (not watched)", cluster.name),
    };
    let named: Vec<String> = config.clusters.iter().map(one).collect();
    (!named.is_empty()).then(|| format!("clusters: {}", named.join(", ")))
}
