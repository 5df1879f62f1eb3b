//! The live incidents and how far the journal is behind them.

use std::collections::HashMap;
use std::sync::Arc;

use super::listing::Listing;
use super::shared::Shared;
use crate::domain::silence::HiddenCounts;
use crate::domain::{History, Incident, IncidentId};
use crate::pipeline::correlate::Index;

/// What is live.
#[derive(Default)]
pub(super) struct Live {
    pub incidents: HashMap<IncidentId, Arc<Incident>>,
    pub index: Index,
    pub listing: Listing,
    pub shared: Shared,
    pub history: History,
    /// How much silences have hidden.
    pub hidden: HiddenCounts,
    pub repeats: HashMap<IncidentId, u64>,
    /// Incidents that wait for another one, by that one.
    pub blocked: HashMap<IncidentId, Vec<IncidentId>>,
    /// Appends so far, and how many of them are durable: they become so in their order.
    pub appends: u64,
    pub durable: u64,
    /// The last append of each incident of which not everything is durable: a repeat of an alert waits for it.
    pub written: HashMap<IncidentId, u64>,
    /// Entries of the host's own stream.
    pub control: u64,
    pub seen: u64,
    /// How often the live state was read anew: what was written before concerns another state.
    pub generation: u64,
}

/// The place of an append among all.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub generation: u64,
    pub append: u64,
}

impl Live {
    /// Takes in that everything up to this append is durable, which these incidents waited for.
    pub fn durable(&mut self, append: u64, ids: &[IncidentId]) {
        self.durable = self.durable.max(append);
        for id in ids {
            if self.written.get(id).is_some_and(|written| *written <= self.durable) {
                self.written.remove(id);
            }
        }
    }

    /// Counts an append and remembers whom it concerns.
    pub fn mark(&mut self, appended: bool, ids: &[IncidentId]) -> Mark {
        self.appends += u64::from(appended);
        self.written.extend(ids.iter().map(|id| (id.clone(), self.appends)));
        Mark { generation: self.generation, append: self.appends }
    }
}
