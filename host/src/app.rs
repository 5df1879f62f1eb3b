//! The host as a whole: the only place that knows all parts and puts them together.
//!
//! [`App`] is a started host and what the HTTP server and the command line talk to; `launch` builds
//! one, [`Launcher`] is how the command line starts, checks and reads.

mod alerts;
mod audit;
mod background;
mod bus;
mod by_hand;
mod chat;
mod clockwork;
mod deliveries;
mod events;
mod explained_events;
mod explained_looks;
mod handle;
mod handling;
mod inspections;
mod keeping;
mod knowledge;
mod known_tools;
mod launch;
mod launcher;
mod lint;
mod live_records;
mod metrics;
mod model_metrics;
mod observers;
mod operations;
mod options;
mod people;
mod plugins;
mod policies;
mod programs;
mod pushed;
mod records;
mod replay;
mod restoration;
mod routes;
mod schedules;
mod silences;
mod sources;
mod take;
#[cfg(test)]
mod tests;
mod tool_check;
mod traces;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;

use crate::backend::deliveries::{Anew, DeliveryView, Undelivered};
use crate::backend::{
    Answer, Backend, Breaker, Cancellation, Condition, ControlError, Filter, InspectionView, Order, PluginView, Ready,
    Received, Records, Refusal, Reloaded, ScheduleView,
};
use crate::chat::{Chat, Question, Refused, Shown};
use crate::domain::alert::normalised::Normalised;
use crate::domain::control::Control;
use crate::domain::conversation::ConversationView;
use crate::domain::event::Pattern;
use crate::domain::incident::ActionState;
use crate::domain::inspection::Run;
use crate::domain::knowledge::{Found, Knowledge};
use crate::domain::person::Proven;
use crate::domain::{Fact, Incident, IncidentId, Person};
use crate::events::{Came, Events};
use crate::gate::{self, LINK};
use crate::pipeline::{self, Services};
use crate::plugin::Plugins;
use crate::policy;
use crate::ports::{DecodeError, Inbound, JournalError, Sources, Story};
use crate::runner::Runner;
use crate::tools::{Servers, Status};
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
    policies: Arc<policy::Live>,
    plugins: Arc<Plugins>,
    servers: Arc<Servers>,
    records: Arc<LiveRecords>,
    restoration: Arc<Restoration>,
    tasks: Vec<JoinHandle<()>>,
    handled: Arc<metrics::Handled>,
    counters: Arc<metrics::Counters>,
    daily: model_metrics::Daily,
    counted: operations::Counted,
    spent: operations::Spent,
    /// By which labels alerts are grouped, where the configuration says so.
    group_by: Option<Vec<String>>,
    chat: Arc<Chat>,
    /// How long a stop waits for what is under way.
    stop_timeout: Duration,
    health: Arc<keeping::Health>,
    inspections: Arc<inspections::Inspections>,
    schedules: Arc<schedules::Schedules>,
    events: Arc<Events>,
    /// Silences are made and changed one after the other.
    silencing: tokio::sync::Mutex<()>,
    pushed: Arc<pushed::Pushed>,
    started_at: Timestamp,
    watches: Watches,
    buses: Vec<Arc<crate::bus::Bus>>,
    traces: Option<Arc<crate::traces::Traces>>,
    /// The file that the configuration was read from; its secrets and grants hold as they were read.
    config_file: Option<std::path::PathBuf>,
}

impl App {
    /// An action that waits for a person, by the words of that person.
    fn asked(&self, answer: &Answer) -> Result<(Arc<Incident>, crate::domain::ActionId), ControlError> {
        self.restored()?;
        let id = IncidentId(answer.incident.as_str().into());
        let Some(incident) = self.services.store.get(&id) else {
            let known = self.incident(&id.0).ok().flatten().is_some();
            return Err(if known {
                ControlError::Conflict(format!("incident {id} is closed"))
            } else {
                ControlError::NotFound(format!("there is no incident {id}"))
            });
        };
        let found = incident.actions.iter().find(|record| record.action.id.0 == answer.action);
        let Some(record) = found else {
            return Err(ControlError::NotFound(format!("incident {id} has no action {}", answer.action)));
        };
        if record.state != ActionState::Asked {
            let state = record.state.as_str();
            return Err(ControlError::Conflict(format!(
                "action {} of {id} waits for nobody: it is {state}",
                answer.action
            )));
        }
        if answer.digest.as_ref().is_some_and(|digest| *digest != record.action.digest) {
            let text =
                format!("action {} of {id} is not what you saw: its digest is {}", answer.action, record.action.digest);
            return Err(ControlError::Conflict(text));
        }
        if answer.person.is_nameless() {
            return Err(ControlError::Forbidden("an answer needs the name of a person".into()));
        }
        let until = record.expires;
        if until.is_some_and(|until| until <= self.services.clock.now()) {
            return Err(ControlError::Conflict(format!("the question about {} of {id} has expired", answer.action)));
        }
        let action = record.action.id.clone();
        Ok((incident, action))
    }

    async fn say(&self, incident: &Incident, fact: Fact) -> Result<(), ControlError> {
        self.services.store.append(&incident.id, vec![fact]).await.map_err(unavailable)?;
        self.services.store.wake(&incident.id);
        Ok(())
    }

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
    /// Begins to watch clusters. What is seen waits until all is known that it rests on.
    fn begin_watches(&self) {
        self.watches.begin();
    }

    /// Lets inspections be made when they are due, once all is known that they rest on.
    fn begin_inspections(self: &Arc<Self>) {
        let (restoration, inspections) = (Arc::clone(&self.restoration), Arc::downgrade(&self.inspections));
        let clock = Arc::clone(&self.services.clock);
        tokio::spawn(async move {
            restoration.done().await;
            loop {
                let Some(inspections) = inspections.upgrade() else { return };
                match inspections.restore().await {
                    Ok(()) => return inspections.follow(),
                    Err(error) => tracing::error!(
                        %error,
                        "no inspection is made yet: what the journal says of them cannot be read; it is tried again"
                    ),
                }
                drop(inspections);
                clock.sleep(clockwork::AGAIN).await;
            }
        });
    }

    /// The same of schedules.
    fn begin_schedules(self: &Arc<Self>) {
        let (restoration, schedules) = (Arc::clone(&self.restoration), Arc::downgrade(&self.schedules));
        let clock = Arc::clone(&self.services.clock);
        tokio::spawn(async move {
            restoration.done().await;
            loop {
                let Some(schedules) = schedules.upgrade() else { return };
                match schedules.restore().await {
                    Ok(()) => return schedules.follow(),
                    Err(error) => tracing::error!(
                        %error,
                        "no schedule is followed yet: what the journal says of them cannot be read; it is tried again"
                    ),
                }
                drop(schedules);
                clock.sleep(clockwork::AGAIN).await;
            }
        });
    }

    /// Lets buses be connected: by a host that serves, and by no other command.
    fn begin_buses(&self) {
        for bus in &self.buses {
            let taking = bus::Taking {
                services: Arc::clone(&self.services),
                events: Arc::clone(&self.events),
                sources: Arc::clone(&self.sources),
                restoration: Arc::clone(&self.restoration),
                journal: Arc::clone(&self.records.journal),
                runner: Arc::downgrade(&self.runner),
                buses: self.buses.clone(),
                counters: Arc::clone(&self.counters),
            };
            let store = Arc::clone(&self.services.store);
            let record = bus::Entries { journal: Arc::clone(&self.records.journal), store };
            bus.start(Arc::new(taking), Arc::new(record));
        }
    }

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

    fn story(&self, id: &str) -> Result<Option<Story>, String> {
        self.records.story(id)
    }

    fn search(&self, text: &str, most: usize) -> Result<Found, String> {
        Records::search(self.records.as_ref(), text, most)
    }

    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String> {
        Records::known_about(self.records.as_ref(), id)
    }
}

impl Backend for App {
    fn chat(&self, question: Question) -> BoxFuture<'_, Result<mpsc::UnboundedReceiver<Shown>, Refused>> {
        Box::pin(async move {
            self.restoration.check().map_err(Refused::Unavailable)?;
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

    fn receive<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Received, Refusal>> {
        Box::pin(async move {
            self.counters.request();
            self.restoration.check().map_err(Refusal::Unavailable)?;
            if self.records.journal.crowded() {
                return Err(Refusal::Unavailable("the disk cannot keep up; send it again later".into()));
            }
            let traceparent = request.headers.get(crate::traces::context::HEADER).map(str::to_string);
            let push = (source == pushed::SOURCE).then(|| pushed::Push::of(&request));
            let decoded = self.sources.decode(source, request).await.map_err(|error| match error {
                DecodeError::Invalid(text) => Refusal::Invalid(text),
                DecodeError::UnknownSource(text) => Refusal::UnknownSource(text),
                DecodeError::Unavailable(text) => Refusal::Unavailable(text),
            })?;
            let left_out = decoded.sentences();
            let (reply, confirm) = (decoded.reply.clone(), decoded.confirm.clone());
            let Normalised { alerts, forwards, .. } = decoded.marked();
            let taken = take::take(&self.services, &self.buses, alerts, &[forwards]).await;
            let (received, _) = taken.map_err(|error| {
                self.runner.check_journal();
                Refusal::Unavailable(error.to_string())
            })?;
            if let Some(push) = push {
                self.pushed.note(&push, self.sources.cluster_of(source), self.services.clock.elapsed());
            }
            self.counters.received(&received);
            if let Some(traces) = &self.traces {
                traces.note_sender(&received.incidents, traceparent.as_deref());
            }
            Ok(Received {
                alerts: received.alerts,
                folded: received.folded as u64,
                incidents: received.incidents.into_iter().map(|id| id.to_string()).collect(),
                repeats: received.repeats,
                late: received.late as u64,
                unknown_resolved: received.unknown_resolved as u64,
                counted: received.counted as u64,
                left_out,
                confirmation: confirm.map(|url| self.sources.confirm(source, &url)),
                reply,
            })
        })
    }

    fn approve(&self, answer: Answer) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            let (incident, action) = self.asked(&answer)?;
            let record = incident.action(&action);
            let linked = answer.via == LINK;
            if let Some(refusal) = record.and_then(|record| self.services.gate.refusal(record, &answer.person)) {
                // Whoever holds a link need not know whom the gate asks.
                let text = if linked { refusal.discreet() } else { refusal.to_string() };
                return Err(ControlError::Forbidden(text));
            }
            let mut given = record.into_iter().flat_map(|record| &record.approvals).map(|approval| &approval.person);
            let who = |person: &Person| person.proven().map(Proven::id);
            if given.any(|person| who(person) == who(&answer.person)) {
                let text = match answer.person.proven() {
                    Some(proven) => format!("{} has approved {action} already", proven.name()),
                    None if linked => "the link has been used; who approves next must prove their name".into(),
                    None => format!(
                        "somebody has approved {action} already without proof of a name; who approves next must prove theirs"
                    ),
                };
                return Err(ControlError::Conflict(text));
            }
            let digest = record.map(|record| record.action.digest.clone()).unwrap_or_default();
            let Answer { person, via, comment, .. } = answer;
            self.say(&incident, Fact::Approved { action, digest, person, via, comment }).await
        })
    }

    fn reject(&self, answer: Answer) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            let (incident, action) = self.asked(&answer)?;
            let Answer { person, via, comment, .. } = answer;
            self.say(&incident, Fact::Rejected { action, person, via, comment }).await
        })
    }

    fn pause(&self, order: Order) -> BoxFuture<'_, Result<(), ControlError>> {
        let Order { person, reason, scope } = order;
        Box::pin(self.order(Control::Paused { person, reason, scope }))
    }

    fn resume(&self, order: Order) -> BoxFuture<'_, Result<(), ControlError>> {
        let Order { person, scope, .. } = order;
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

    fn reload_plugin(&self, order: Order) -> BoxFuture<'_, Result<Reloaded, ControlError>> {
        Box::pin(async move {
            tracing::info!(plugin = order.scope, person = %order.person.name(), "a plugin is to be read anew");
            plugins::reload(&self.plugins, self.config_file.as_deref(), &order.scope).await
        })
    }

    fn reset_breaker(&self, order: Order) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move {
            let Order { person, scope: key, reason } = order;
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

    fn deliveries(&self, wanted: &Undelivered) -> Result<Vec<DeliveryView>, String> {
        self.undelivered(wanted)
    }

    fn retry_deliveries(&self, anew: Anew) -> BoxFuture<'_, Result<usize, ControlError>> {
        Box::pin(self.send_anew(anew))
    }

    fn inspections(&self) -> Vec<InspectionView> {
        self.inspections.views()
    }

    fn schedules(&self) -> Vec<ScheduleView> {
        self.schedules.views()
    }

    fn run_schedule(&self, order: Order) -> BoxFuture<'_, Result<String, ControlError>> {
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

    fn recent_events(&self, subject: &Pattern, since: Option<Timestamp>, most: usize) -> Vec<Came> {
        self.events.latest(subject, since, most)
    }

    fn inspect(&self, order: Order) -> BoxFuture<'_, Result<Run, ControlError>> {
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

    fn people_are(&self, people: gate::People) {
        self.services.gate.people_are(people);
    }

    fn condition(&self) -> Condition {
        Condition {
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

    fn ready(&self) -> Ready {
        let broken = self.services.store.broken();
        let restored = self.restoration.check();
        let mut problems: Vec<String> = restored.as_ref().err().cloned().into_iter().collect();
        problems.extend(broken.iter().map(ToString::to_string));
        problems.extend(self.restoration.listing_problem().map(|problem| format!("the listing: {problem}")));
        let stopping = self.services.store.is_stopping();
        if stopping {
            problems.push("tidegate is stopping: it waits for calls and messages under way and begins none".into());
        }
        problems.extend(self.services.model.problems());
        if self.runner.panics() > 0 {
            problems.push(format!(
                "a fault in tidegate itself broke off the handling of incidents or messages {} times since the start; the log says where",
                self.runner.panics()
            ));
        }
        problems.extend(self.policies.problems());
        problems.extend(routes::of(&self.policies.set(), &self.plugins).problems);
        problems.extend(self.policies.warnings().into_iter().map(|warning| format!("policies: {warning}")));
        let servers = self.servers.status();
        problems.extend(servers.iter().flat_map(Status::problems));
        let plugins = self.plugins.status();
        let told: Vec<&String> = plugins.iter().flat_map(|status| &status.problems).collect();
        let start = self.plugins.start_problems().iter().map(|problem| (problem.to_string(), &problem.text));
        let untold = start.filter(|(whole, text)| !told.contains(&whole) && !told.contains(text));
        problems.extend(untold.map(|(whole, _)| whole));
        problems.extend(
            plugins
                .iter()
                .flat_map(|status| status.problems.iter().map(|problem| format!("plugin {}: {problem}", status.name))),
        );
        problems.extend(deliveries::problems(&self.runner.target_status()));
        problems.extend(self.schedules.problems());
        problems.extend(self.health.problems());
        problems.extend(self.watches.problems());
        problems.extend(self.buses.iter().flat_map(|bus| bus.problems()));
        if let Some(rule) = self.policies.set().forwards().filter(|_| !self.buses.iter().any(|bus| bus.tells())) {
            problems
                .push(format!("event rule {rule} sends events on, and no [[bus.nats]] has publish: they go nowhere"));
        }
        problems.extend(self.records.library.problems().into_iter().map(|problem| format!("runbooks: {problem}")));
        for scope in self.services.gate.paused() {
            let what = if scope.is_empty() { "execution".to_string() } else { scope };
            problems.push(format!("{what} is paused"));
        }
        for breaker in Backend::breakers(self).into_iter().filter(|breaker| breaker.open) {
            let Breaker { key, because, .. } = breaker;
            problems.push(format!("the breaker {key} is open: {because}; `tidegate breakers reset {key}` closes it"));
        }
        for (id, source, alerts) in self.services.store.collecting() {
            problems.push(format!(
                "{source} sends more groups of alerts than get incidents of their own; {alerts} alerts stand together in {id}"
            ));
        }
        Ready { ready: broken.is_none() && restored.is_ok() && !stopping, problems }
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
        Box::pin(self.runner.wind_down(self.stop_timeout))
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if !self.services.store.is_stopping() {
                self.wind_down().await;
            }
            // Servers that end break off what still calls them, and nothing of that is a fact.
            self.services.store.close();
            self.inspections.stop();
            self.schedules.stop();
            self.watches.stop();
            self.buses.iter().for_each(|bus| bus.stop());
            for task in &self.tasks {
                task.abort();
            }
            self.servers.shutdown().await;
        })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.inspections.stop();
        self.schedules.stop();
        self.buses.iter().for_each(|bus| bus.stop());
        for task in &self.tasks {
            task.abort();
        }
    }
}
