//! What no case reached.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::policy::items::{Condition, Meta};
use crate::policy::problem::Location;
use crate::policy::query::CoverageLog;
use crate::policy::set::Set;

/// How much of a set the cases reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Declarations and branches of `when` that were reached.
    pub reached: usize,
    /// Those that there are.
    pub all: usize,
    /// A sentence for each that was not reached.
    pub missing: Vec<(Location, String)>,
}

impl Coverage {
    /// Compares what was tried with what there is.
    pub(super) fn new(set: &Set, seen: &[CoverageLog]) -> Self {
        let spoke: BTreeSet<(&str, &str)> =
            seen.iter().filter(|seen| seen.spoke).map(|seen| (seen.kind, seen.name.as_str())).collect();
        let mut branches: BTreeMap<(&str, &str), BTreeSet<bool>> = BTreeMap::new();
        for seen in seen {
            if let Some(truth) = seen.when {
                branches.entry((seen.kind, seen.name.as_str())).or_default().insert(truth);
            }
        }
        let mut coverage = Self::default();
        let mut look = |kind: &str, verb: &str, meta: &Meta, when: &Condition| {
            let name = meta.name.as_str();
            let mut count = |sides: usize, reached: bool, message: String| {
                coverage.all += sides;
                if reached {
                    coverage.reached += sides;
                } else {
                    coverage.missing.push((meta.place.clone(), message));
                }
            };
            count(1, spoke.contains(&(kind, name)), format!("{kind} `{name}` never {verb}"));
            if !matches!(when, Condition::Always) {
                let Some(found) = branches.get(&(kind, name)) else {
                    return count(2, false, format!("`when` of {kind} `{name}` was never asked"));
                };
                for truth in [true, false] {
                    count(1, found.contains(&truth), format!("`when` of {kind} `{name}` was never {truth}"));
                }
            }
        };
        let items = &set.items;
        items.rules.iter().for_each(|rule| look("rule", "decided", &rule.meta, &rule.when));
        items.gates.iter().for_each(|gate| look("gate", "spoke", &gate.meta, &gate.when));
        items.routes.iter().for_each(|route| look("route", "was taken", &route.meta, &route.when));
        items.evidence.iter().for_each(|one| look("evidence", "asked for anything", &one.meta, &one.when));
        items.checks.iter().for_each(|check| look("check", "knew anything", &check.meta, &check.when));
        items.events.iter().for_each(|one| look("event", "said anything", &one.meta, &one.when));
        items.silence_gates.iter().for_each(|one| look("silence_gate", "objected", &one.meta, &Condition::Always));
        items.silences.iter().for_each(|one| look("silence", "silenced anything", &one.meta, &Condition::Always));
        items.inhibits.iter().for_each(|one| look("inhibit", "inhibited anything", &one.meta, &Condition::Always));
        items.groups.iter().for_each(|group| look("group", "grouped anything", &group.meta, &Condition::Always));
        coverage.missing.sort();
        coverage
    }

    /// Whole per cent; 100 when there is nothing to reach.
    pub fn percent(&self) -> usize {
        (self.reached * 100).checked_div(self.all).unwrap_or(100)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} % ({} of {})", self.percent(), self.reached, self.all)?;
        self.missing.iter().try_for_each(|(place, message)| write!(f, "\n    {place}: {message}"))
    }
}
