//! How much each silence has hidden. The record has it from time to time; in between it is counted as incidents are
//! held back.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SilenceEvent, SilenceId, Silences};
use crate::domain::incident::{Incident, IncidentId};

/// How long a count stays unrecorded at most, unless it has doubled.
const EVERY: SignedDuration = SignedDuration::from_mins(10);

/// So many incidents of a silence are told apart; those beyond may be counted twice.
const TOLD_APART: usize = 20_000;

/// How much a silence has hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Tally")]
pub struct HiddenCount {
    /// Incidents that it held back.
    pub incidents: u64,
    /// Alerts of theirs that fired then.
    pub alerts: u64,
}

#[derive(Debug, Default)]
struct SilenceCount {
    tally: HiddenCount,
    recorded: HiddenCount,
    recorded_at: Option<Timestamp>,
    /// Alerts of each incident that are counted already.
    known: HashMap<IncidentId, u64>,
}

/// How much all of them have hidden.
#[derive(Debug, Default)]
pub struct HiddenCounts(HashMap<SilenceId, SilenceCount>);

impl HiddenCounts {
    /// Takes in what the record says.
    pub fn restore(&mut self, event: &SilenceEvent, at: Timestamp) {
        if let SilenceEvent::Hid { id, tally } = event {
            let one = self.0.entry(id.clone()).or_default();
            (one.tally, one.recorded, one.recorded_at) = (*tally, *tally, Some(at));
        }
    }

    /// Takes in an incident of which the record has all: what was held back before the last count is in it.
    pub fn adopt(&mut self, incident: &Incident) {
        let Some(id) = incident.silenced_by() else { return };
        let one = self.0.entry(SilenceId(id.into())).or_default();
        if incident.deciding.held_since.zip(one.recorded_at).is_some_and(|(since, recorded)| since <= recorded) {
            one.known.insert(incident.id.clone(), incident.firing_count() as u64);
        } else {
            one.note(incident);
        }
    }

    /// Takes in how an incident stands.
    pub fn note(&mut self, incident: &Incident) {
        if let Some(id) = incident.silenced_by() {
            self.0.entry(SilenceId(id.into())).or_default().note(incident);
        }
    }

    /// How much a silence has hidden so far.
    pub fn of(&self, id: &SilenceId) -> HiddenCount {
        self.0.get(id).map(|one| one.tally).unwrap_or_default()
    }

    /// What should be recorded now.
    pub fn due(&self, now: Timestamp) -> Vec<SilenceEvent> {
        let due = self.0.iter().filter(|(_, one)| {
            let doubled = one.tally.alerts >= one.recorded.alerts.saturating_mul(2);
            let long_ago = one.recorded_at.is_none_or(|at| now.duration_since(at) >= EVERY);
            one.tally != one.recorded && (doubled || long_ago)
        });
        due.map(|(id, one)| SilenceEvent::Hid { id: id.clone(), tally: one.tally }).collect()
    }

    /// Forgets silences that nobody remembers.
    pub fn keep(&mut self, silences: &Silences) {
        self.0.retain(|id, _| silences.get(&id.0).is_some());
    }
}

impl SilenceCount {
    fn note(&mut self, incident: &Incident) {
        let alerts = incident.firing_count() as u64;
        let known = match self.known.get_mut(&incident.id) {
            Some(known) => known,
            None => {
                if self.known.len() >= TOLD_APART {
                    self.known.clear();
                }
                self.tally.incidents += 1;
                self.known.entry(incident.id.clone()).or_default()
            }
        };
        self.tally.alerts += alerts.saturating_sub(*known);
        *known = alerts.max(*known);
    }
}
