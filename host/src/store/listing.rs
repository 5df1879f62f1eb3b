//! The live incidents by what they are listed by, and how many incidents were decided lately: kept up
//! with every change, so that no question about them looks at each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Store;
use crate::domain::history::{Past, REMEMBERED};
use crate::domain::listing::{FacetFilter, Facets, Range};
use crate::domain::{Incident, IncidentId, Outcome, State};

/// Seconds that are counted together.
const HOUR: i64 = 3600;

/// How many incidents have an outcome, and how many of them a rule decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// All of them.
    pub all: u64,
    /// Those that a rule decided.
    pub by_rule: u64,
    /// All by outcome, in the order of [`Outcome::ALL`].
    pub by_outcome: [u64; Outcome::ALL.len()],
}

impl Decided {
    /// Counts one more with an outcome, or one less.
    fn count(&mut self, outcome: Outcome, by_rule: bool, more: bool) {
        let change = |count: &mut u64| *count = if more { *count + 1 } else { count.saturating_sub(1) };
        change(&mut self.all);
        if by_rule {
            change(&mut self.by_rule);
        }
        let of_outcome = self.by_outcome.iter_mut().zip(Outcome::ALL).find(|(_, of)| *of == outcome);
        of_outcome.into_iter().for_each(|(count, _)| change(count));
    }

    fn and(mut self, other: &Self) -> Self {
        self.all += other.all;
        self.by_rule += other.by_rule;
        self.by_outcome.iter_mut().zip(other.by_outcome).for_each(|(sum, count)| *sum += count);
        self
    }
}

/// The live incidents by their facets.
#[derive(Default)]
pub(super) struct Listing {
    facets: HashMap<IncidentId, Arc<Facets>>,
    by_facets: HashMap<Arc<Facets>, BTreeSet<IncidentId>>,
    collecting: BTreeSet<IncidentId>,
    /// By the hour of opening.
    decided: BTreeMap<i64, Decided>,
}

impl Listing {
    /// Counts the incidents of the past. Those among them that are live are noted as well.
    pub fn count(&mut self, past: &[Past]) {
        for past in past {
            self.decide(past.opened_at, past.outcome, !past.rule.is_empty(), true);
        }
    }

    /// Takes in an incident of the past that is live again after a start.
    pub fn restore(&mut self, incident: &Incident) {
        let facets = Facets::of(incident);
        self.keep(incident, facets);
    }

    /// Takes in how an incident stands now.
    pub fn note(&mut self, incident: &Incident) {
        let known = self.facets.get(&incident.id);
        if known.is_some_and(|known| known.are_of(incident)) {
            self.collect(incident);
            return;
        }
        let known = known.map(|known| (known.outcome, known.rule.is_some()));
        if let Some((outcome, by_rule)) = known {
            self.decide(incident.opened_at, outcome, by_rule, false);
        }
        let facets = Facets::of(incident);
        self.decide(incident.opened_at, facets.outcome, facets.rule.is_some(), true);
        self.keep(incident, facets);
    }

    fn keep(&mut self, incident: &Incident, facets: Facets) {
        self.take_out(&incident.id);
        let shared = match self.by_facets.get_key_value(&facets) {
            Some((shared, _)) => Arc::clone(shared),
            None => Arc::new(facets),
        };
        self.by_facets.entry(Arc::clone(&shared)).or_default().insert(incident.id.clone());
        self.facets.insert(incident.id.clone(), shared);
        self.collect(incident);
    }

    fn collect(&mut self, incident: &Incident) {
        if incident.counted.collecting.is_some() && incident.closed.is_none() {
            self.collecting.insert(incident.id.clone());
        } else {
            self.collecting.remove(&incident.id);
        }
    }

    /// An incident is live no more. What it counts for the past stays.
    pub fn forget(&mut self, id: &IncidentId) {
        self.take_out(id);
        self.collecting.remove(id);
    }

    fn take_out(&mut self, id: &IncidentId) {
        let Some(facets) = self.facets.remove(id) else { return };
        if let Some(ids) = self.by_facets.get_mut(&facets) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_facets.remove(&facets);
            }
        }
    }

    fn decide(&mut self, opened_at: Timestamp, outcome: Option<Outcome>, by_rule: bool, more: bool) {
        let Some(outcome) = outcome else { return };
        self.decided.entry(opened_at.as_second().div_euclid(HOUR)).or_default().count(outcome, by_rule, more);
    }

    fn newest(&self, wanted: &FacetFilter, range: &Range, limit: usize) -> Vec<IncidentId> {
        if range.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (_, ids) in self.by_facets.iter().filter(|(facets, _)| wanted.takes(facets)) {
            let from = IncidentId(range.from.as_str().into());
            let newest = match &range.below {
                Some(below) => ids.range(from..IncidentId(below.as_str().into())),
                None => ids.range(from..),
            };
            found.extend(newest.rev().take(limit));
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.truncate(limit);
        found.into_iter().cloned().collect()
    }
}

impl Store {
    /// The newest live incidents that are wanted, and whether an id is live. Costs what is found, and
    /// not what is live.
    pub fn newest(&self, wanted: &FacetFilter, range: &Range, limit: usize) -> Vec<Arc<Incident>> {
        let live = self.live();
        let ids = live.listing.newest(wanted, range, limit);
        ids.iter().filter_map(|id| live.incidents.get(id).cloned()).collect()
    }

    /// How many live incidents stand where.
    pub fn by_state(&self) -> Vec<(State, usize)> {
        let live = self.live();
        let mut counts: HashMap<State, usize> = HashMap::new();
        for (facets, ids) in &live.listing.by_facets {
            *counts.entry(facets.state).or_default() += ids.len();
        }
        State::ALL.into_iter().map(|state| (state, counts.get(&state).copied().unwrap_or(0))).collect()
    }

    /// Incidents opened within the last 31 days that have an outcome, exact to the hour of opening.
    pub fn decided(&self) -> Decided {
        let since = self.clock.now().saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let mut live = self.live();
        let decided = &mut live.listing.decided;
        *decided = decided.split_off(&since.as_second().div_euclid(HOUR));
        decided.values().fold(Decided::default(), Decided::and)
    }

    /// The same of incidents opened within the last day.
    pub fn decided_today(&self) -> Vec<(Outcome, u64)> {
        let since = self.clock.now().saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        let live = self.live();
        let hours = live.listing.decided.range(since.as_second().div_euclid(HOUR)..).map(|(_, hour)| hour);
        let sum = hours.fold(Decided::default(), Decided::and);
        Outcome::ALL.into_iter().zip(sum.by_outcome).collect()
    }

    /// Live incidents that collect what a source sends beyond its bound: id, source and how many alerts.
    pub fn collecting(&self) -> Vec<(IncidentId, String, usize)> {
        let live = self.live();
        let collecting = live.listing.collecting.iter().filter_map(|id| live.incidents.get(id));
        collecting.map(|incident| (incident.id.clone(), incident.source.to_string(), incident.alert_count())).collect()
    }
}

#[cfg(test)]
mod tests;
