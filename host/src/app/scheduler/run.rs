//! One run from its beginning to its end.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};

use super::{Job, Scheduler, Trigger, unavailable};
use crate::backend::{ControlError, Progress};
use crate::domain::Person;
use crate::domain::job::JobEvent;
use crate::ports::Clock;

impl<J: Job> Scheduler<J> {
    /// Makes a run now.
    ///
    /// # Errors
    /// When there is none of that name, another run is under way, it fails, or the journal takes nothing.
    pub fn run<'a>(
        &'a self,
        name: &'a str,
        by: Person,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<J::Done, ControlError>> {
        self.asked(name, by, progress).boxed()
    }

    async fn asked(&self, name: &str, by: Person, progress: &Progress) -> Result<J::Done, ControlError> {
        let word = J::WORD;
        let Some(order) = self.configured.iter().find(|one| J::name(one) == name) else {
            let names: Vec<&str> = self.configured.iter().map(J::name).collect();
            let known = match names.as_slice() {
                [] => format!("the configuration has no [[{word}]]"),
                names => format!("there are {}", names.join(", ")),
            };
            return Err(ControlError::NotFound(format!("there is no {word} {name:?}; {known}")));
        };
        let Ok(_one_at_a_time) = self.busy(name).try_lock() else {
            let which = if J::APART { "this" } else { "another" };
            return Err(ControlError::Conflict(format!("{which} {word} is under way; wait until it has ended")));
        };
        self.made(order, Trigger::Person(by), progress).await
    }

    /// One run, while no other is made.
    pub(super) async fn made(
        &self,
        order: &J::Order,
        wanted: Trigger,
        progress: &Progress,
    ) -> Result<J::Done, ControlError> {
        let (name, run) = (J::name(order), self.services.clock.now());
        let job = || name.to_string();
        let (planned, person) = match wanted {
            Trigger::Planned(planned) => (Some(planned), None),
            Trigger::Person(person) => (None, Some(person)),
        };
        self.noted(order, JobEvent::Began { job: job(), run, planned, person }).await.map_err(unavailable)?;
        match self.job.make(order, run, self.state(name), progress).await {
            Ok((end, done)) => {
                self.noted(order, JobEvent::Ended { job: job(), run, end }).await.map_err(unavailable)?;
                Ok(done)
            }
            Err(why) => {
                tracing::error!(kind = J::WORD, job = name, why, "a run failed");
                let failed = JobEvent::Failed { job: job(), run, why: why.clone() };
                self.noted(order, failed).await.map_err(unavailable)?;
                Err(ControlError::Conflict(format!("{} {name}: {why}", J::WORD)))
            }
        }
    }
}

/// What comes of it within so long since `begun`; none where it is not over by then.
pub async fn wait_for_result<T>(
    clock: &dyn Clock,
    begun: Duration,
    limit: Duration,
    doing: impl Future<Output = T>,
) -> Option<T> {
    let late = async {
        // A sleep may come back early.
        loop {
            let left = (begun + limit).saturating_sub(clock.elapsed());
            if left.is_zero() {
                return;
            }
            clock.sleep(left).await;
        }
    };
    match select(std::pin::pin!(doing), std::pin::pin!(late)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
