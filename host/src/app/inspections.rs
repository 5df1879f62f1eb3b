//! Inspections: what a host knows of them, and what it journals. Runs are begun by the clock (`clockwork`) or by
//! somebody, made one at a time (`run`), told of as alerts (`tell`), and counted (`tally`).

mod clockwork;
mod run;
mod tally;
mod tell;
mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::backend::{ControlError, InspectionView};
use crate::config::Inspection;
use crate::domain::Person;
use crate::domain::control::{self, Control};
use crate::domain::inspection::{InspectionEvent, Run};
use crate::inspection::changes::Standings;
use crate::pipeline::Services;
use crate::ports::{Journal, JournalError};
use tally::Tally;
pub use views::views;

/// How long it is waited after a run that could not be journaled, and between two looks at the clock at most.
pub const AGAIN: Duration = Duration::from_secs(60);

/// All inspections of a host.
pub struct Inspections {
    services: Arc<Services>,
    journal: Arc<dyn Journal>,
    configured: Vec<Inspection>,
    /// One at a time.
    busy: tokio::sync::Mutex<()>,
    standings: Mutex<BTreeMap<String, Standings>>,
    tally: Tally,
    /// What follows the schedules.
    clockwork: Mutex<Option<JoinHandle<()>>>,
}

/// Who wants a run.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The schedule, for this moment.
    Planned(Timestamp),
    /// Somebody.
    By(Person),
}

/// A run, and the incidents that tell of it.
pub type Done = (Run, Vec<String>);

impl Inspections {
    /// Those of the configuration.
    pub fn new(services: Arc<Services>, journal: Arc<dyn Journal>, configured: Vec<Inspection>) -> Arc<Self> {
        Arc::new(Self {
            services,
            journal,
            configured,
            busy: tokio::sync::Mutex::default(),
            standings: Mutex::default(),
            tally: Tally::default(),
            clockwork: Mutex::default(),
        })
    }

    fn standings(&self) -> MutexGuard<'_, BTreeMap<String, Standings>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the journal says of earlier runs. One that began and has no end is named as interrupted: it is made
    /// again at its next time.
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
        for (inspection, standings) in all {
            if let Some(run) = standings.under_way {
                tracing::warn!(inspection, %run, "an inspection was interrupted; it is made again at its next time");
                let why = "the host ended within it".to_string();
                self.note(InspectionEvent::Interrupted { inspection, run, why }).await?;
            }
        }
        Ok(())
    }

    async fn note(&self, event: InspectionEvent) -> Result<(), JournalError> {
        self.services.store.control(Control::Inspection(Box::new(event.clone()))).await?;
        if matches!(event, InspectionEvent::Interrupted { .. }) {
            self.tally.interrupted(event.inspection());
        }
        self.standings().entry(event.inspection().to_string()).or_default().apply(&event);
        Ok(())
    }

    /// How each stands.
    pub fn views(&self) -> Vec<InspectionView> {
        views::shown(&self.configured, &self.standings(), self.services.clock.now())
    }

    /// Counters and gauges as Prometheus text.
    pub fn metrics(&self) -> String {
        if self.configured.is_empty() { String::new() } else { self.tally.text(&self.standings()) }
    }
}

impl Drop for Inspections {
    fn drop(&mut self) {
        self.stop();
    }
}

fn unavailable(error: JournalError) -> ControlError {
    ControlError::Unavailable(error.to_string())
}

#[cfg(test)]
pub(super) mod tests;
