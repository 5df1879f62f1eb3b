//! Which messages were given up and not sent anew: an index of what the journal says, bounded.

use std::collections::BTreeMap;

use crate::domain::delivery::DeliveryState;
use crate::domain::{Incident, IncidentId};

/// Messages that are known by name; the others can be sent anew incident by incident.
const MOST: usize = 20_000;

/// Messages that were given up.
#[derive(Debug, Default)]
pub(super) struct Abandoned {
    /// By delivery: its target and its incident.
    known: BTreeMap<String, (String, IncidentId)>,
    /// By target: how many of them.
    counts: BTreeMap<String, usize>,
    /// By target, since the start.
    totals: BTreeMap<String, u64>,
}

impl Abandoned {
    /// Forgets which there are, before all are named again.
    pub fn forget(&mut self) {
        self.known.clear();
        self.counts.clear();
    }

    /// A message to a target was given up.
    pub fn gave_up(&mut self, target: &str) {
        *self.totals.entry(target.to_string()).or_default() += 1;
    }

    /// Takes in how the messages of an incident stand.
    pub fn note(&mut self, incident: &Incident) {
        for delivery in &incident.deliveries {
            let abandoned = matches!(delivery.state, DeliveryState::Abandoned { .. });
            if !abandoned {
                if self.known.remove(&delivery.id).is_some()
                    && let Some(count) = self.counts.get_mut(&delivery.target)
                {
                    *count = count.saturating_sub(1);
                }
            } else if self.known.len() < MOST && !self.known.contains_key(&delivery.id) {
                self.known.insert(delivery.id.clone(), (delivery.target.clone(), incident.id.clone()));
                *self.counts.entry(delivery.target.clone()).or_default() += 1;
            }
        }
    }

    /// Targets of which anything is known.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        let counted = self.counts.iter().filter(|(_, count)| **count > 0).map(|(target, _)| target.as_str());
        counted.chain(self.totals.keys().map(String::as_str))
    }

    /// How many messages to a target are given up and not sent anew.
    pub fn count(&self, target: &str) -> usize {
        self.counts.get(target).copied().unwrap_or(0)
    }

    /// How many were given up since the start.
    pub fn total(&self, target: &str) -> u64 {
        self.totals.get(target).copied().unwrap_or(0)
    }

    /// The incidents of messages to these targets, newest first.
    pub fn incidents(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &IncidentId> {
        self.known.values().rev().filter(move |(target, _)| wanted(target)).map(|(_, incident)| incident)
    }
}
