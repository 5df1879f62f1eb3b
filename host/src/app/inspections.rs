//! Inspections: what a host knows of them, and what it journals. Runs are made (`run`) when the clockwork or somebody wants
//! them, told of as alerts (`tell`), and counted (`counters`).

mod counters;
mod run;
mod tell;
mod views;

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::scheduler::{Job, Scheduler};
use crate::backend::{InspectionView, Progress};
use crate::config::Inspection;
use crate::domain::control::Control;
use crate::domain::inspection::{InspectionEvent, InspectionResult, Run};
use crate::domain::job::Runs;
use crate::inspection::changes::TrackedFindings;
use crate::inspection::timetable::Timetable;
use crate::pipeline::Services;
use crate::ports::Journal;
use counters::Counters;
pub use views::views;

/// All inspections of a host.
pub type Inspections = Scheduler<InspectionJob>;

/// What an inspection is.
pub struct InspectionJob {
    services: Arc<Services>,
    tally: Counters,
}

/// A run, and the incidents that tell of it.
pub type Finished = (Run, Vec<String>);

impl Job for InspectionJob {
    type Order = Inspection;
    type End = InspectionResult;
    type State = TrackedFindings;
    type Done = Finished;
    const WORD: &'static str = "inspection";
    const APART: bool = false;

    fn name(inspection: &Inspection) -> &str {
        &inspection.order.name
    }

    fn timetable(inspection: &Inspection) -> Option<&Timetable> {
        inspection.timetable.as_ref()
    }

    fn control(event: InspectionEvent) -> Control {
        Control::Inspection(Box::new(event))
    }

    fn event(control: Control) -> Option<InspectionEvent> {
        if let Control::Inspection(event) = control { Some(*event) } else { None }
    }

    fn apply(standings: &mut TrackedFindings, event: &InspectionEvent) {
        standings.apply(event);
    }

    fn runs(standings: &TrackedFindings) -> &Runs {
        &standings.runs
    }

    fn count(&self, event: &InspectionEvent) {
        self.tally.note(event);
    }

    fn make<'a>(
        &'a self,
        inspection: &'a Inspection,
        run: Timestamp,
        before: TrackedFindings,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<(InspectionResult, Finished), String>> {
        Box::pin(self.inspect(inspection, run, before, progress))
    }
}

impl Inspections {
    /// Those of the configuration.
    pub fn new(services: Arc<Services>, journal: Arc<dyn Journal>, configured: Vec<Inspection>) -> Arc<Self> {
        let job = InspectionJob { services: Arc::clone(&services), tally: Counters::default() };
        Self::of(job, services, journal, configured)
    }

    /// How each stands.
    pub fn views(&self) -> Vec<InspectionView> {
        views::shown(&self.configured, &self.states(), self.job.services.clock.now())
    }

    /// Counters and gauges as Prometheus text.
    pub fn metrics(&self) -> String {
        if self.configured.is_empty() { String::new() } else { self.job.tally.text(&self.states()) }
    }
}

#[cfg(test)]
pub(super) mod tests;
