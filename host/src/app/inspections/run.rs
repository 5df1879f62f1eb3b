//! One run from its beginning to its end.

use std::time::Duration;

use jiff::Timestamp;

use super::{Finished, InspectionJob, tell};
use crate::app::scheduler::wait_for_result;
use crate::backend::Progress;
use crate::config::Inspection;
use crate::domain::Fact;
use crate::domain::entry::Usage;
use crate::domain::inspection::{InspectionResult, Run, Summary};
use crate::inspection::changes::{self, Changes, TrackedFindings};
use crate::pipeline::inspect;
use crate::ports::JournalError;
use crate::store;

/// How long one run may take.
const WITHIN: Duration = Duration::from_secs(900);

impl InspectionJob {
    /// The run that began at this moment, and what the journal keeps of it.
    pub(super) async fn inspect(
        &self,
        inspection: &Inspection,
        at: Timestamp,
        before: TrackedFindings,
        progress: &Progress,
    ) -> Result<(InspectionResult, Finished), String> {
        let unavailable = |error: JournalError| error.to_string();
        let services = &self.services;
        services.tools.settled().await;
        services.store.note_tools(services.tools.as_ref()).await.map_err(unavailable)?;
        let begun = services.clock.elapsed();
        let name = &inspection.order.name;
        let looking = inspect::run(services, &inspection.order, &before, progress);
        let late = || format!("it was not over after {} s", WITHIN.as_secs());
        let seen = wait_for_result(services.clock.as_ref(), begun, WITHIN, looking).await.ok_or_else(late)?;
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
            first: before.runs.ended.is_none(),
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
        let ended = InspectionResult {
            took_ms,
            new: run.new.iter().map(|one| one.finding.clone()).collect(),
            gone: run.gone.iter().map(|one| one.finding.key()).collect(),
            still: (run.still.len() + run.unseen.len()) as u64,
            parts: run.parts.clone(),
            summary: run.summary.clone(),
        };
        let (new, still, gone) = (run.new.len(), run.still.len(), run.gone.len());
        tracing::info!(inspection = run.inspection, new, still, gone, took_ms, "inspected");
        Ok((ended, (run, incidents)))
    }

    /// Asks the model within the time of the run. What is broken off may have cost something, and is counted.
    async fn summary(&self, run: &Run, begun: Duration) -> inspect::SummaryReply {
        let asking = inspect::summarise(&self.services, run, self.told(run));
        wait_for_result(self.services.clock.as_ref(), begun, WITHIN, asking).await.unwrap_or_else(|| {
            let reason = format!("the model had not answered when the {} s of the run were over", WITHIN.as_secs());
            let usage = Usage { calls: 1, ..Usage::default() };
            let fact = Some(Fact::ModelFailed { reason: reason.clone(), usage });
            inspect::SummaryReply { summary: Summary::Missing(reason), fact }
        })
    }
}
