//! Inspections: what a host knows of them, and what it journals. Runs are made (`run`) when the clockwork or somebody wants
//! them, told of as alerts (`tell`), and counted (`tally`).

mod run;
mod tally;
mod tell;
mod views;

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::clockwork::{Clockwork, Job};
use crate::backend::{InspectionView, Progress};
use crate::config::Inspection;
use crate::domain::control::Control;
use crate::domain::inspection::{Inspected, InspectionEvent, Run};
use crate::domain::job::Runs;
use crate::inspection::changes::Standings;
use crate::inspection::timetable::Timetable;
use crate::pipeline::Services;
use crate::ports::Journal;
use tally::Tally;
pub use views::views;

/// All inspections of a host.
pub type Inspections = Clockwork<Inspecting>;

/// What an inspection is.
pub struct Inspecting {
    services: Arc<Services>,
    tally: Tally,
}

/// A run, and the incidents that tell of it.
pub type Done = (Run, Vec<String>);

impl Job for Inspecting {
    type Order = Inspection;
    type End = Inspected;
    type State = Standings;
    type Done = Done;
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

    fn apply(standings: &mut Standings, event: &InspectionEvent) {
        standings.apply(event);
    }

    fn runs(standings: &Standings) -> &Runs {
        &standings.runs
    }

    fn count(&self, event: &InspectionEvent) {
        self.tally.note(event);
    }

    fn make<'a>(
        &'a self,
        inspection: &'a Inspection,
        run: Timestamp,
        before: Standings,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<(Inspected, Done), String>> {
        Box::pin(self.inspect(inspection, run, before, progress))
    }
}

impl Inspections {
    /// Those of the configuration.
    pub fn new(services: Arc<Services>, journal: Arc<dyn Journal>, configured: Vec<Inspection>) -> Arc<Self> {
        let job = Inspecting { services: Arc::clone(&services), tally: Tally::default() };
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
