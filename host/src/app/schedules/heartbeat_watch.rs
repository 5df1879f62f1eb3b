//! Looking for those who are silent and should be heard from.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::{Heartbeats, Schedules};
use crate::domain::schedule::{HEARTBEAT_MISSING, SOURCE};
use crate::pipeline::{self, Services};
use crate::ports::JournalError;

/// Between two looks at who is silent.
const LISTEN: Duration = Duration::from_secs(5);

impl Schedules {
    /// Begins to listen when all is `known`, until [`Self::stop`]: nobody can be heard before.
    pub(super) fn listen(&self, known: impl Future<Output = ()> + Send + 'static) {
        if self.heartbeats.is_empty() {
            return;
        }
        let (services, heartbeats) = (Arc::clone(&self.services), Arc::clone(&self.heartbeats));
        let task = tokio::spawn(async move {
            known.await;
            heartbeats.begin(services.clock.elapsed());
            listen(services, heartbeats).await;
        });
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Follows the clock no more. A run that is under way is broken off.
    pub fn stop(&self) {
        self.clockwork.stop();
        if let Some(task) = self.listening.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Drop for Schedules {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn listen(services: Arc<Services>, heartbeats: Arc<Heartbeats>) {
    let clock = Arc::clone(&services.clock);
    loop {
        if let Err(error) = told(&services, &heartbeats).await {
            tracing::error!(%error, "it could not be journaled who is silent; it is tried again");
        }
        let pause = heartbeats.next(clock.elapsed()).map_or(LISTEN, |next| next.min(LISTEN));
        clock.sleep(pause.max(Duration::from_millis(100))).await;
    }
}

/// Tells of those who have been silent for too long, and of those who are heard again.
async fn told(services: &Services, heartbeats: &Heartbeats) -> Result<(), JournalError> {
    let live = services.store.all();
    let own = live.iter().filter(|incident| *incident.source == *SOURCE && incident.closed.is_none());
    let firing = own.flat_map(|incident| incident.firing()).filter(|alert| alert.name == HEARTBEAT_MISSING);
    let firing: Vec<String> = firing.filter_map(|alert| alert.labels.get("heartbeat").map(str::to_string)).collect();
    let due = heartbeats.due(&firing, services.clock.now(), services.clock.elapsed(), services.language);
    if !due.is_empty() {
        pipeline::receive(services, due).await?;
    }
    Ok(())
}
