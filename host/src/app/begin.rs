//! What a host that serves begins, once all is known that it rests on, and how that ends.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{join, join_all};

use super::{App, bus};

/// What came last before a stop has so long at least to be sent on.
const SHORTEST: Duration = Duration::from_secs(1);

impl App {
    /// Begins all that goes on by itself: what follows the clock, clusters and buses. No other command does.
    pub(super) fn begin(self: &Arc<Self>) {
        let known = || {
            let restoration = Arc::clone(&self.restoration);
            async move { restoration.done().await }
        };
        self.inspections.begin(known());
        self.schedules.begin(known);
        self.watches.begin();
        self.begin_buses();
    }

    fn begin_buses(&self) {
        for bus in &self.buses {
            let taking = bus::Taking {
                services: Arc::clone(&self.services),
                events: Arc::clone(&self.events),
                sources: Arc::clone(&self.sources),
                restoration: Arc::clone(&self.restoration),
                journal: Arc::clone(&self.records.journal),
                runner: Arc::downgrade(&self.runner),
                buses: self.buses.clone(),
                counters: Arc::clone(&self.counters),
            };
            let store = Arc::clone(&self.services.store);
            let record = bus::Entries { journal: Arc::clone(&self.records.journal), store };
            bus.start(Arc::new(taking), Arc::new(record));
        }
    }

    /// Waits for what is under way, and for events that are to be sent on, as long as a stop may last.
    pub(super) async fn winds_down(&self) {
        let since = self.services.clock.elapsed();
        self.stopping_since.get_or_init(|| since);
        join(self.runner.wind_down(self.stop_timeout), self.sends_on()).await;
    }

    /// Waits until buses have what is to be sent on, as long as a stop may last.
    async fn sends_on(&self) {
        let now = self.services.clock.elapsed();
        let since = self.stopping_since.get().copied().unwrap_or(now);
        let left = self.stop_timeout.saturating_sub(now.saturating_sub(since)).max(SHORTEST);
        let drained = join_all(self.buses.iter().map(|bus| bus.drain_forwards()));
        // What has not arrived by then, the bus says itself.
        let _ = tokio::time::timeout(left, drained).await;
    }

    pub(super) async fn stops(&self) {
        if !self.services.store.is_stopping() {
            self.winds_down().await;
        }
        // Alerts were taken until now.
        self.sends_on().await;
        // What was read and is not taken is whoever's that reads next.
        join_all(self.buses.iter().map(|bus| bus.return_unacknowledged())).await;
        // Servers that end break off what still calls them, and nothing of that is a fact.
        self.services.store.close();
        self.ends();
        join_all(self.buses.iter().map(|bus| bus.save_sent_forwards())).await;
        self.servers.shutdown().await;
    }

    /// Ends all that goes on by itself.
    fn ends(&self) {
        self.inspections.stop();
        self.schedules.stop();
        self.watches.stop();
        self.buses.iter().for_each(|bus| bus.stop());
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.ends();
    }
}
