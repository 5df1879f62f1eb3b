//! One run from its beginning to its end.

use std::time::Duration;

use jiff::Timestamp;

use super::ScheduleJob;
use crate::app::scheduler::wait_for_result;
use crate::config::{Schedule, ScheduleAction, ScheduledAlert};
use crate::domain::schedule::{SOURCE, ScheduleResult};
use crate::domain::subject::cluster_label;
use crate::domain::{Alert, Labels, Status};
use crate::pipeline;

/// How long one run may take.
const WITHIN: Duration = Duration::from_secs(60);

impl ScheduleJob {
    /// Does what a schedule does; what came of it, in a sentence, for the journal and for whoever asked.
    pub(super) async fn done(&self, schedule: &Schedule, now: Timestamp) -> Result<(ScheduleResult, String), String> {
        let clock = self.services.clock.as_ref();
        let doing = async {
            match &schedule.does {
                ScheduleAction::Digest { within } => self.digest(&schedule.name, *within).await,
                ScheduleAction::Alert(raised) => self.raise(&schedule.name, raised, now).await,
                ScheduleAction::Findings(findings) => self.find(&schedule.name, findings).await,
                ScheduleAction::Ping(ping) => self.pings.call(&schedule.name, ping).await,
            }
        };
        let done = wait_for_result(clock, clock.elapsed(), WITHIN, doing).await;
        let outcome = done.unwrap_or_else(|| Err(format!("it was not over after {} s", WITHIN.as_secs())))?;
        match schedule.does {
            ScheduleAction::Ping(_) => tracing::debug!(schedule = schedule.name, outcome, "an address was called"),
            _ => tracing::info!(schedule = schedule.name, outcome, "a schedule was run"),
        }
        Ok((ScheduleResult { outcome: outcome.clone() }, outcome))
    }

    /// Raises an alert that is an incident of its own, for rules to decide about.
    async fn raise(&self, name: &str, raised: &ScheduledAlert, now: Timestamp) -> Result<String, String> {
        let mut labels: Labels = raised.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let run = now.to_string();
        labels.extend([
            ("alertname", raised.name.as_str()),
            ("schedule", name),
            ("severity", raised.severity.as_str()),
            ("run", run.as_str()),
        ]);
        // As of what comes in: it may propose changes, and no other incident about the same object does meanwhile.
        if let Some(cluster) = self.services.tools.catalogue().clusters.only()
            && cluster_label(&labels).is_none()
        {
            labels.insert("cluster", cluster);
        }
        let annotations = [("summary", raised.summary.as_str())].into_iter().filter(|(_, text)| !text.is_empty());
        let alert = Alert {
            source: SOURCE.into(),
            name: raised.name.clone(),
            status: Status::Firing,
            severity: raised.severity,
            labels,
            annotations: annotations.collect(),
            starts_at: Some(now),
            ends_at: None,
            fingerprint: format!("{name} {run}"),
            link: None,
        };
        let received = pipeline::receive(&self.services, vec![alert]).await.map_err(|error| error.to_string())?;
        let told: Vec<String> = received.incidents.iter().map(ToString::to_string).collect();
        Ok(format!("{} is incident {}", raised.name, told.join(", ")))
    }
}
