//! Who hears of all that the store takes: what counts it, and what waits for somebody to be heard from.

use std::sync::Arc;
use std::time::Duration;

use super::metrics::IncidentMetrics;
use super::schedules::Heartbeats;
use crate::domain::{Alert, Entry, Incident};
use crate::ports::{Clock, Observer};

/// All of them.
pub struct Observers {
    handled: Arc<IncidentMetrics>,
    heartbeats: Arc<Heartbeats>,
    clock: Arc<dyn Clock>,
}

impl Observers {
    /// These.
    pub fn new(handled: Arc<IncidentMetrics>, heartbeats: Arc<Heartbeats>, clock: Arc<dyn Clock>) -> Self {
        Self { handled, heartbeats, clock }
    }
}

impl Observer for Observers {
    fn heard(&self, alerts: &[Alert]) {
        if !self.heartbeats.is_empty() {
            let heard = self.heartbeats.of(alerts);
            self.heartbeats.heard(&heard, self.clock.now(), self.clock.elapsed());
        }
    }

    fn noted(&self, incident: &Incident, entry: &Entry) {
        self.handled.noted(incident, entry);
    }

    fn appended(&self, took: Duration) {
        self.handled.appended(took);
    }
}
