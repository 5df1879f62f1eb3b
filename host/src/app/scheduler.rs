//! The follower of timetables, whatever is done by them: begins what is due (`follow`), one run at a time, and journals each
//! from its beginning to its end (`run`). What an inspection or a schedule is, they say themselves ([`Job`]).

mod follow;
mod run;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::backend::{ControlError, Progress};
use crate::config::MissedRuns;
use crate::domain::control::{self, Control};
use crate::domain::job::{JobEvent, Runs};
use crate::domain::{Person, Sealed};
use crate::inspection::timetable::Timetable;
use crate::pipeline::Services;
use crate::ports::{Journal, JournalError};
pub use run::wait_for_result;

/// How long it is waited after a run that could not be journaled, and between two looks at the clock at most.
pub const AGAIN: Duration = Duration::from_secs(60);

/// What is done again and again.
pub trait Job: Sized + Send + Sync + 'static {
    /// What the configuration says of one.
    type Order: Send + Sync;
    /// What the journal keeps of a run that came to its end.
    type End: Clone + Send + Sync;
    /// How one stands.
    type State: Clone + Default + Send;
    /// What whoever asked for a run gets.
    type Done: Send;
    /// The word for it.
    const WORD: &'static str;
    /// Whether each is done by itself, so that none waits for another one's slowness; else one at a time.
    const APART: bool;

    /// The name of one.
    fn name(order: &Self::Order) -> &str;
    /// When one is due; none where it is only done when somebody asks for it.
    fn timetable(order: &Self::Order) -> Option<&Timetable>;
    /// What becomes of moments that passed.
    fn missed(_: &Self::Order) -> MissedRuns {
        MissedRuns::RunOnce
    }
    /// What happened to one, as an entry of the journal.
    fn control(event: JobEvent<Self::End>) -> Control;
    /// What happened to one by an entry of the journal; none where that is about something else.
    fn event(control: Control) -> Option<JobEvent<Self::End>>;
    /// Takes in what happened.
    fn apply(state: &mut Self::State, event: &JobEvent<Self::End>);
    /// How the runs went.
    fn runs(state: &Self::State) -> &Runs;
    /// Whether the journal gets this.
    fn keeps(_: &Self::Order, _: &Runs, _: &JobEvent<Self::End>) -> bool {
        true
    }
    /// Counts what happened.
    fn count(&self, event: &JobEvent<Self::End>);
    /// Makes the run that began at this moment.
    fn make<'a>(
        &'a self,
        order: &'a Self::Order,
        run: Timestamp,
        before: Self::State,
        progress: &'a Progress,
    ) -> BoxFuture<'a, RunResult<Self>>;
}

/// What came of a run, for the journal and for whoever asked, or why it failed.
pub type RunResult<J> = Result<(<J as Job>::End, <J as Job>::Done), String>;

/// Follows the timetables of all jobs of one kind.
pub struct Scheduler<J: Job> {
    pub(super) job: J,
    services: Arc<Services>,
    journal: Arc<dyn Journal>,
    pub(super) configured: Vec<J::Order>,
    /// One at a time, of all or of each.
    busy: BTreeMap<String, Arc<RunLock>>,
    /// For those whom the configuration does not name any more.
    others: Arc<RunLock>,
    states: Mutex<BTreeMap<String, J::State>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

type RunLock = tokio::sync::Mutex<()>;

/// Who wants a run.
#[derive(Clone, Debug)]
enum Trigger {
    /// The timetable, for this moment.
    Planned(Timestamp),
    /// Somebody.
    Person(Person),
}

impl<J: Job> Scheduler<J> {
    /// Of those of the configuration.
    pub fn of(job: J, services: Arc<Services>, journal: Arc<dyn Journal>, configured: Vec<J::Order>) -> Arc<Self> {
        let others: Arc<RunLock> = Arc::default();
        let own = |order: &J::Order| {
            let busy = if J::APART { Arc::default() } else { Arc::clone(&others) };
            (J::name(order).to_string(), busy)
        };
        let busy = configured.iter().map(own).collect();
        let (states, tasks) = Default::default();
        Arc::new(Self { job, services, journal, configured, busy, others, states, tasks })
    }

    /// What whoever makes a run of this name holds.
    fn busy(&self, name: &str) -> &RunLock {
        self.busy.get(name).unwrap_or(&self.others)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How each stands.
    pub(super) fn states(&self) -> MutexGuard<'_, BTreeMap<String, J::State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self, name: &str) -> J::State {
        self.states().get(name).cloned().unwrap_or_default()
    }

    /// Reads what the journal says of earlier runs. One that began and has no end is named as broken off: it is made again
    /// at its next time.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn restore(&self) -> Result<(), JournalError> {
        if self.configured.is_empty() {
            return Ok(());
        }
        let all = recorded_states::<J>(&self.journal.stream(control::STREAM)?);
        *self.states() = all.clone();
        for (job, state) in all {
            if let Some(run) = J::runs(&state).under_way {
                let _one_at_a_time = self.busy(&job).lock().await;
                tracing::warn!(kind = J::WORD, job, %run, "a run was broken off; it is made again at its next time");
                self.note(JobEvent::Failed { job, run, why: "the host ended within it".to_string() }).await?;
            }
        }
        Ok(())
    }

    /// Takes in what happened to one.
    pub(super) async fn noted(&self, order: &J::Order, event: JobEvent<J::End>) -> Result<(), JournalError> {
        if J::keeps(order, J::runs(&self.state(J::name(order))), &event) {
            return self.note(event).await;
        }
        self.took_in(&event);
        Ok(())
    }

    pub(super) async fn note(&self, event: JobEvent<J::End>) -> Result<(), JournalError> {
        self.services.store.control(J::control(event.clone())).await?;
        self.took_in(&event);
        Ok(())
    }

    fn took_in(&self, event: &JobEvent<J::End>) {
        self.job.count(event);
        J::apply(self.states().entry(event.job().to_string()).or_default(), event);
    }
}

/// How all stand by what the journal's own stream says.
pub fn recorded_states<J: Job>(stream: &[Sealed]) -> BTreeMap<String, J::State> {
    let mut all: BTreeMap<String, J::State> = BTreeMap::new();
    for entry in stream.iter().filter_map(|sealed| sealed.open::<Control>().ok()) {
        if let Some(event) = J::event(entry.fact) {
            J::apply(all.entry(event.job().to_string()).or_default(), &event);
        }
    }
    all
}

fn unavailable(error: JournalError) -> ControlError {
    ControlError::Unavailable(error.to_string())
}
