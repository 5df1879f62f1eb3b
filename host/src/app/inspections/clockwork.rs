//! What follows the schedules.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;

use super::{AGAIN, Inspections, Wanted, unavailable};
use crate::backend::ControlError;
use crate::config::Inspection;
use crate::domain::inspection::InspectionEvent;
use crate::inspection::changes;
use crate::inspection::timetable::Due;

impl Inspections {
    /// Begins to follow the schedules, until [`Self::stop`].
    pub fn follow(self: &Arc<Self>) {
        if self.configured.iter().all(|one| one.timetable.is_none()) {
            return;
        }
        let own = Arc::clone(self);
        let task = tokio::spawn(async move { own.clockwork().await });
        *self.clockwork.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Follows no schedule any more. A run that is under way is broken off.
    pub fn stop(&self) {
        if let Some(task) = self.clockwork.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    async fn clockwork(self: Arc<Self>) {
        let clock = Arc::clone(&self.services.clock);
        let mut started = clock.now();
        let mut chances: BTreeMap<String, u64> = BTreeMap::new();
        loop {
            let mut pause = AGAIN;
            for inspection in &self.configured {
                let (name, Some(timetable)) = (&inspection.order.name, &inspection.timetable) else { continue };
                let random = &self.services.random;
                let chance = *chances.entry(name.clone()).or_insert_with(|| random.below(1_000_000));
                // What was never made is not missed.
                let now = clock.now();
                if changes::is_far_ahead(started, now) {
                    started = now;
                }
                let known = self.standings().get(name).and_then(|one| one.settled_until(now)).unwrap_or(started);
                match timetable.due(known, now, chance) {
                    Due::Now { planned, skipped } => {
                        chances.remove(name);
                        let due = AssertUnwindSafe(self.due(inspection, planned, skipped)).catch_unwind().await;
                        let Ok(begun) = due else {
                            self.broken_off(name).await;
                            pause = AGAIN;
                            break;
                        };
                        pause = Duration::ZERO;
                        if let Err(error) = begun {
                            tracing::error!(inspection = name, %error, "an inspection that is due could not be made");
                            pause = AGAIN;
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

    /// Notes that a run ended in a fault of the host. The schedules go on.
    async fn broken_off(&self, name: &str) {
        tracing::error!(inspection = name, "a run was broken off by a fault of the host; the schedules go on");
        let _one_at_a_time = self.busy.lock().await;
        let Some(run) = self.standings().get(name).and_then(|one| one.under_way) else { return };
        let why = "a fault of the host ended it".to_string();
        let interrupted = InspectionEvent::Interrupted { inspection: name.to_string(), run, why };
        if let Err(error) = self.note(interrupted).await {
            tracing::error!(inspection = name, %error, "it could not be journaled that a run was broken off");
        }
    }

    async fn due(
        self: &Arc<Self>,
        inspection: &Inspection,
        planned: Timestamp,
        skipped: Option<(u64, Timestamp)>,
    ) -> Result<(), ControlError> {
        if let Some((count, last)) = skipped {
            let name = inspection.order.name.clone();
            tracing::warn!(inspection = name, count, "times of an inspection passed; the last of them is made up for");
            self.note(InspectionEvent::Skipped { inspection: name, count, last }).await.map_err(unavailable)?;
        }
        let _one_at_a_time = self.busy.lock().await;
        match self.made(inspection, &Wanted::Planned(planned), &|_| {}).await {
            Ok((run, _)) => {
                let (new, still, gone) = (run.new.len(), run.still.len(), run.gone.len());
                tracing::info!(inspection = run.inspection, new, still, gone, took_ms = run.took_ms, "inspected");
                Ok(())
            }
            // It is journaled as begun, and comes again at its next time.
            Err(ControlError::Conflict(why)) => {
                tracing::error!(inspection = inspection.order.name, why, "an inspection was broken off");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
