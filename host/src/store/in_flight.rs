//! What the host is doing to the world right now, so that a stop waits for it and begins nothing new.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Store;
use crate::domain::IncidentId;
use crate::ports::JournalError;

/// Changes and deliveries that have begun and are not over.
pub(super) struct InFlightEffects {
    doing: Mutex<Effects>,
    /// How many there are.
    count: watch::Sender<usize>,
    /// Counts how often the live state was read anew.
    reloads: watch::Sender<u64>,
}

#[derive(Default)]
struct Effects {
    stopping: bool,
    closed: bool,
    changing: HashSet<IncidentId>,
}

impl Default for InFlightEffects {
    fn default() -> Self {
        Self { doing: Mutex::default(), count: watch::Sender::new(0), reloads: watch::Sender::new(0) }
    }
}

impl InFlightEffects {
    fn doing(&self) -> MutexGuard<'_, Effects> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that is done to the world, for as long as this lives. Of a change it must live until the
/// result is journaled.
pub struct InFlight {
    store: Arc<InFlightEffects>,
    changes: Option<IncidentId>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(id) = &self.changes {
            self.store.doing().changing.remove(id);
        }
        self.store.count.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Store {
    /// Begins a change for an incident; none once the host stops.
    pub fn begin_change(&self, id: &IncidentId) -> Option<InFlight> {
        self.begin(Some(id.clone()))
    }

    /// Begins a delivery; none once the host stops.
    pub fn begin_delivery(&self) -> Option<InFlight> {
        self.begin(None)
    }

    fn begin(&self, changes: Option<IncidentId>) -> Option<InFlight> {
        let mut doing = self.under_way.doing();
        if doing.stopping {
            return None;
        }
        doing.changing.extend(changes.clone());
        self.under_way.count.send_modify(|count| *count += 1);
        Some(InFlight { store: Arc::clone(&self.under_way), changes })
    }

    /// Whether something is being changed for this incident, or its result is being journaled: what drives
    /// it must not be cut off.
    pub fn is_changing(&self, id: &IncidentId) -> bool {
        self.under_way.doing().changing.contains(id)
    }

    /// From now on no change and no delivery begins.
    pub fn begin_nothing(&self) {
        self.under_way.doing().stopping = true;
    }

    /// Whether the host stops.
    pub fn is_stopping(&self) -> bool {
        self.under_way.doing().stopping
    }

    /// Comes back when no change and no delivery is under way.
    pub async fn at_rest(&self) {
        // The sender lives as long as the store.
        let _ = self.under_way.count.subscribe().wait_for(|count| *count == 0).await;
    }

    /// How many changes and deliveries are under way.
    pub fn effects(&self) -> usize {
        *self.under_way.count.borrow()
    }

    /// Refuses everything from now on, for good: whatever the stop itself brings about is no fact.
    pub fn close(&self) {
        let mut doing = self.under_way.doing();
        (doing.stopping, doing.closed) = (true, true);
        drop(doing);
        self.under_way.reloads.send_modify(|count| *count += 1);
    }

    /// Whether nothing is taken any more.
    pub fn is_closed(&self) -> bool {
        self.under_way.doing().closed
    }

    /// An error once the store is closed.
    pub(super) fn open(&self) -> Result<(), JournalError> {
        if self.is_closed() {
            return Err(JournalError("tidegate is stopping; send it again when it has started anew".into()));
        }
        Ok(())
    }

    /// Comes back when the live state is read anew after a journal error, or the store is closed; at once
    /// when the journal takes entries.
    pub async fn whole_again(&self) {
        let mut reloads = self.under_way.reloads.subscribe();
        while self.broken().is_some() && !self.is_closed() {
            // The sender lives as long as the store.
            let _ = reloads.changed().await;
        }
    }

    pub(super) fn reloaded(&self) {
        self.under_way.reloads.send_modify(|count| *count += 1);
    }
}
