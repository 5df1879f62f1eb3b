//! One run from its beginning to its end.

use std::time::Duration;

use futures::future::{Either, select};

use super::{Schedules, Wanted, unavailable};
use crate::backend::ControlError;
use crate::config::{Does, Schedule};
use crate::domain::Person;
use crate::domain::schedule::ScheduleEvent;

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
        self.note(ScheduleEvent::Began { schedule: name(), run, planned, person }).await.map_err(unavailable)?;
        let doing = std::pin::pin!(self.done(schedule));
        let late = std::pin::pin!(self.services.clock.sleep(WITHIN));
        let done = match select(doing, late).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => Err(format!("it was not over after {} s", WITHIN.as_secs())),
        };
        match done {
            Ok(outcome) => {
                tracing::info!(schedule = schedule.name, outcome, "a schedule was run");
                let ended = ScheduleEvent::Ended { schedule: name(), run, outcome: outcome.clone() };
                self.note(ended).await.map_err(unavailable)?;
                Ok(outcome)
            }
            Err(why) => {
                tracing::error!(schedule = schedule.name, why, "a run of a schedule failed");
                let failed = ScheduleEvent::Failed { schedule: name(), run, why: why.clone() };
                self.note(failed).await.map_err(unavailable)?;
                Err(ControlError::Conflict(format!("schedule {}: {why}", schedule.name)))
            }
        }
    }

    async fn done(&self, schedule: &Schedule) -> Result<String, String> {
        match &schedule.does {
            Does::Digest { within } => self.digest(&schedule.name, *within).await,
            Does::Findings(findings) => self.find(&schedule.name, findings).await,
            Does::Ping(ping) => self.pings.call(&schedule.name, ping).await,
        }
    }
}
