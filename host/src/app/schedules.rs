//! What is done by the clock besides inspections: what a host knows of it, and what it journals. Runs are made (`run`) when
//! the clockwork or somebody wants them, and counted (`counters`). Who is to be heard from in time is watched beside that
//! (`heartbeats`, `heartbeat_watch`).

mod counters;
mod digest;
mod findings;
mod heartbeat_watch;
mod heartbeats;
mod ping;
mod run;
mod views;

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::scheduler::{Job, Scheduler};
use crate::backend::{ControlError, Progress, Records};
use crate::bus::Bus;
use crate::config::{MissedRuns, Schedule, ScheduleAction};
use crate::domain::Person;
use crate::domain::control::Control;
use crate::domain::job::{JobEvent, Runs};
use crate::domain::schedule::{ScheduleEvent, ScheduleResult};
use crate::events::Events;
use crate::inspection::timetable::Timetable;
use crate::pipeline::Services;
use crate::ports::Journal;
use counters::Counters;
pub use heartbeats::Heartbeats;
pub use ping::Addresses;
pub use views::views;

/// All schedules of a host, and who is to be heard from.
pub struct Schedules {
    clockwork: Arc<Scheduler<ScheduleJob>>,
    services: Arc<Services>,
    heartbeats: Arc<Heartbeats>,
    /// What looks for those who are silent.
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// What a schedule does, and what it needs for that.
pub struct ScheduleJob {
    services: Arc<Services>,
    records: Arc<dyn Records>,
    pings: Addresses,
    events: Arc<Events>,
    /// Where events are sent on.
    buses: Vec<Arc<Bus>>,
    heartbeats: Arc<Heartbeats>,
    tally: Counters,
}

/// How a schedule stands by what the journal says.
#[derive(Clone, Debug, Default)]
pub struct ScheduleState {
    runs: Runs,
    /// What came of the last run that did not fail, in a sentence.
    outcome: Option<String>,
}

impl ScheduleState {
    /// What came of the last run, good or bad.
    fn said(&self) -> Option<&str> {
        self.runs.failed.as_deref().or(self.outcome.as_deref())
    }
}

impl Job for ScheduleJob {
    type Order = Schedule;
    type End = ScheduleResult;
    type State = ScheduleState;
    type Done = String;
    const WORD: &'static str = "schedule";
    const APART: bool = true;

    fn name(schedule: &Schedule) -> &str {
        &schedule.name
    }

    fn timetable(schedule: &Schedule) -> Option<&Timetable> {
        Some(&schedule.timetable)
    }

    fn missed(schedule: &Schedule) -> MissedRuns {
        schedule.missed
    }

    fn control(event: ScheduleEvent) -> Control {
        Control::Schedule(Box::new(event))
    }

    fn event(control: Control) -> Option<ScheduleEvent> {
        if let Control::Schedule(event) = control { Some(*event) } else { None }
    }

    fn apply(standing: &mut ScheduleState, event: &ScheduleEvent) {
        standing.runs.apply(event);
        if let JobEvent::Ended { end, .. } = event {
            standing.outcome = Some(end.outcome.clone());
        }
    }

    fn runs(standing: &ScheduleState) -> &Runs {
        &standing.runs
    }

    /// An address is called so often that the journal gets only how that changes.
    fn keeps(schedule: &Schedule, runs: &Runs, event: &ScheduleEvent) -> bool {
        match event {
            _ if !matches!(schedule.does, ScheduleAction::Ping(_)) => true,
            JobEvent::Began { .. } | JobEvent::Skipped { .. } => false,
            JobEvent::Ended { .. } => runs.failed.is_some() || runs.ended.is_none(),
            JobEvent::Failed { .. } => runs.failed.is_none(),
        }
    }

    fn count(&self, event: &ScheduleEvent) {
        self.tally.note(event);
    }

    fn make<'a>(
        &'a self,
        schedule: &'a Schedule,
        run: Timestamp,
        _: ScheduleState,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<(ScheduleResult, String), String>> {
        Box::pin(self.done(schedule, run))
    }
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
        let (tally, own) = (Counters::default(), Arc::clone(&services));
        let job =
            ScheduleJob { services: own, records, pings, events, buses, heartbeats: Arc::clone(&heartbeats), tally };
        let clockwork = Scheduler::of(job, Arc::clone(&services), journal, configured);
        Arc::new(Self { clockwork, services, heartbeats, listening: Mutex::default() })
    }

    /// Begins to follow the clock and to listen as soon as all is known that both rest on, until [`Self::stop`].
    pub fn begin<F: Future<Output = ()> + Send + 'static>(&self, known: impl Fn() -> F) {
        self.clockwork.begin(known());
        self.listen(known());
    }

    /// Makes a run now; what came of it, in a sentence. See [`Scheduler::run`].
    ///
    /// # Errors
    /// As there.
    pub async fn run(&self, name: &str, by: Person) -> Result<String, ControlError> {
        self.clockwork.run(name, by, &|_| {}).await
    }

    /// What `/readyz` says of them.
    pub fn problems(&self) -> Vec<String> {
        let standings = self.clockwork.states();
        let failed = self.clockwork.configured.iter().filter_map(|one| {
            let why = standings.get(&one.name)?.runs.failed.as_deref()?;
            Some(format!("the schedule {} failed at its last run: {why}", one.name))
        });
        let silent = self.heartbeats.silent(self.services.clock.elapsed());
        failed.chain(silent.into_iter().map(|name| format!("the heartbeat {name} is silent"))).collect()
    }

    /// Counters and gauges as Prometheus text.
    pub fn metrics(&self) -> String {
        let Scheduler { job, configured, .. } = self.clockwork.as_ref();
        let mut text = if configured.is_empty() { String::new() } else { job.tally.text(&self.clockwork.states()) };
        text.push_str(&self.heartbeats.metrics(self.services.clock.elapsed()));
        text
    }
}

#[cfg(test)]
mod tests;
