//! How much change has been spent, which targets are being changed, and which ones rest.
//!
//! Sliding windows: a spend counts until it is older than the window of the budget that asks.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::domain::decision::Spend;
use crate::domain::{IncidentId, Target};

/// Spends older than this are forgotten: no budget may look further back.
pub const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Who changes a target, and since when.
#[derive(Clone, Debug)]
pub struct Hold {
    /// The incident.
    pub incident: IncidentId,
    /// When the change began.
    pub at: Timestamp,
    /// What is changed.
    pub target: Target,
}

/// A target that was just taken, and who had it before.
#[derive(Clone, Debug)]
pub struct Taken {
    place: String,
    incident: IncidentId,
    held: Option<Hold>,
    last: Option<Hold>,
}

/// A change that a gate with a cooldown let through.
#[derive(Clone, Debug)]
pub struct Rest {
    /// The gate.
    pub gate: String,
    /// Whose attempt it was.
    pub attempt: String,
    /// When the change began.
    pub at: Timestamp,
    /// What was changed.
    pub target: Target,
}

/// Spends by key in the order of time, and holds by target.
#[derive(Debug, Default)]
pub struct Ledger {
    spends: BTreeMap<String, VecDeque<(Timestamp, String)>>,
    /// By the target's name; other names may overlap.
    held: BTreeMap<String, Hold>,
    last: BTreeMap<String, Hold>,
    /// The latest by gate and the target's name.
    rests: BTreeMap<(String, String), Rest>,
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
    pub fn hold(&mut self, hold: Hold) -> Taken {
        let (place, incident) = (hold.target.to_string(), hold.incident.clone());
        self.last.retain(|_, last| is_recent(last.at, hold.at));
        let last = self.last.insert(place.clone(), hold.clone());
        let held = self.held.insert(place.clone(), hold);
        Taken { place, incident, held, last }
    }

    /// Says that an incident did not change the target that it took.
    pub fn unhold(&mut self, taken: Taken) {
        let Taken { place, incident, held, last } = taken;
        for (holds, before) in [(&mut self.held, held), (&mut self.last, last)] {
            if holds.get(&place).is_some_and(|hold| hold.incident == incident) {
                match before {
                    Some(before) => holds.insert(place.clone(), before),
                    None => holds.remove(&place),
                };
            }
        }
    }

    /// Takes in a change of the past: the latest one decides how long the target cools.
    pub fn restore(&mut self, hold: Hold, under_way: bool) {
        let place = hold.target.to_string();
        if self.last.get(&place).is_none_or(|last| last.at <= hold.at) {
            self.last.insert(place.clone(), hold.clone());
        }
        if under_way {
            self.held.insert(place, hold);
        }
    }

    /// Says that a change is over.
    pub fn release(&mut self, target: &Target, incident: &IncidentId) {
        let place = target.to_string();
        if self.held.get(&place).is_some_and(|hold| hold.incident == *incident) {
            self.held.remove(&place);
        }
    }

    /// A change that another incident makes now, of anything that the target touches.
    pub fn held_by_other(&self, target: &Target, incident: &IncidentId) -> Option<&Hold> {
        self.held.values().find(|hold| hold.incident != *incident && hold.target.overlaps(target))
    }

    /// The change by another incident after which the target is free last, and when it is; none when
    /// it is free.
    pub fn cooling(
        &self,
        target: &Target,
        incident: &IncidentId,
        now: Timestamp,
        cooldown: SignedDuration,
    ) -> Option<(&Target, Timestamp)> {
        // The time first: comparing targets costs more, and most changes are long ago.
        let recent = self.last.values().filter(|last| free_again(last.at, now, cooldown).is_some());
        let others = recent.filter(|last| last.incident != *incident && last.target.overlaps(target));
        let last = others.max_by_key(|last| last.at)?;
        free_again(last.at, now, cooldown).map(|free| (&last.target, free))
    }

    /// Says that a gate with a cooldown let a change through; returns what it let through before.
    pub fn rest(&mut self, rest: Rest) -> Option<Rest> {
        self.rests.retain(|_, before| is_recent(before.at, rest.at));
        let key = (rest.gate.clone(), rest.target.to_string());
        self.rests.insert(key, rest)
    }

    /// Says that a change did not happen that a gate with a cooldown let through.
    pub fn unrest(&mut self, rest: &Rest, before: Option<Rest>) {
        let key = (rest.gate.clone(), rest.target.to_string());
        if self.rests.get(&key).is_some_and(|known| known.attempt == rest.attempt) {
            self.rests.remove(&key);
            self.rests.extend(before.map(|before| (key, before)));
        }
    }

    /// As [`Self::cooling`], for what one gate let through, whoever did it; but for the attempt that
    /// goes on.
    pub fn resting(
        &self,
        gate: &str,
        target: &Target,
        attempt: Option<&str>,
        now: Timestamp,
        cooldown: SignedDuration,
    ) -> Option<(&Target, Timestamp)> {
        let recent = self.rests.values().filter(|rest| free_again(rest.at, now, cooldown).is_some());
        let of_gate = recent.filter(|rest| rest.gate == gate && attempt != Some(&rest.attempt));
        let last = of_gate.filter(|rest| rest.target.overlaps(target)).max_by_key(|rest| rest.at)?;
        free_again(last.at, now, cooldown).map(|free| (&last.target, free))
    }
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    at >= now.saturating_sub(LONGEST_WINDOW).unwrap_or(Timestamp::MIN)
}

fn free_again(at: Timestamp, now: Timestamp, cooldown: SignedDuration) -> Option<Timestamp> {
    let free = at.saturating_add(cooldown).unwrap_or(Timestamp::MAX);
    (free > now).then_some(free)
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

    fn target(names: &[&str]) -> Target {
        let names = names.iter().map(|name| name.to_string()).collect();
        Target { server: "k".into(), namespaces: vec!["shop".into()], kinds: vec!["deployment".into()], names }
    }

    #[test]
    fn a_target_is_held_and_then_cools_under_every_name_that_overlaps() {
        let mut ledger = Ledger::default();
        let (one, two) = (IncidentId("one".into()), IncidentId("two".into()));
        let (web, api) = (target(&["web"]), target(&["api"]));
        ledger.hold(Hold { incident: one.clone(), at: at(0), target: web.clone() });
        for same in [&web, &target(&["*"]), &target(&["api", "web"]), &target(&[])] {
            assert_eq!(ledger.held_by_other(same, &two).map(|hold| &hold.incident), Some(&one), "{same}");
            assert!(ledger.held_by_other(same, &one).is_none());
        }
        assert!(ledger.held_by_other(&api, &two).is_none());
        ledger.release(&web, &one);
        assert!(ledger.held_by_other(&web, &two).is_none());
        let minute = SignedDuration::from_mins(1);
        let all = ledger.hold(Hold { incident: two.clone(), at: at(5), target: target(&["*"]) });
        assert_eq!(ledger.cooling(&web, &two, at(10), minute), Some((&web, at(60))));
        assert_eq!(ledger.cooling(&web, &one, at(10), minute), Some((&target(&["*"]), at(65))));
        assert_eq!(ledger.cooling(&api, &one, at(10), minute), Some((&target(&["*"]), at(65))));
        ledger.unhold(all);
        assert_eq!(ledger.cooling(&api, &one, at(10), minute), None);
        assert_eq!(ledger.cooling(&web, &two, at(60), minute), None);
    }

    #[test]
    fn a_gate_lets_a_target_rest_from_everybody_but_the_attempt_that_goes_on() {
        let mut ledger = Ledger::default();
        let rest = |attempt: &str, seconds| Rest {
            gate: "g".into(),
            attempt: attempt.into(),
            at: at(seconds),
            target: target(&["web"]),
        };
        let minute = SignedDuration::from_mins(1);
        assert!(ledger.rest(rest("x-1", 0)).is_none());
        let resting = |ledger: &Ledger, gate: &str, attempt, seconds| {
            ledger.resting(gate, &target(&["*"]), attempt, at(seconds), minute).map(|(_, free)| free)
        };
        assert_eq!(resting(&ledger, "g", None, 59), Some(at(60)));
        assert_eq!(resting(&ledger, "g", Some("x-1"), 59), None);
        assert_eq!(resting(&ledger, "other", None, 59), None);
        assert_eq!(resting(&ledger, "g", None, 60), None);
        let before = ledger.rest(rest("x-2", 70));
        assert_eq!(resting(&ledger, "g", None, 80), Some(at(130)));
        ledger.unrest(&rest("x-2", 70), before);
        assert_eq!(resting(&ledger, "g", None, 59), Some(at(60)));
        assert_eq!(resting(&ledger, "g", None, 80), None);
    }
}
