//! One run from its beginning to its end.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};

use super::{Done, Inspections, Wanted, tell, unavailable};
use crate::backend::{ControlError, Progress};
use crate::config::Inspection;
use crate::domain::entry::Usage;
use crate::domain::inspection::{InspectionEvent, Run, Summary};
use crate::domain::{Fact, Person};
use crate::inspection::changes::{self, Changes};
use crate::pipeline::inspect;
use crate::store;

/// How long one run may take.
const WITHIN: Duration = Duration::from_secs(900);

impl Inspections {
    /// Makes a run now.
    ///
    /// # Errors
    /// When there is none of that name, another run is under way, or the journal takes nothing.
    pub fn run<'a>(
        &'a self,
        name: &'a str,
        by: Person,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Done, ControlError>> {
        self.asked(name, by, progress).boxed()
    }

    async fn asked(&self, name: &str, by: Person, progress: &Progress) -> Result<Done, ControlError> {
        let Some(inspection) = self.configured.iter().find(|one| one.order.name == name) else {
            let names: Vec<&str> = self.configured.iter().map(|one| one.order.name.as_str()).collect();
            let known = if names.is_empty() {
                "the configuration has no [[inspection]]".into()
            } else {
                format!("there are {}", names.join(", "))
            };
            return Err(ControlError::NotFound(format!("there is no inspection {name:?}; {known}")));
        };
        let Ok(_one_at_a_time) = self.busy.try_lock() else {
            return Err(ControlError::Conflict("another inspection is under way; wait until it has ended".into()));
        };
        self.made(inspection, &Wanted::By(by), progress).await
    }

    /// One run from its beginning to its end, while no other is made.
    pub(super) async fn made(
        &self,
        inspection: &Inspection,
        wanted: &Wanted,
        progress: &Progress,
    ) -> Result<Done, ControlError> {
        let services = &self.services;
        services.tools.settled().await;
        services.store.note_tools(services.tools.as_ref()).await.map_err(unavailable)?;
        let (at, begun) = (services.clock.now(), services.clock.elapsed());
        let name = &inspection.order.name;
        let (planned, person) = match wanted {
            Wanted::Planned(planned) => (Some(*planned), None),
            Wanted::By(person) => (None, Some(person.clone())),
        };
        let began = InspectionEvent::Began { inspection: name.clone(), run: at, planned, person };
        self.note(began).await.map_err(unavailable)?;
        let before = self.standings().get(name).cloned().unwrap_or_default();
        let seen = {
            let looking = std::pin::pin!(inspect::run(services, &inspection.order, &before, progress));
            let mut late = std::pin::pin!(self.late(begun));
            match select(looking, &mut late).await {
                Either::Left((seen, _)) => seen,
                Either::Right(_) => {
                    let why = format!("it was not over after {} s", WITHIN.as_secs());
                    let (inspection, run) = (name.clone(), at);
                    let interrupted = InspectionEvent::Interrupted { inspection, run, why: why.clone() };
                    self.note(interrupted).await.map_err(unavailable)?;
                    return Err(ControlError::Conflict(format!("inspection {name}: {why}")));
                }
            }
        };
        let Changes { mut new, still, gone, unseen } = before.changes(at, seen.findings, &seen.parts);
        // What is beyond the bound is not told yet; what stands already is no less found for that. What is worst is first.
        let room = changes::MOST.saturating_sub(still.len() + unseen.len()).max(changes::MOST / 10);
        let left_out = new.len().saturating_sub(room) as u64;
        new.truncate(room);
        let took_ms = u64::try_from(services.clock.elapsed().saturating_sub(begun).as_millis()).unwrap_or(u64::MAX);
        let mut run = Run {
            inspection: name.clone(),
            at,
            took_ms,
            first: before.ended.is_none(),
            new,
            still,
            unseen,
            gone,
            left_out,
            parts: seen.parts,
            summary: None,
        };
        store::inspected(&mut run);
        let mut answered: Option<Fact> = None;
        let wanted = tell::is_wanted(inspection.report, &run, before.sight);
        if inspection.summary && wanted {
            progress("asks the model for a summary");
            let asked = self.summary(&run, begun).await;
            run.summary = Some(asked.summary);
            store::inspected(&mut run);
            answered = asked.fact;
        }
        // Before the end is journaled: a run that dies in between has told, and the next finds it out.
        let report = wanted.then_some(answered);
        let incidents = self.tell(inspection, &run, report).await.map_err(unavailable)?;
        let ended = InspectionEvent::Ended {
            inspection: name.clone(),
            run: at,
            took_ms,
            new: run.new.iter().map(|one| one.finding.clone()).collect(),
            gone: run.gone.iter().map(|one| one.finding.key()).collect(),
            still: (run.still.len() + run.unseen.len()) as u64,
            parts: run.parts.clone(),
            summary: run.summary.clone(),
        };
        self.note(ended).await.map_err(unavailable)?;
        self.tally.ended(&run);
        Ok((run, incidents))
    }

    /// Asks the model within the time of the run. What is broken off may have cost something, and is counted.
    async fn summary(&self, run: &Run, begun: Duration) -> inspect::Asked {
        let asking = std::pin::pin!(inspect::summarise(&self.services, run, self.told(run)));
        let late = std::pin::pin!(self.late(begun));
        match select(asking, late).await {
            Either::Left((asked, _)) => asked,
            Either::Right(_) => {
                let reason = format!("the model had not answered when the {} s of the run were over", WITHIN.as_secs());
                let usage = Usage { calls: 1, ..Usage::default() };
                let fact = Some(Fact::ModelFailed { reason: reason.clone(), usage });
                inspect::Asked { summary: Summary::Missing(reason), fact }
            }
        }
    }

    async fn late(&self, begun: Duration) {
        // A sleep may come back early.
        loop {
            let left = (begun + WITHIN).saturating_sub(self.services.clock.elapsed());
            if left.is_zero() {
                return;
            }
            self.services.clock.sleep(left).await;
        }
    }
}
