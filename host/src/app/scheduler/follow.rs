//! What follows the timetables.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::{AGAIN, Job, Scheduler, Trigger, unavailable};
use crate::backend::ControlError;
use crate::config::MissedRuns;
use crate::domain::job::{JobEvent, is_far_ahead};
use crate::inspection::timetable::{Due, Timetable};
use crate::ports::remaining;

/// What begins so much later than planned has been missed, where what is missed is passed over.
const LATE: SignedDuration = SignedDuration::from_secs(60);

impl<J: Job> Scheduler<J> {
    /// Reads what the journal says of earlier runs as soon as all is `known` that runs rest on, however often that takes, and
    /// then follows the timetables, until [`Self::stop`].
    pub fn begin(self: &Arc<Self>, known: impl Future<Output = ()> + Send + 'static) {
        let (own, clock) = (Arc::downgrade(self), Arc::clone(&self.services.clock));
        let task = tokio::spawn(async move {
            known.await;
            loop {
                let Some(own) = own.upgrade() else { return };
                match own.restore().await {
                    Ok(()) => return own.follow(),
                    Err(error) => tracing::error!(
                        %error,
                        "no {} is made yet: what the journal says of them cannot be read; it is tried again",
                        J::WORD
                    ),
                }
                drop(own);
                clock.sleep(AGAIN).await;
            }
        });
        self.tasks().push(task);
    }

    /// Begins to follow the timetables, until [`Self::stop`].
    pub fn follow(self: &Arc<Self>) {
        if self.configured.iter().all(|one| J::timetable(one).is_none()) {
            return;
        }
        let whole = 0..self.configured.len();
        let parts: Vec<Range<usize>> = if J::APART { whole.map(|n| n..n + 1).collect() } else { vec![whole] };
        let follow = |part| {
            let own = Arc::clone(self);
            tokio::spawn(async move { own.clockwork(part).await })
        };
        self.tasks().extend(parts.into_iter().map(follow));
    }

    /// Follows none any more. A run that is under way is broken off.
    pub fn stop(&self) {
        for task in self.tasks().drain(..) {
            task.abort();
        }
    }

    async fn clockwork(self: Arc<Self>, part: Range<usize>) {
        let clock = Arc::clone(&self.services.clock);
        let mut started = clock.now();
        let mut chances: BTreeMap<&str, u64> = BTreeMap::new();
        loop {
            let mut pause = AGAIN;
            for order in self.configured.get(part.clone()).unwrap_or_default() {
                let (name, Some(timetable)) = (J::name(order), J::timetable(order)) else { continue };
                let chance = *chances.entry(name).or_insert_with(|| self.services.random.below(1_000_000));
                let now = clock.now();
                if is_far_ahead(started, now) {
                    started = now;
                }
                // What was never done is not missed.
                let known = J::runs(&self.state(name)).settled_until(now).unwrap_or(started);
                match timetable.due(known, now, chance) {
                    Due::Now { planned, skipped } => {
                        chances.remove(name);
                        let due = self.due(order, timetable, planned, skipped);
                        pause = match AssertUnwindSafe(due).catch_unwind().await {
                            Ok(Ok(())) => Duration::ZERO,
                            Ok(Err(error)) => {
                                tracing::error!(kind = J::WORD, job = name, %error, "what is due could not be begun");
                                AGAIN
                            }
                            Err(_) => {
                                self.broken_off(name).await;
                                AGAIN
                            }
                        };
                        if !pause.is_zero() {
                            break;
                        }
                    }
                    Due::At(at) => pause = pause.min(remaining(now, at).max(Duration::from_millis(20))),
                    Due::Never => {}
                }
            }
            if !pause.is_zero() {
                clock.sleep(pause).await;
            }
        }
    }

    async fn due(
        &self,
        order: &J::Order,
        timetable: &Timetable,
        planned: Timestamp,
        skipped: Option<(u64, Timestamp)>,
    ) -> Result<(), ControlError> {
        let name = J::name(order);
        let skip = |count, last| JobEvent::Skipped { job: name.to_string(), count, last };
        let jitter = SignedDuration::try_from(timetable.jitter).unwrap_or_default();
        let late = self.services.clock.now().duration_since(planned) > jitter + LATE;
        if J::missed(order) == MissedRuns::Skip && late {
            let count = skipped.map_or(0, |(count, _)| count) + 1;
            tracing::warn!(kind = J::WORD, job = name, count, "moments passed, and none is made up for");
            return self.noted(order, skip(count, planned)).await.map_err(unavailable);
        }
        if let Some((count, last)) = skipped {
            tracing::warn!(kind = J::WORD, job = name, count, "moments passed; the last of them is made up for");
            self.noted(order, skip(count, last)).await.map_err(unavailable)?;
        }
        let _one_at_a_time = self.busy(name).lock().await;
        match self.made(order, Trigger::Planned(planned), &|_| {}).await {
            // It is journaled that it failed, and it comes again at its next time.
            Ok(_) | Err(ControlError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Notes that a run ended in a fault of the host. The clock goes on.
    async fn broken_off(&self, name: &str) {
        tracing::error!(kind = J::WORD, job = name, "a run was broken off by a fault of the host; the others go on");
        let _one_at_a_time = self.busy(name).lock().await;
        let Some(run) = J::runs(&self.state(name)).under_way else { return };
        let (job, why) = (name.to_string(), "a fault of the host ended it".to_string());
        if let Err(error) = self.note(JobEvent::Failed { job, run, why }).await {
            tracing::error!(kind = J::WORD, job = name, %error, "it could not be journaled that a run was broken off");
        }
    }
}

impl<J: Job> Drop for Scheduler<J> {
    fn drop(&mut self) {
        self.stop();
    }
}
