//! The host as a whole: the only place that knows all parts and puts them together.
//!
//! [`App`] is a started host and what the HTTP server and the command line talk to; `launch` builds
//! one, [`Launcher`] is how the command line starts, checks and reads.

mod alert_expiry;
mod alerts;
mod answers;
mod audit;
mod background;
mod begin;
mod bus;
mod chat;
mod check;
mod deliveries;
mod events;
mod explained_events;
mod explained_looks;
mod handle;
mod handling;
mod inspections;
mod knowledge;
mod known_tools;
mod launch;
mod launcher;
mod lint;
mod live_records;
mod maintenance;
mod manual_plan;
mod metrics;
mod model_metrics;
mod observers;
mod operations;
mod options;
mod people;
mod plugins;
mod policies;
mod programs;
mod readiness;
mod receive;
mod records;
mod replay;
mod restoration;
mod routes;
mod routing;
mod scheduler;
mod schedules;
mod silences;
mod sources;
mod startup_summary;
mod take;
#[cfg(test)]
mod tests;
mod tool_check;
mod traces;
mod trials;
mod watch;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;

use crate::backend::deliveries::{DeliveryView, RetryRequest, UndeliveredQuery};
use crate::backend::trials::{Trial, Tried};
use crate::backend::{
    ApprovalAnswer, Backend, Breaker, Cancellation, ControlError, ControlRequest, Filter, HostStatus, InspectionView,
    PluginView, Readiness, ReceiveError, ReceiveReport, Records, Reloaded, ScheduleView,
};
use crate::chat::{Chat, ChatError, Question, StreamedEvent};
use crate::domain::control::Control;
use crate::domain::conversation::ConversationView;
use crate::domain::event::Pattern;
use crate::domain::inspection::Run;
use crate::domain::knowledge::{Knowledge, SearchResults};
use crate::domain::{Incident, Person};
use crate::events::{Events, ReceivedEvent};
use crate::gate;
use crate::pipeline::{self, Services};
use crate::plugin::Plugins;
use crate::policy;
use crate::ports::{Inbound, IncidentRecord, JournalError, Sources};
use crate::runner::Runner;
use crate::tools::Servers;
use crate::watch::Watches;

pub use launch::BUNDLED;
pub use launcher::Launcher;
use live_records::LiveRecords;
use restoration::{Restoration, Stage};
use sources::AllSources;

/// How often and how long a listing looks whether it is whole again.
const LOOKS_AT_LISTING: u32 = 150;
const LISTING_LOOK: Duration = Duration::from_millis(20);

/// A started host.
pub struct App {
    services: Arc<Services>,
    runner: Arc<Runner>,
    sources: Arc<AllSources>,
    policies: Arc<policy::LivePolicies>,
    plugins: Arc<Plugins>,
    servers: Arc<Servers>,
    records: Arc<LiveRecords>,
    restoration: Arc<Restoration>,
    tasks: Vec<JoinHandle<()>>,
    handled: Arc<metrics::IncidentMetrics>,
    counters: Arc<metrics::Counters>,
    daily: model_metrics::Daily,
    counted: operations::Counted,
    spent: operations::Spent,
    /// By which labels alerts are grouped, where the configuration says so.
    group_by: Option<Vec<String>>,
    chat: Arc<Chat>,
    /// How long a stop waits for what is under way, and since when it does.
    stop_timeout: Duration,
    stopping_since: OnceLock<Duration>,
    health: Arc<maintenance::Health>,
    inspections: Arc<inspections::Inspections>,
    schedules: Arc<schedules::Schedules>,
    events: Arc<Events>,
    /// Silences are made and changed one after the other.
    silencing: tokio::sync::Mutex<()>,
    /// Places of test messages that are under way.
    trials: Arc<tokio::sync::Semaphore>,
    pushed: Arc<alert_expiry::AlertExpiry>,
    started_at: Timestamp,
    watches: Watches,
    buses: Vec<Arc<crate::bus::Bus>>,
    traces: Option<Arc<crate::traces::Traces>>,
    /// The file that the configuration was read from; its secrets and grants hold as they were read.
    config_file: Option<std::path::PathBuf>,
}

impl App {
    async fn order(&self, control: Control) -> Result<(), ControlError> {
        self.restored()?;
        let done = pipeline::apply_control(&self.services, control).await;
        if done.is_err() {
            self.runner.check_journal();
        }
        done.map_err(unavailable)
    }
}

impl App {
    /// Nothing is taken or done before all is known that it may rest on.
    fn restored(&self) -> Result<(), ControlError> {
        self.restoration.check().map_err(ControlError::Unavailable)
    }

    /// Waits a little while until a listing that was found damaged is whole again.
    fn listing_is_whole(&self, cancellation: &Cancellation) -> bool {
        let mut looks = 0;
        while !self.records.projection.is_whole() && looks < LOOKS_AT_LISTING && !cancellation.is_cancelled() {
            std::thread::sleep(LISTING_LOOK);
            looks += 1;
        }
        self.records.projection.is_whole()
    }
}

fn unavailable(error: JournalError) -> ControlError {
    ControlError::Unavailable(error.to_string())
}

impl Records for App {
    fn list(&self, filter: &Filter, cancellation: &Cancellation) -> Result<Vec<Incident>, String> {
        match self.restoration.stage() {
            Stage::Done => {}
            // What the journal has still can be looked at.
            Stage::Lost(_) => return self.records.stored(filter, cancellation),
            Stage::Deriving | Stage::Waiting(_) => self.restoration.check()?,
        }
        match self.records.list(filter, cancellation) {
            Ok(incidents) if self.records.projection.is_whole() => Ok(incidents),
            _ if self.listing_is_whole(cancellation) => self.records.list(filter, cancellation),
            listed => {
                let percent = self.records.projection.deriving().unwrap_or(0);
                listed.and(Err(format!("the listing is being derived from the journal: {percent} %")))
            }
        }
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, String> {
        Records::incident(self.records.as_ref(), id)
    }

    fn story(&self, id: &str) -> Result<Option<IncidentRecord>, String> {
        self.records.story(id)
    }

    fn waits_for(&self, incident: &Incident) -> Option<String> {
        let (now, limits) = (self.services.clock.now(), &self.services.limits);
        records::waits_for(incident, now, limits, &self.services.store.silences())
    }

    fn search(&self, text: &str, most: usize) -> Result<SearchResults, String> {
        Records::search(self.records.as_ref(), text, most)
    }

    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String> {
        Records::known_about(self.records.as_ref(), id)
    }
}

impl Backend for App {
    fn chat(&self, question: Question) -> BoxFuture<'_, Result<mpsc::UnboundedReceiver<StreamedEvent>, ChatError>> {
        Box::pin(async move {
            self.restoration.check().map_err(ChatError::Unavailable)?;
            let asked = self.chat.ask(question).await;
            if self.services.store.broken().is_some() {
                self.runner.check_journal();
            }
            asked
        })
    }

    fn conversations(
        &self,
        of: Option<&Person>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ConversationView>, String> {
        self.restoration.check()?;
        chat::list(&self.records, &self.chat, of, before, limit)
    }

    fn conversation(&self, id: &str) -> Result<Option<ConversationView>, String> {
        chat::one(self.records.journal.as_ref(), &self.chat, id)
    }

    fn sources(&self) -> Vec<String> {
        self.sources.names()
    }

    fn has_source(&self, name: &str) -> bool {
        self.sources.has(name)
    }

    fn unusable_source(&self, source: &str) -> Option<String> {
        self.plugins.unusable_source(source)
    }

    fn takes(&self, source: &str, method: &str) -> bool {
        self.sources.takes(source, method)
    }

    fn receive<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<ReceiveReport, ReceiveError>> {
        Box::pin(self.received(source, request))
    }

    fn approve(&self, answer: ApprovalAnswer) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(self.approved(answer))
    }

    fn reject(&self, answer: ApprovalAnswer) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(self.rejected(answer))
    }

    fn pause(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>> {
        let ControlRequest { person, reason, scope } = order;
        Box::pin(self.order(Control::Paused { person, reason, scope }))
    }

    fn resume(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>> {
        let ControlRequest { person, scope, .. } = order;
        Box::pin(self.order(Control::Resumed { person, scope }))
    }

    fn breakers(&self) -> Vec<Breaker> {
        let shown = |breaker: gate::Breaker| {
            let because = breaker.story();
            let gate::Breaker { key, count, limit, open } = breaker;
            Breaker { key, count, limit, open, because }
        };
        self.services.gate.breakers().into_iter().map(shown).collect()
    }

    fn plugins(&self) -> Vec<PluginView> {
        plugins::views(&self.plugins)
    }

    fn reload_plugin(&self, order: ControlRequest) -> BoxFuture<'_, Result<Reloaded, ControlError>> {
        Box::pin(async move {
            tracing::info!(plugin = order.scope, person = %order.person, "a plugin is to be read anew");
            plugins::reload(&self.plugins, self.config_file.as_deref(), &order.scope).await
        })
    }

    fn reset_breaker(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            let ControlRequest { person, scope: key, reason } = order;
            let breakers = self.services.gate.breakers();
            if !breakers.iter().any(|breaker| breaker.key == key) {
                let known: Vec<&str> = breakers.iter().map(|breaker| breaker.key.as_str()).collect();
                let known =
                    if known.is_empty() { "there is none".into() } else { format!("there are {}", known.join(", ")) };
                return Err(ControlError::NotFound(format!("there is no breaker {key:?}; {known}")));
            }
            self.order(Control::BreakerReset { person, key, reason }).await
        })
    }

    fn deliveries(&self, wanted: &UndeliveredQuery) -> Result<Vec<DeliveryView>, String> {
        self.undelivered(wanted)
    }

    fn retry_deliveries(&self, anew: RetryRequest) -> BoxFuture<'_, Result<usize, ControlError>> {
        Box::pin(self.send_anew(anew))
    }

    fn try_target(&self, trial: Trial) -> BoxFuture<'_, Result<Tried, ControlError>> {
        Box::pin(self.tried(trial))
    }

    fn inspections(&self) -> Vec<InspectionView> {
        self.inspections.views()
    }

    fn schedules(&self) -> Vec<ScheduleView> {
        self.schedules.views()
    }

    fn run_schedule(&self, order: ControlRequest) -> BoxFuture<'_, Result<String, ControlError>> {
        Box::pin(async move {
            self.restored()?;
            let schedules = Arc::clone(&self.schedules);
            // Who asked may hang up; the run goes on.
            let run = tokio::spawn(async move { schedules.run(&order.scope, order.person).await });
            let lost =
                |_| ControlError::Unavailable("a fault in tidegate broke the run off; the log says where".into());
            run.await.map_err(lost)?
        })
    }

    fn event_subjects(&self, search: &str) -> Vec<String> {
        self.events.subjects(search)
    }

    fn recent_events(&self, subject: &Pattern, since: Option<Timestamp>, most: usize) -> Vec<ReceivedEvent> {
        self.events.latest(subject, since, most)
    }

    fn inspect(&self, order: ControlRequest) -> BoxFuture<'_, Result<Run, ControlError>> {
        Box::pin(async move {
            self.restored()?;
            let inspections = Arc::clone(&self.inspections);
            // Who asked may hang up; the run goes on.
            let run = tokio::spawn(async move { inspections.run(&order.scope, order.person, &|_| {}).await });
            let lost =
                |_| ControlError::Unavailable("a fault in tidegate broke the run off; the log says where".into());
            run.await.map_err(lost)?.map(|(run, _)| run)
        })
    }

    fn set_people(&self, people: gate::People) {
        self.services.gate.set_people(people);
    }

    fn condition(&self) -> HostStatus {
        HostStatus {
            paused: self.services.gate.paused(),
            policies: self.policies.problems(),
            counts: self.services.store.by_state(),
            ended: self.services.store.decided_today(),
            position: self.services.store.head().map_or(0, |head| head.position),
        }
    }

    fn changes(&self) -> broadcast::Receiver<String> {
        self.services.store.changes()
    }

    fn ready(&self) -> Readiness {
        self.readiness()
    }

    fn metrics(&self) -> String {
        let mut text = self.counters.text(&self.services, &self.servers, &self.policies);
        text.push_str(&metrics::host(self.services.mode, self.started_at, &self.ready()));
        text.push_str(&self.handled.text());
        text.push_str(&metrics::left_out(&self.plugins.left_out()));
        text.push_str(&plugins::metrics(&self.plugins));
        text.push_str(&metrics::handling(self.runner.panics(), self.services.model.skipped().is_some()));
        text.push_str(&model_metrics::spending(&self.services.model.spending()));
        text.push_str(&self.daily.incidents(&self.records.projection, self.services.clock.as_ref()));
        text.push_str(&deliveries::metrics(&self.runner.target_status()));
        text.push_str(&self.inspections.metrics());
        text.push_str(&self.schedules.metrics());
        text.push_str(&self.events.metrics());
        text.push_str(&self.watches.metrics());
        text.push_str(&crate::bus::metrics(&self.buses));
        text.push_str(&silences::metrics(&self.services));
        text.push_str(&self.traces.as_ref().map(|traces| traces.metrics()).unwrap_or_default());
        text.push_str(&metrics::journal(self.records.journal.head(), self.health.last_check()));
        text
    }

    fn wind_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.winds_down())
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.stops())
    }
}
