//! Buses of a host: made of the configuration, and what comes in from them goes the way of every request.

mod record;

use std::sync::{Arc, Weak};

use futures::future::BoxFuture;

pub use self::record::Entries;
use super::metrics::Counters;
use super::restoration::Restoration;
use super::sources::AllSources;
use super::take::take;
use crate::bus::{Bus, Completion, Decoded, Inlet, Intake, Message, Redelivery, Settings};
use crate::clock::SystemClock;
use crate::config::{Config, Problem, Problems};
use crate::domain::Alert;
use crate::domain::alert::normalised::Normalised;
use crate::domain::event::{self, Forward};
use crate::environment::{Environment, ProcessEnvironment};
use crate::events::{Events, Origin};
use crate::journal::{Memory, Sqlite};
use crate::pipeline::Services;
use crate::ports::{Clock, DecodeError, PluginState, Sources};
use crate::runner::Runner;

/// Makes the connections of the configuration; none is connected yet.
///
/// # Errors
/// Sentences about what cannot be used.
pub fn open(
    config: &Config,
    environment: &Arc<dyn Environment>,
    (clock, state): (&Arc<dyn Clock>, &Arc<dyn PluginState>),
) -> Result<Vec<Arc<Bus>>, Problems> {
    let mut problems = Vec::new();
    let mut all = Vec::new();
    let own: Vec<String> = config.buses.iter().map(Settings::source).collect();
    for settings in &config.buses {
        match Bus::open(settings.clone(), Arc::clone(environment), Arc::clone(clock), Arc::clone(state)) {
            Ok(bus) => all.push(Arc::new(bus.among(own.clone()))),
            Err(error) => {
                problems.push(config.problem(&["bus", "nats"], format!("{}: {error}", settings.name)));
            }
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(Problems(problems)) }
}

/// What the buses of the configuration would do, and what is wrong with them; none is connected.
pub fn check(config: &Config, names: &[String]) -> (Vec<String>, Vec<Problem>) {
    let (clock, state): (Arc<dyn Clock>, Arc<dyn PluginState>) = (Arc::new(SystemClock), Arc::new(Memory::new()));
    let environment: Arc<dyn Environment> = Arc::new(ProcessEnvironment);
    // Secrets that have no value are told at their places.
    let missing = config.missing_secrets(&ProcessEnvironment);
    let mut problems = config.unknown_bus_sources(names);
    let mut told = Vec::new();
    match open(config, &environment, (&clock, &state)) {
        Ok(buses) => told.extend(buses.iter().map(|bus| format!("bus: {}", bus.describe()))),
        Err(_) if !missing.is_empty() => {}
        Err(wrong) => problems.extend(wrong.0),
    }
    (told, problems)
}

impl Config {
    /// Buses that are to be read by sources that there are not, or that are switched off.
    pub(super) fn unknown_bus_sources(&self, names: &[String]) -> Vec<Problem> {
        let inlets = self.buses.iter().filter_map(|bus| Some((&bus.name, bus.inlet.as_ref()?)));
        let unknown = inlets.filter(|(_, inlet)| !names.contains(&inlet.source) || !self.source_enabled(&inlet.source));
        let text = |(name, inlet): (&String, &Inlet)| {
            format!(
                "{name}: there is no source {:?}, or it is switched off; `tidegate plugin list` names those that there are",
                inlet.source
            )
        };
        unknown.map(|bus| self.problem(&["bus", "nats"], text(bus))).collect()
    }
}

/// What takes in what comes from buses.
pub struct Taking {
    /// What is journaled, and decided at once.
    pub services: Arc<Services>,
    /// What events mean.
    pub events: Arc<Events>,
    /// Other sources.
    pub sources: Arc<AllSources>,
    /// Nothing is taken before it is done.
    pub restoration: Arc<Restoration>,
    /// Says when the disk cannot keep up.
    pub journal: Arc<Sqlite>,
    /// Sees to a journal that takes nothing.
    pub runner: Weak<Runner>,
    /// Where events are sent on.
    pub buses: Vec<Arc<Bus>>,
    /// What is counted of requests is counted of messages.
    pub counters: Arc<Counters>,
}

impl Intake for Taking {
    fn ready(&self) -> Result<(), String> {
        self.restoration.check()?;
        if self.journal.crowded() {
            return Err("the disk cannot keep up".into());
        }
        self.services.store.broken().map_or(Ok(()), |error| Err(error.to_string()))
    }

    fn read<'a>(&'a self, inlet: &'a Inlet, message: Message) -> BoxFuture<'a, Result<Decoded, DecodeError>> {
        Box::pin(async move {
            self.ready().map_err(DecodeError::Unavailable)?;
            self.counters.request();
            let mut decoded = if inlet.source == event::SOURCE {
                let Message { subject, request } = message;
                let origin = Origin { subject, cluster: inlet.cluster.clone(), at: request.received_at };
                let now = self.services.clock.now();
                self.events
                    .decode_message(&request.headers, &request.body, now, &origin)
                    .map_err(DecodeError::Invalid)?
            } else {
                self.sources.decode(&inlet.source, message.request).await?
            };
            self.sources.place(&inlet.source, &mut decoded.alerts);
            let left_out = decoded.sentences();
            let Normalised { alerts, forwards, .. } = decoded.marked();
            Ok(Decoded { alerts, forwards, left_out })
        })
    }

    fn take<'a>(
        &'a self,
        alerts: Vec<Alert>,
        forwards: &'a [Vec<Forward>],
        redelivery: Redelivery,
    ) -> BoxFuture<'a, Result<Vec<Completion>, String>> {
        Box::pin(async move {
            self.ready()?;
            match take(&self.services, &self.buses, alerts, (forwards, redelivery)).await {
                Ok((received, completions)) => {
                    self.counters.received(&received);
                    Ok(completions)
                }
                Err(error) => {
                    if let Some(runner) = self.runner.upgrade() {
                        runner.check_journal();
                    }
                    Err(error.to_string())
                }
            }
        })
    }
}
