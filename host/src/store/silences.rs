//! The silences in force, and what they have to do with live incidents.

use std::sync::Arc;

use super::Store;
use crate::domain::matcher::Matcher;
use crate::domain::silence::{HiddenCount, Preview};
use crate::domain::{Access, Incident, IncidentId, Silence, SilenceEvent, SilenceId, Silences};

impl Store {
    /// All silences that are remembered.
    pub fn silences(&self) -> Arc<Silences> {
        Arc::clone(self.live().history.silences())
    }

    /// How much a silence has hidden so far.
    pub fn hidden_by(&self, id: &SilenceId) -> HiddenCount {
        self.live().hidden.of(id)
    }

    /// What these matchers cover of what fires now, as somebody sees it.
    pub fn preview(&self, matchers: &[Matcher], access: &Access) -> Preview {
        let incidents = self.all();
        Preview::of(matchers, &incidents, access)
    }

    /// How much silences have hidden that the record does not have yet. Forgets silences that nobody remembers.
    pub fn uncounted(&self) -> Vec<SilenceEvent> {
        let mut live = self.live();
        let silences = Arc::clone(live.history.silences());
        live.hidden.keep(&silences);
        live.hidden.due(self.clock.now())
    }

    /// Has all incidents looked after that a silence has anything to do with.
    pub fn wake_covered(&self, silence: &Silence) {
        let concerned = |incident: &Arc<Incident>| incident.firing().any(|alert| silence.covers(alert));
        let ids: Vec<IncidentId> =
            self.all().iter().filter(|incident| concerned(incident)).map(|incident| incident.id.clone()).collect();
        ids.iter().for_each(|id| self.wake(id));
    }
}
