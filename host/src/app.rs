//! The host as a whole: the only place that knows all parts and puts them together.
//!
//! [`App`] is a started host and what the HTTP server and the command line talk to; `launch` builds
//! one, [`Launcher`] is how the command line starts, checks and reads.

mod background;
mod deliveries;
mod explained_looks;
mod handle;
mod known_tools;
mod launch;
mod launcher;
mod lint;
mod metrics;
mod options;
mod people;
mod policies;
mod records;
mod replay;
mod sources;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::backend::deliveries::{Anew, DeliveryView, Undelivered};
use crate::backend::{Answer, Backend, Breaker, ControlError, Filter, Order, Ready, Received, Records, Refusal};
use crate::domain::control::Control;
use crate::domain::incident::ActionState;
use crate::domain::person::Proven;
use crate::domain::{Fact, Incident, IncidentId, Person};
use crate::gate::{self, LINK};
use crate::journal::{Projection, Sqlite};
use crate::pipeline::{self, Services};
use crate::plugin::Plugins;
use crate::policy;
use crate::ports::{DecodeError, Inbound, JournalError, Sources, Story};
use crate::runner::Runner;
use crate::tools::{Servers, Status};

pub use launch::BUNDLED;
pub use launcher::Launcher;
use sources::AllSources;

/// A started host.
pub struct App {
    services: Arc<Services>,
    runner: Arc<Runner>,
    sources: AllSources,
    policies: Arc<policy::Live>,
    plugins: Arc<Plugins>,
    servers: Arc<Servers>,
    journal: Arc<Sqlite>,
    projection: Arc<Projection>,
    tasks: Vec<JoinHandle<()>>,
    counters: metrics::Counters,
    /// How long a stop waits for what is under way.
    stop_timeout: Duration,
}

impl App {
    /// An action that waits for a person, by the words of that person.
    fn asked(&self, answer: &Answer) -> Result<(Arc<Incident>, crate::domain::ActionId), ControlError> {
        let id = IncidentId(answer.incident.clone());
        let Some(incident) = self.services.store.get(&id) else {
            let known = self.projection.get(&id).ok().flatten().is_some();
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
        let done = pipeline::apply_control(&self.services, control).await;
        if done.is_err() {
            self.runner.check_journal();
        }
        done.map_err(unavailable)
    }
}

fn unavailable(error: JournalError) -> ControlError {
    ControlError::Unavailable(error.to_string())
}

impl Records for App {
    fn list(&self, filter: &Filter) -> Result<Vec<Incident>, String> {
        records::list(&self.projection, Some(&self.services.store), filter)
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, String> {
        let id = IncidentId(id.to_string());
        match self.services.store.get(&id) {
            Some(incident) => Ok(Some((*incident).clone())),
            None => self.projection.get(&id).map_err(|error| error.to_string()),
        }
    }

    fn story(&self, id: &str) -> Result<Option<Story>, String> {
        let Some(incident) = self.incident(id)? else { return Ok(None) };
        let entries = self.services.store.entries(&incident.id).map_err(|error| error.to_string())?;
        Ok(Some(Story { incident, entries }))
    }
}

impl Backend for App {
    fn sources(&self) -> Vec<String> {
        self.sources.names()
    }

    fn receive<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Received, Refusal>> {
        Box::pin(async move {
            self.counters.request();
            if self.journal.crowded() {
                return Err(Refusal::Unavailable("the disk cannot keep up; send it again later".into()));
            }
            let alerts = self.sources.decode(source, request).await.map_err(|error| match error {
                DecodeError::Invalid(text) => Refusal::Invalid(text),
                DecodeError::UnknownSource(text) => Refusal::UnknownSource(text),
                DecodeError::Unavailable(text) => Refusal::Unavailable(text),
            })?;
            let received = self.services.store.receive(alerts).await.map_err(|error| {
                self.runner.check_journal();
                Refusal::Unavailable(error.to_string())
            })?;
            self.counters.received(&received);
            Ok(Received {
                alerts: received.alerts,
                incidents: received.incidents.into_iter().map(|id| id.0).collect(),
                repeats: received.repeats,
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

    fn changes(&self) -> broadcast::Receiver<String> {
        self.services.store.changes()
    }

    fn ready(&self) -> Ready {
        let broken = self.services.store.broken();
        let mut problems: Vec<String> = broken.iter().map(ToString::to_string).collect();
        let stopping = self.services.store.is_stopping();
        if stopping {
            problems.push("tidegate is stopping: it waits for calls and messages under way and begins none".into());
        }
        problems.extend(self.services.model.skipped());
        if self.runner.panics() > 0 {
            problems.push(format!(
                "a fault in tidegate itself broke off the handling of incidents or messages {} times since the start; the log says where",
                self.runner.panics()
            ));
        }
        problems.extend(self.policies.problems());
        problems.extend(self.policies.warnings().into_iter().map(|warning| format!("policies: {warning}")));
        let servers = self.servers.status();
        problems.extend(servers.iter().filter_map(Status::problem));
        problems.extend(self.plugins.status().into_iter().flat_map(|status| {
            let name = status.name;
            status.problems.into_iter().map(move |problem| format!("plugin {name}: {problem}"))
        }));
        problems.extend(deliveries::problems(&self.runner.target_status()));
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
        Ready { ready: broken.is_none() && !stopping, problems }
    }

    fn metrics(&self) -> String {
        let mut text = self.counters.text(&self.services, &self.servers, &self.policies);
        text.push_str(&metrics::left_out(&self.plugins.left_out()));
        text.push_str(&metrics::handling(self.runner.panics(), self.services.model.skipped().is_some()));
        text.push_str(&deliveries::metrics(&self.runner.target_status()));
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
            for task in &self.tasks {
                task.abort();
            }
            self.servers.shutdown().await;
        })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
