//! How much change has been spent, and which targets are being changed.
//!
//! Sliding windows: a spend counts until it is older than the window of the budget that asks.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::domain::IncidentId;
use crate::domain::decision::Spend;

/// Spends older than this are forgotten: no budget may look further back.
pub const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Who changes a target, and since when.
#[derive(Clone, Debug)]
pub struct Hold {
    /// The incident.
    pub incident: IncidentId,
    /// When the change began.
    pub at: Timestamp,
}

/// A target that was just taken, and who had it before.
#[derive(Clone, Debug)]
pub struct Taken {
    target: String,
    incident: IncidentId,
    held: Option<Hold>,
    last: Option<Hold>,
}

/// Spends by key in the order of time, and holds by target.
#[derive(Debug, Default)]
pub struct Ledger {
    spends: BTreeMap<String, VecDeque<(Timestamp, String)>>,
    held: BTreeMap<String, Hold>,
    last: BTreeMap<String, Hold>,
}

impl Ledger {
    /// Why a budget does not cover one more; none when it does. What the attempt that goes on has
    /// spent already is not spent twice.
    pub fn refusal(&self, spend: &Spend, now: Timestamp, attempt: Option<&str>) -> Option<String> {
        let window = SignedDuration::from_millis(i64::try_from(spend.within_ms).unwrap_or(i64::MAX));
        let from = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
        let max = usize::try_from(spend.max).unwrap_or(usize::MAX);
        let (mut count, mut frees) = (0, None);
        // In the order of time, so that what has left the window ends the search.
        let spent = self.spends.get(&spend.key).into_iter().flat_map(|spent| spent.iter().rev());
        for (at, by) in spent.take_while(|(at, _)| *at > from) {
            if attempt != Some(by.as_str()) {
                count += 1;
                // One more fits as soon as all but `max - 1` of the spends have left the window.
                if count == max {
                    frees = at.checked_add(window).ok();
                }
            }
        }
        if count < max {
            return None;
        }
        let when = frees.map_or_else(String::new, |at| format!("; it frees at {at}"));
        Some(format!("budget {} has spent {count} of {}{when}", spend.key, spend.max))
    }

    /// Spends one from each key; returns the keys from which this attempt had not spent yet.
    pub fn spend(&mut self, keys: &[String], at: Timestamp, attempt: &str) -> Vec<String> {
        let mut newly = Vec::new();
        let oldest = at.saturating_sub(LONGEST_WINDOW).unwrap_or(Timestamp::MIN);
        for key in keys {
            let spent = self.spends.entry(key.clone()).or_default();
            while spent.front().is_some_and(|(at, _)| *at < oldest) {
                spent.pop_front();
            }
            // The same attempt repeated is one change, which may have happened as late as now.
            let known = spent.iter().position(|(_, known)| known == attempt).and_then(|place| spent.remove(place));
            let at = known.as_ref().map_or(at, |(before, _)| at.max(*before));
            // The clock may have been set back since the last one.
            let place = spent.partition_point(|(other, _)| *other <= at);
            spent.insert(place, (at, attempt.to_string()));
            if known.is_none() {
                newly.push(key.clone());
            }
        }
        newly
    }

    /// Takes back what an attempt spent.
    pub fn unspend(&mut self, keys: &[String], attempt: &str) {
        for key in keys {
            if let Some(spent) = self.spends.get_mut(key) {
                spent.retain(|(_, known)| known != attempt);
            }
        }
    }

    /// Says that an incident changes a target.
    pub fn hold(&mut self, target: &str, hold: Hold) -> Taken {
        let (target, incident) = (target.to_string(), hold.incident.clone());
        let last = self.last.insert(target.clone(), hold.clone());
        let held = self.held.insert(target.clone(), hold);
        Taken { target, incident, held, last }
    }

    /// Says that an incident did not change the target that it took.
    pub fn unhold(&mut self, taken: Taken) {
        let Taken { target, incident, held, last } = taken;
        for (place, before) in [(&mut self.held, held), (&mut self.last, last)] {
            if place.get(&target).is_some_and(|hold| hold.incident == incident) {
                match before {
                    Some(before) => place.insert(target.clone(), before),
                    None => place.remove(&target),
                };
            }
        }
    }

    /// Takes in a change of the past: the latest one decides how long the target cools.
    pub fn restore(&mut self, target: &str, hold: Hold, under_way: bool) {
        if self.last.get(target).is_none_or(|last| last.at <= hold.at) {
            self.last.insert(target.to_string(), hold.clone());
        }
        if under_way {
            self.held.insert(target.to_string(), hold);
        }
    }

    /// Says that an incident no longer changes a target.
    pub fn release(&mut self, target: &str, incident: &IncidentId) {
        if self.held.get(target).is_some_and(|hold| hold.incident == *incident) {
            self.held.remove(target);
        }
    }

    /// Another incident that changes the target now.
    pub fn held_by_other(&self, target: &str, incident: &IncidentId) -> Option<&IncidentId> {
        let hold = self.held.get(target)?;
        (hold.incident != *incident).then_some(&hold.incident)
    }

    /// When the target is free again after another incident's change; none when it is.
    pub fn cooling(
        &self,
        target: &str,
        incident: &IncidentId,
        now: Timestamp,
        cooldown: SignedDuration,
    ) -> Option<Timestamp> {
        let last = self.last.get(target).filter(|last| last.incident != *incident)?;
        let free = last.at.saturating_add(cooldown).unwrap_or(Timestamp::MAX);
        (free > now).then_some(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_763_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_full_budget_says_how_much_and_when_it_frees() {
        let mut ledger = Ledger::default();
        let spend = Spend { key: "g|shop".into(), max: 2, within_ms: 60_000 };
        let keys = ["g|shop".to_string()];
        ledger.spend(&keys, at(0), "x-1");
        ledger.spend(&keys, at(5), "x-2");
        ledger.spend(&keys, at(10), "x-2");
        let refusal = ledger.refusal(&spend, at(20), None).unwrap();
        assert_eq!(refusal, format!("budget g|shop has spent 2 of 2; it frees at {}", at(60)));
        assert_eq!(ledger.refusal(&spend, at(60), None), None);
        let one = Spend { max: 1, ..spend.clone() };
        assert!(ledger.refusal(&one, at(69), None).is_some(), "a repeat counts from when it was repeated");
        assert_eq!(ledger.refusal(&one, at(69), Some("x-2")), None);
        ledger.unspend(&keys, "x-2");
        assert_eq!(ledger.refusal(&spend, at(20), None), None);
    }

    #[test]
    fn a_target_is_held_and_then_cools() {
        let mut ledger = Ledger::default();
        let (one, two) = (IncidentId("one".into()), IncidentId("two".into()));
        ledger.hold("t", Hold { incident: one.clone(), at: at(0) });
        assert_eq!(ledger.held_by_other("t", &two), Some(&one));
        assert_eq!(ledger.held_by_other("t", &one), None);
        ledger.release("t", &one);
        assert_eq!(ledger.held_by_other("t", &two), None);
        let minute = SignedDuration::from_mins(1);
        assert_eq!(ledger.cooling("t", &two, at(10), minute), Some(at(60)));
        assert_eq!(ledger.cooling("t", &one, at(10), minute), None);
        assert_eq!(ledger.cooling("t", &two, at(60), minute), None);
    }
}
