//! What follows the clock: schedules, and who is to be heard from.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::{AGAIN, Schedules, Wanted, unavailable};
use crate::backend::ControlError;
use crate::config::{Missed, Schedule};
use crate::domain::schedule::{HEARTBEAT_MISSING, SOURCE, ScheduleEvent};
use crate::inspection::changes::is_far_ahead;
use crate::inspection::timetable::Due;
use crate::pipeline;

/// Between two looks at who is silent.
const LISTEN: Duration = Duration::from_secs(5);
/// What begins so much later than planned has been missed, where what is missed is passed over.
const LATE: SignedDuration = SignedDuration::from_secs(60);

impl Schedules {
    /// Begins to follow the clock, until [`Self::stop`].
    pub fn follow(self: &Arc<Self>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.configured.is_empty() {
            let own = Arc::clone(self);
            tasks.push(tokio::spawn(async move { own.clockwork().await }));
        }
        if !self.heartbeats.is_empty() {
            let own = Arc::clone(self);
            tasks.push(tokio::spawn(async move { own.listen().await }));
        }
    }

    /// Follows it no more. A run that is under way is broken off.
    pub fn stop(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(|task| task.abort());
    }

    async fn clockwork(self: Arc<Self>) {
        let clock = Arc::clone(&self.services.clock);
        let mut started = clock.now();
        let mut chances: BTreeMap<String, u64> = BTreeMap::new();
        loop {
            let mut pause = AGAIN;
            for schedule in &self.configured {
                let chance =
                    *chances.entry(schedule.name.clone()).or_insert_with(|| self.services.random.below(1_000_000));
                let now = clock.now();
                if is_far_ahead(started, now) {
                    started = now;
                }
                // What was never done is not missed.
                let settled = self.standings().get(&schedule.name).and_then(|one| one.settled);
                let known = settled.filter(|at| !is_far_ahead(*at, now)).unwrap_or(started);
                match schedule.timetable.due(known, now, chance) {
                    Due::Now { planned, skipped } => {
                        chances.remove(&schedule.name);
                        let due = AssertUnwindSafe(self.due(schedule, planned, skipped, now)).catch_unwind().await;
                        pause = match due {
                            Ok(Ok(())) => Duration::ZERO,
                            Ok(Err(error)) => {
                                tracing::error!(schedule = schedule.name, %error, "what is due by a schedule could not be begun");
                                AGAIN
                            }
                            Err(_) => {
                                self.broken_off(&schedule.name).await;
                                AGAIN
                            }
                        };
                        if !pause.is_zero() {
                            break;
                        }
                    }
                    Due::At(at) => pause = pause.min(crate::ports::until(now, at).max(Duration::from_millis(20))),
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
        schedule: &Schedule,
        planned: Timestamp,
        skipped: Option<(u64, Timestamp)>,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        let name = || schedule.name.clone();
        let jitter = SignedDuration::try_from(schedule.timetable.jitter).unwrap_or_default();
        let late = now.duration_since(planned) > jitter + LATE;
        if schedule.missed == Missed::Skip && late {
            let count = skipped.map_or(0, |(count, _)| count) + 1;
            tracing::warn!(schedule = schedule.name, count, "times of a schedule passed, and none is made up for");
            let event = ScheduleEvent::Skipped { schedule: name(), count, last: planned };
            return self.noted(schedule, event).await.map_err(unavailable);
        }
        if let Some((count, last)) = skipped {
            tracing::warn!(
                schedule = schedule.name,
                count,
                "times of a schedule passed; the last of them is made up for"
            );
            self.noted(schedule, ScheduleEvent::Skipped { schedule: name(), count, last })
                .await
                .map_err(unavailable)?;
        }
        let _one_at_a_time = self.busy.lock().await;
        match self.made(schedule, &Wanted::Planned(planned)).await {
            // It is journaled, told by /readyz, and comes again at its next time.
            Ok(_) | Err(ControlError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Notes that a run ended in a fault of the host. The clock goes on.
    async fn broken_off(&self, name: &str) {
        tracing::error!(schedule = name, "a run was broken off by a fault of the host; the schedules go on");
        let Some(run) = self.standings().get(name).and_then(|one| one.under_way) else { return };
        let event =
            ScheduleEvent::Failed { schedule: name.to_string(), run, why: "a fault of the host ended it".to_string() };
        if let Err(error) = self.note(event).await {
            tracing::error!(schedule = name, %error, "it could not be journaled that a run was broken off");
        }
    }

    async fn listen(self: Arc<Self>) {
        let clock = Arc::clone(&self.services.clock);
        loop {
            if let Err(error) = self.told_of_silence().await {
                tracing::error!(%error, "it could not be journaled who is silent; it is tried again");
            }
            let pause = self.heartbeats.next(clock.elapsed()).map_or(LISTEN, |next| next.min(LISTEN));
            clock.sleep(pause.max(Duration::from_millis(100))).await;
        }
    }

    /// Tells of those who have been silent for too long, and of those who are heard again.
    pub(super) async fn told_of_silence(&self) -> Result<(), crate::ports::JournalError> {
        let services = &self.services;
        let live = services.store.all();
        let own = live.iter().filter(|incident| *incident.source == *SOURCE && incident.closed.is_none());
        let firing = own.flat_map(|incident| incident.firing()).filter(|alert| alert.name == HEARTBEAT_MISSING);
        let firing: Vec<String> =
            firing.filter_map(|alert| alert.labels.get("heartbeat").map(str::to_string)).collect();
        let due = self.heartbeats.due(&firing, services.clock.now(), services.clock.elapsed(), services.language);
        if !due.is_empty() {
            pipeline::receive(services, due).await?;
        }
        Ok(())
    }
}
