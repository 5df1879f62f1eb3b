//! One run from its beginning to its end.

use std::time::Duration;

use futures::future::{Either, select};

use super::{Schedules, Wanted, unavailable};
use crate::backend::ControlError;
use crate::config::{Does, Raised, Schedule};
use crate::domain::schedule::{SOURCE, ScheduleEvent};
use crate::domain::{Alert, Labels, Person, Status};
use crate::pipeline;

/// How long one run may take.
const WITHIN: Duration = Duration::from_secs(60);

impl Schedules {
    /// Makes a run now; what came of it, in a sentence.
    ///
    /// # Errors
    /// When there is none of that name, another run is under way, it fails, or the journal takes nothing.
    pub async fn run(&self, name: &str, by: Person) -> Result<String, ControlError> {
        let Some(schedule) = self.configured.iter().find(|one| one.name == name) else {
            let names: Vec<&str> = self.configured.iter().map(|one| one.name.as_str()).collect();
            let known = match names.as_slice() {
                [] => "the configuration has no [[schedule]]".to_string(),
                names => format!("there are {}", names.join(", ")),
            };
            return Err(ControlError::NotFound(format!("there is no schedule {name:?}; {known}")));
        };
        let Ok(_one_at_a_time) = self.busy.try_lock() else {
            return Err(ControlError::Conflict("another schedule is being run; wait until it has ended".into()));
        };
        self.made(schedule, &Wanted::By(by)).await
    }

    /// One run, while no other is made.
    pub(super) async fn made(&self, schedule: &Schedule, wanted: &Wanted) -> Result<String, ControlError> {
        let run = self.services.clock.now();
        let name = || schedule.name.clone();
        let (planned, person) = match wanted {
            Wanted::Planned(planned) => (Some(*planned), None),
            Wanted::By(person) => (None, Some(person.clone())),
        };
        self.noted(schedule, ScheduleEvent::Began { schedule: name(), run, planned, person })
            .await
            .map_err(unavailable)?;
        let doing = std::pin::pin!(self.done(schedule));
        let late = std::pin::pin!(self.late());
        let done = match select(doing, late).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => Err(format!("it was not over after {} s", WITHIN.as_secs())),
        };
        match done {
            Ok(outcome) => {
                match schedule.does {
                    Does::Ping(_) => tracing::debug!(schedule = schedule.name, outcome, "an address was called"),
                    _ => tracing::info!(schedule = schedule.name, outcome, "a schedule was run"),
                }
                let ended = ScheduleEvent::Ended { schedule: name(), run, outcome: outcome.clone() };
                self.noted(schedule, ended).await.map_err(unavailable)?;
                Ok(outcome)
            }
            Err(why) => {
                tracing::error!(schedule = schedule.name, why, "a run of a schedule failed");
                let failed = ScheduleEvent::Failed { schedule: name(), run, why: why.clone() };
                self.noted(schedule, failed).await.map_err(unavailable)?;
                Err(ControlError::Conflict(format!("schedule {}: {why}", schedule.name)))
            }
        }
    }

    async fn late(&self) {
        let (clock, begun) = (&self.services.clock, self.services.clock.elapsed());
        // A sleep may come back early.
        loop {
            let left = (begun + WITHIN).saturating_sub(clock.elapsed());
            if left.is_zero() {
                return;
            }
            clock.sleep(left).await;
        }
    }

    async fn done(&self, schedule: &Schedule) -> Result<String, String> {
        match &schedule.does {
            Does::Digest { within } => self.digest(&schedule.name, *within).await,
            Does::Alert(raised) => self.raise(&schedule.name, raised).await,
            Does::Findings(findings) => self.find(&schedule.name, findings).await,
            Does::Ping(ping) => self.pings.call(&schedule.name, ping).await,
        }
    }

    /// Raises an alert that is an incident of its own, for rules to decide about.
    async fn raise(&self, name: &str, raised: &Raised) -> Result<String, String> {
        let now = self.services.clock.now();
        let mut labels: Labels = raised.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let run = now.to_string();
        labels.extend([
            ("alertname", raised.name.as_str()),
            ("schedule", name),
            ("severity", raised.severity.as_str()),
            ("run", run.as_str()),
        ]);
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
