//! An incident whose handling has panicked is looked after again, a bounded number of times; then a person
//! gets it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;

use super::Runner;
use crate::domain::{Fact, IncidentId, Outcome};

/// How often the same incident may panic in a row before a person gets it.
const ATTEMPTS: u32 = 3;
/// How often more before it is left alone until something happens to it.
const MORE: u32 = 3;
/// Pause before the first further attempt; each one more doubles it.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

impl Runner {
    pub(super) fn note_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) async fn after_panic(self: &Arc<Self>, id: &IncidentId) {
        self.note_panic();
        let count = {
            let mut state = self.state();
            let count = state.panicked.entry(id.clone()).or_default();
            *count += 1;
            *count
        };
        tracing::error!(incident = %id, count, "a fault in tidegate itself broke off the handling of the incident");
        if count == ATTEMPTS {
            self.give_to_a_person(id).await;
        }
        if count >= ATTEMPTS + MORE {
            tracing::error!(incident = %id, "it is left alone until something happens to it");
            self.state().panicked.remove(id);
            return;
        }
        let pause = PAUSE.saturating_mul(2_i32.saturating_pow(count.min(16)));
        let now = self.services.clock.now();
        self.set_timer(now.saturating_add(pause).unwrap_or(jiff::Timestamp::MAX), id);
    }

    async fn give_to_a_person(self: &Arc<Self>, id: &IncidentId) {
        let open = self.services.store.get(id).filter(|incident| incident.conclusion.is_none());
        let Some(incident) = open else { return };
        let reason = "a fault in tidegate itself broke off the handling again and again; its log says where";
        let fact = Fact::Concluded { outcome: Outcome::NeedsPerson, reason: reason.into() };
        if self.services.store.append_behind(&incident, vec![fact]).await.is_err() {
            self.revive();
        }
    }
}
