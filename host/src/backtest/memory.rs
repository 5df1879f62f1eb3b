//! The past as it was known at each moment of a replay.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::history::{Active, Past};
use crate::domain::{History, Incident, IncidentId};

/// How far back policies can count.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Entries that are forgotten at once: moving the rest costs more than keeping a few.
const AT_ONCE: usize = 4096;

/// All incidents opened so far, as data for policies. Kept up entry by entry, for a journal may hold
/// a hundred thousand incidents and a decision may not cost as many steps.
#[derive(Debug, Default)]
pub struct Memory {
    history: Arc<History>,
    /// Place of each incident in the past, counted from the very first.
    places: HashMap<IncidentId, usize>,
    /// How many were forgotten.
    forgotten: usize,
}

impl Memory {
    /// What is known now.
    pub fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// Takes in how an incident stands; `alerts` says whether they may have changed.
    pub fn note(&mut self, incident: &Incident, alerts: bool) {
        let history = Arc::make_mut(&mut self.history);
        match self.places.get(&incident.id).and_then(|place| place.checked_sub(self.forgotten)) {
            Some(place) => {
                if let Some(past) = history.past.get_mut(place) {
                    *past = Past::of(incident);
                }
            }
            None if self.places.contains_key(&incident.id) => {}
            None => {
                self.places.insert(incident.id.clone(), self.forgotten + history.past.len());
                history.past.push(Past::of(incident));
            }
        }
        if alerts {
            history.active.retain(|active| active.incident != incident.id);
            history.active.extend(Active::of(incident));
        }
        self.forget(incident.updated_at);
    }

    fn forget(&mut self, now: Timestamp) {
        let from = now.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let history = Arc::make_mut(&mut self.history);
        if history.past.get(AT_ONCE).is_some_and(|past| past.opened_at < from) {
            history.past.drain(..AT_ONCE);
            self.forgotten += AT_ONCE;
            let forgotten = self.forgotten;
            self.places.retain(|_, place| *place >= forgotten);
        }
    }
}
