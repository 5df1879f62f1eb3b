//! What a host must know before it decides anything: the live incidents, the past and what the gate
//! must not forget. It is read from the journal by way of the projection while the host serves already;
//! until it is there, nothing is taken, asked or done, and whoever asks hears how far it is.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::control::Control;
use crate::domain::history::REMEMBERED;
use crate::domain::{Incident, IncidentId};
use crate::journal::{CatchUpError, LostEntries, Projection};
use crate::model;
use crate::model::costs::{asked, conversation_costs};
use crate::pipeline::Services;
use crate::ports::{Journal, JournalError, Model as _};
use crate::runner::Runner;

/// Incidents whose messages were given up that are remembered at the start: those of months.
const ABANDONED: u32 = 5_000;

/// Pause between two attempts.
const AGAIN: Duration = Duration::from_secs(1);

/// How far the restoration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The journal is read.
    Deriving,
    /// Something stands in the way; it is tried again.
    Waiting(String),
    /// The journal lacks entries. Only a person can go on from here.
    Lost(LostEntries),
    /// All is known.
    Done,
}

/// The restoration of a host.
pub struct Restoration {
    stage: watch::Sender<Stage>,
    /// Why the listing does not follow, afterwards.
    listing: Mutex<Option<String>>,
    projection: Arc<Projection>,
}

impl Restoration {
    /// One that has not begun.
    pub fn new(projection: Arc<Projection>) -> Self {
        Self { stage: watch::Sender::new(Stage::Deriving), listing: Mutex::default(), projection }
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        self.stage.borrow().clone()
    }

    /// Resolves when all is known.
    pub async fn done(&self) {
        // The sender is this one's own.
        drop(self.stage.subscribe().wait_for(|stage| *stage == Stage::Done).await);
    }

    /// Resolves when all is known, or says why it will not be without a person.
    ///
    /// # Errors
    /// When the journal lacks entries.
    pub async fn settled(&self) -> Result<(), String> {
        let mut stage = self.stage.subscribe();
        let settled = stage.wait_for(|stage| matches!(stage, Stage::Done | Stage::Lost(_))).await;
        match settled.as_deref() {
            Ok(Stage::Lost(lost)) => Err(lost.to_string()),
            _ => Ok(()),
        }
    }

    /// Why nothing can be taken or done, as long as that is so.
    ///
    /// # Errors
    /// The reason, with how far it is.
    pub fn check(&self) -> Result<(), String> {
        match self.stage() {
            Stage::Done => Ok(()),
            Stage::Deriving => {
                let percent = self.projection.deriving().unwrap_or(100);
                Err(format!("the listing is being derived from the journal: {percent} %; come again when it is there"))
            }
            Stage::Waiting(why) => Err(why),
            Stage::Lost(lost) => Err(lost.to_string()),
        }
    }

    /// What is wrong with the listing of a host that is restored.
    pub fn listing_problem(&self) -> Option<String> {
        self.listing().clone()
    }

    /// Notes whether the listing follows the journal.
    pub fn note(&self, followed: &Result<u64, CatchUpError>) {
        let problem = followed.as_ref().err().map(ToString::to_string);
        let known = std::mem::replace(&mut *self.listing(), problem.clone());
        match problem {
            Some(problem) if known.as_ref() != Some(&problem) => {
                tracing::warn!(error = problem, "the listing lags behind the journal");
            }
            None if known.is_some() => tracing::info!("the listing follows the journal again"),
            _ => {}
        }
    }

    fn listing(&self) -> MutexGuard<'_, Option<String>> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is restored, and from what.
pub struct Parts {
    /// What is restored.
    pub services: Arc<Services>,
    /// Its budget of the day, where a model is configured.
    pub model: Option<Arc<model::Client>>,
    /// The record.
    pub journal: Arc<dyn Journal>,
    /// Its listing.
    pub projection: Arc<Projection>,
}

/// Restores, and tries again until that is done; never when the journal lacks entries, unless the loss
/// is accepted.
pub async fn restore(restoration: Arc<Restoration>, parts: Arc<Parts>, runner: Arc<Runner>, accept_loss: bool) {
    loop {
        let (parts, runner, stage) = (Arc::clone(&parts), Arc::clone(&runner), restoration.stage.clone());
        let work = tokio::task::spawn_blocking(move || parts.once(&runner, accept_loss));
        let next = match work.await {
            Ok(Ok(())) => Stage::Done,
            Ok(Err(CatchUpError::Lost(lost))) => {
                tracing::error!("{lost}");
                Stage::Lost(lost)
            }
            Ok(Err(error)) => Stage::Waiting(error.to_string()),
            Err(_) => return,
        };
        let new = stage.send_replace(next.clone()) != next;
        match next {
            Stage::Waiting(error) => {
                if new {
                    tracing::error!(error, "waiting for what lies on disk");
                }
                tokio::time::sleep(AGAIN).await;
            }
            _ => return,
        }
    }
}

impl Parts {
    fn once(&self, runner: &Runner, accept_loss: bool) -> Result<(), CatchUpError> {
        match self.again() {
            Err(CatchUpError::Lost(lost)) if accept_loss => {
                let aside = self.projection.set_aside()?;
                said(&lost, &aside);
                self.again()?;
            }
            other => other?,
        }
        let abandoned = incidents(self.journal.as_ref(), self.projection.undelivered(ABANDONED)?)?;
        runner.remember_abandoned(abandoned.iter());
        if let Some(model) = &self.model {
            let now = self.services.clock.now();
            let since = model.remembers_since(now);
            for id in self.projection.asked(since)? {
                let stream = self.journal.stream(&id.0)?;
                let (questions, incident) = asked(id, &stream).map_err(JournalError)?;
                questions.iter().for_each(|asked| model.restore(asked));
                incident.iter().for_each(|incident| model.learn(incident));
            }
            for id in self.projection.conversations_since(since)? {
                let stream = self.journal.stream(&id.0)?;
                let spent = conversation_costs(&stream).map_err(JournalError)?;
                spent.iter().for_each(|(at, usage)| model.restore_chat(*at, usage));
            }
        }
        Ok(())
    }

    /// Reads the live state anew from what the journal says now.
    ///
    /// # Errors
    /// When the journal or its listing cannot be read.
    pub fn again(&self) -> Result<(), CatchUpError> {
        let mut tried = false;
        loop {
            self.projection.catch_up(self.journal.as_ref())?;
            match self.read() {
                // It was found damaged, and the next catching up derives it anew.
                Err(CatchUpError::Projection(error)) if !tried => {
                    tracing::warn!(%error, "the listing is read once more");
                    tried = true;
                }
                read => return read,
            }
        }
    }

    /// Puts the unsettled incidents into the store and what they spent into the gate.
    fn read(&self) -> Result<(), CatchUpError> {
        let Self { services, projection, journal, .. } = self;
        let since = services.clock.now().saturating_sub(REMEMBERED).unwrap_or(jiff::Timestamp::MIN);
        let mut unsettled = incidents(journal.as_ref(), projection.unsettled()?)?;
        unsettled.retain(|incident| !incident.settled());
        let past = projection.past(since)?;
        let gate_events = projection.gate_events(since)?;
        services.gate.forget();
        services.gate.restore(gate_events);
        for incident in &unsettled {
            services.gate.restore_holds(incident);
        }
        for control in services.store.reload(unsettled, past)? {
            // Resets are among these events, in their place between the failures.
            if !matches!(control, Control::BreakerReset { .. }) {
                services.gate.apply_control(&control);
            }
        }
        Ok(())
    }
}

/// The incidents with these ids, read from the journal.
fn incidents(journal: &dyn Journal, ids: Vec<IncidentId>) -> Result<Vec<Incident>, JournalError> {
    let mut incidents = Vec::with_capacity(ids.len());
    for id in ids {
        incidents.extend(Incident::read(&journal.stream(&id.0)?).map_err(JournalError)?);
    }
    Ok(incidents)
}

fn said(lost: &LostEntries, aside: &Path) {
    let LostEntries { ends, known } = lost;
    tracing::error!(
        ends,
        known,
        kept = %aside.display(),
        "entries of the journal are lost, and the loss is accepted: tidegate goes on with what the journal has; what \
         the listing knew is kept"
    );
}
