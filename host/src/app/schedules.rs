//! What is done by the clock besides inspections: what a host knows of it, and what it journals. Runs are begun by the
//! clock (`clockwork`) or by somebody, made one at a time (`run`), and counted (`tally`). Who is to be heard from in time
//! is watched beside that (`heartbeats`).

mod clockwork;
mod digest;
mod findings;
mod heartbeats;
mod ping;
mod run;
mod tally;
mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::backend::{ControlError, Records};
use crate::bus::Bus;
use crate::config::{Does, Schedule};
use crate::domain::Person;
use crate::domain::control::{self, Control};
use crate::domain::schedule::{ScheduleEvent, Standing};
use crate::events::Events;
use crate::pipeline::Services;
use crate::ports::{Journal, JournalError};
pub use heartbeats::Heartbeats;
pub use ping::Addresses;
use tally::Tally;
pub use views::views;

/// How long it is waited after a run that could not be journaled, and between two looks at the clock at most.
pub const AGAIN: Duration = Duration::from_secs(60);

/// All schedules of a host.
pub struct Schedules {
    services: Arc<Services>,
    journal: Arc<dyn Journal>,
    records: Arc<dyn Records>,
    configured: Vec<Schedule>,
    pings: Addresses,
    events: Arc<Events>,
    /// Where events are sent on.
    buses: Vec<Arc<Bus>>,
    /// Who is to be heard from.
    heartbeats: Arc<Heartbeats>,
    /// One at a time.
    busy: tokio::sync::Mutex<()>,
    standings: Mutex<BTreeMap<String, Standing>>,
    tally: Tally,
    /// What follows the clock.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// Who wants a run.
#[derive(Clone, Debug)]
enum Wanted {
    /// The schedule, for this moment.
    Planned(Timestamp),
    /// Somebody.
    By(Person),
}

impl Schedules {
    /// Those of the configuration.
    pub fn new(
        services: Arc<Services>,
        journal: Arc<dyn Journal>,
        records: Arc<dyn Records>,
        (configured, heartbeats): (Vec<Schedule>, Arc<Heartbeats>),
        (pings, events, buses): (Addresses, Arc<Events>, Vec<Arc<Bus>>),
    ) -> Arc<Self> {
        Arc::new(Self {
            services,
            journal,
            records,
            configured,
            pings,
            events,
            buses,
            heartbeats,
            busy: tokio::sync::Mutex::default(),
            standings: Mutex::default(),
            tally: Tally::default(),
            tasks: Mutex::default(),
        })
    }

    fn standings(&self) -> MutexGuard<'_, BTreeMap<String, Standing>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the journal says of earlier runs. One that began and has no end is named as broken off.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn restore(&self) -> Result<(), JournalError> {
        if self.configured.is_empty() {
            return Ok(());
        }
        let _one_at_a_time = self.busy.lock().await;
        let all = views::told(&self.journal.stream(control::STREAM)?);
        *self.standings() = all.clone();
        for (schedule, standing) in all {
            if let Some(run) = standing.under_way {
                tracing::warn!(schedule, %run, "a run of a schedule was broken off; it is made again at its next time");
                let why = "the host ended within it".to_string();
                self.note(ScheduleEvent::Failed { schedule, run, why }).await?;
            }
        }
        Ok(())
    }

    /// Takes in what happened to a schedule. An address is called so often that the journal gets only how that changes.
    async fn noted(&self, schedule: &Schedule, event: ScheduleEvent) -> Result<(), JournalError> {
        if matches!(schedule.does, Does::Ping(_)) {
            let mut standings = self.standings();
            let standing = standings.entry(schedule.name.clone()).or_default();
            let changes = match event {
                ScheduleEvent::Began { .. } | ScheduleEvent::Skipped { .. } => false,
                ScheduleEvent::Ended { .. } => standing.failed || standing.ended.is_none(),
                ScheduleEvent::Failed { .. } => !standing.failed,
            };
            if !changes {
                standing.apply(&event);
                self.tally.note(&event);
                return Ok(());
            }
        }
        self.note(event).await
    }

    async fn note(&self, event: ScheduleEvent) -> Result<(), JournalError> {
        self.services.store.control(Control::Schedule(Box::new(event.clone()))).await?;
        self.tally.note(&event);
        self.standings().entry(event.schedule().to_string()).or_default().apply(&event);
        Ok(())
    }

    /// What `/readyz` says of them.
    pub fn problems(&self) -> Vec<String> {
        let standings = self.standings();
        let failed = self.configured.iter().filter_map(|one| {
            let standing = standings.get(&one.name).filter(|standing| standing.failed)?;
            let why = standing.outcome.as_deref().unwrap_or("nobody knows why");
            Some(format!("the schedule {} failed at its last run: {why}", one.name))
        });
        let silent = self.heartbeats.silent(self.services.clock.elapsed());
        failed.chain(silent.into_iter().map(|name| format!("the heartbeat {name} is silent"))).collect()
    }

    /// Counters and gauges as Prometheus text.
    pub fn metrics(&self) -> String {
        let mut text = if self.configured.is_empty() { String::new() } else { self.tally.text(&self.standings()) };
        text.push_str(&self.heartbeats.metrics(self.services.clock.elapsed()));
        text
    }
}

impl Drop for Schedules {
    fn drop(&mut self) {
        self.stop();
    }
}

fn unavailable(error: JournalError) -> ControlError {
    ControlError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests;
