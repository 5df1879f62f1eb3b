//! How much change has been spent, which targets are being changed, and which ones rest.
//!
//! Sliding windows: a spend counts until it is older than the window of the budget that asks.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::sliding_window::SlidingWindow;
use crate::domain::decision::Spend;
use crate::domain::{IncidentId, Target};

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
pub struct ClaimedTarget {
    hold: Hold,
    before: Option<Hold>,
}

/// A change that a gate with a cooldown let through.
#[derive(Clone, Debug)]
struct Cooldown {
    attempt: String,
    target: Target,
}

/// In which time spends are counted of which no gate has said it since the start.
const UNKNOWN: SignedDuration = SignedDuration::from_hours(24);

/// What a budget has spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgeted {
    /// Gate and scope.
    pub key: String,
    /// How much within its window.
    pub spent: usize,
    /// Of how much; none where no gate has said it since the start.
    pub max: Option<u32>,
    /// When the oldest of it is free again.
    pub frees: Option<Timestamp>,
}

/// How much each key may spend in which time, as a gate said when it was spent from last. People are shown it, and nothing
/// that rules hears of it: the journal does not say it, so it is no part of what the gate remembers.
#[derive(Default)]
struct BudgetLimits(BTreeMap<String, (u32, SignedDuration)>);

impl fmt::Debug for BudgetLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bounds")
    }
}

/// Spends by key, holds by target, and changes in the order of time.
#[derive(Debug, Default)]
pub struct Ledger {
    spends: BTreeMap<String, SlidingWindow<String>>,
    bounds: BudgetLimits,
    /// By the target's name; other names may overlap.
    held: BTreeMap<String, Hold>,
    changes: SlidingWindow<(IncidentId, Target)>,
    /// By gate.
    rests: BTreeMap<String, SlidingWindow<Cooldown>>,
}

impl Ledger {
    /// Why a budget does not cover one more; none when it does. What the attempt that goes on has
    /// spent already is not spent twice.
    pub fn refusal(&self, spend: &Spend, now: Timestamp, attempt: Option<&str>) -> Option<String> {
        let window = SignedDuration::from_millis(i64::try_from(spend.within_ms).unwrap_or(i64::MAX));
        let from = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
        let max = usize::try_from(spend.max).unwrap_or(usize::MAX);
        let nothing = SlidingWindow::default();
        let spent = self.spends.get(&spend.key).unwrap_or(&nothing).after(from);
        // Only an attempt that goes on makes a search of this; each has one spend.
        let own = attempt.filter(|own| spent.clone().any(|(_, by)| by == own));
        let count = spent.len() - usize::from(own.is_some());
        if count < max {
            return None;
        }
        // One more fits as soon as all but `max - 1` of the spends have left the window.
        let mut others = spent.rev().filter(|(_, by)| own != Some(by.as_str()));
        let last = max.checked_sub(1).and_then(|earlier| others.nth(earlier));
        let frees = last.and_then(|(at, _)| at.checked_add(window).ok());
        let when = frees.map_or_else(String::new, |at| format!("; it frees at {at}"));
        Some(format!("budget {} has spent {count} of {}{when}", spend.key, spend.max))
    }

    /// What budgets have spent within their windows, those with most first; so many at most, and how many there are.
    pub fn budgets(&self, now: Timestamp, most: usize) -> (Vec<Budgeted>, usize) {
        let of = |(key, spends): (&String, &SlidingWindow<String>)| {
            let bound = self.bounds.0.get(key);
            let window = bound.map_or(UNKNOWN, |(_, window)| *window);
            let mut spent = spends.after(since(now, window));
            let (count, oldest) = (spent.len(), spent.next().map(|(at, _)| *at));
            let frees = bound.and(oldest).map(|at| free_again(at, window));
            (count > 0).then(|| Budgeted { key: key.clone(), spent: count, max: bound.map(|(max, _)| *max), frees })
        };
        let mut all: Vec<Budgeted> = self.spends.iter().filter_map(of).collect();
        all.sort_by(|a, b| b.spent.cmp(&a.spent).then_with(|| a.key.cmp(&b.key)));
        let count = all.len();
        all.truncate(most);
        (all, count)
    }

    /// Takes in how much a budget may spend.
    pub fn bound(&mut self, spend: &Spend) {
        let within = SignedDuration::from_millis(i64::try_from(spend.within_ms).unwrap_or(i64::MAX));
        self.bounds.0.insert(spend.key.clone(), (spend.max, within));
    }

    /// Spends one from each key; returns the keys from which this attempt had not spent yet.
    pub fn spend(&mut self, keys: &[String], at: Timestamp, attempt: &str) -> Vec<String> {
        let mut newly = Vec::new();
        for key in keys {
            let spent = self.spends.entry(key.clone()).or_default();
            // The same attempt repeated is one change, which may have happened as late as now.
            let known = spent.take(|known| known == attempt);
            spent.note(known.map_or(at, |before| at.max(before)), attempt.to_string());
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
                spent.take(|known| known == attempt);
            }
        }
    }

    /// Says that an incident changes a target.
    pub fn hold(&mut self, hold: Hold) -> ClaimedTarget {
        self.changes.note(hold.at, (hold.incident.clone(), hold.target.clone()));
        let before = self.held.insert(hold.target.to_string(), hold.clone());
        ClaimedTarget { hold, before }
    }

    /// Says that an incident did not change the target that it took.
    pub fn unhold(&mut self, taken: ClaimedTarget) {
        let ClaimedTarget { hold, before } = taken;
        self.changes.take(|(incident, target)| *incident == hold.incident && *target == hold.target);
        let place = hold.target.to_string();
        if self.held.get(&place).is_some_and(|held| held.incident == hold.incident) {
            match before {
                Some(before) => self.held.insert(place, before),
                None => self.held.remove(&place),
            };
        }
    }

    /// Says that an incident did not change a target that it was about to change.
    pub fn unchanged(&mut self, target: &Target, incident: &IncidentId) {
        self.changes.take(|(by, changed)| by == incident && changed == target);
    }

    /// Takes in a change of the past.
    pub fn restore(&mut self, hold: Hold, under_way: bool) {
        self.changes.note(hold.at, (hold.incident.clone(), hold.target.clone()));
        if under_way {
            self.held.insert(hold.target.to_string(), hold);
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
        let mut recent = self.changes.after(since(now, cooldown)).rev();
        let (at, (_, changed)) = recent.find(|(_, (by, changed))| by != incident && changed.overlaps(target))?;
        Some((changed, free_again(*at, cooldown)))
    }

    /// Says that a gate with a cooldown let a change through.
    pub fn rest(&mut self, gate: &str, target: Target, attempt: &str, at: Timestamp) {
        let rest = Cooldown { attempt: attempt.to_string(), target };
        self.rests.entry(gate.to_string()).or_default().note(at, rest);
    }

    /// Says that a change did not happen that a gate with a cooldown let through.
    pub fn unrest(&mut self, gate: &str, attempt: &str) {
        if let Some(rests) = self.rests.get_mut(gate) {
            rests.take(|rest| rest.attempt == attempt);
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
        let mut recent = self.rests.get(gate)?.after(since(now, cooldown)).rev();
        let others = |rest: &Cooldown| attempt != Some(&rest.attempt) && rest.target.overlaps(target);
        let (at, rest) = recent.find(|(_, rest)| others(rest))?;
        Some((&rest.target, free_again(*at, cooldown)))
    }
}

fn since(now: Timestamp, cooldown: SignedDuration) -> Timestamp {
    now.saturating_sub(cooldown).unwrap_or(Timestamp::MIN)
}

fn free_again(at: Timestamp, cooldown: SignedDuration) -> Timestamp {
    at.saturating_add(cooldown).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_763_000_000 + seconds).unwrap()
    }

    #[test]
    fn what_is_spent_is_told_with_its_bound_and_when_it_frees() {
        let mut ledger = Ledger::default();
        ledger.spend(&["a".into(), "b".into()], at(0), "x");
        ledger.spend(&["b".into()], at(1), "y");
        let of = |key: &str, spent, max, frees| Budgeted { key: key.into(), spent, max, frees };
        let unknown = [of("b", 2, None, None), of("a", 1, None, None)];
        assert_eq!(ledger.budgets(at(10), 9), (unknown.to_vec(), 2));
        ledger.bound(&Spend { key: "a".into(), max: 2, within_ms: 60_000 });
        assert_eq!(ledger.budgets(at(10), 9).0[1], of("a", 1, Some(2), Some(at(60))));
        assert_eq!(ledger.budgets(at(61), 1), (vec![of("b", 2, None, None)], 1), "what has left its window is free");
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
        let never = Spend { key: "g|lab".into(), max: 0, ..spend.clone() };
        assert_eq!(ledger.refusal(&never, at(0), None).as_deref(), Some("budget g|lab has spent 0 of 0"));
        ledger.unspend(&keys, "x-2");
        assert_eq!(ledger.refusal(&spend, at(20), None), None);
    }

    fn target(names: &[&str]) -> Target {
        let names = names.iter().map(|name| name.to_string()).collect();
        Target {
            server: "k".into(),
            namespaces: vec!["shop".into()],
            kinds: vec!["deployment".into()],
            names,
            ..Target::default()
        }
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
        let minute = SignedDuration::from_mins(1);
        ledger.rest("g", target(&["web"]), "x-1", at(0));
        let resting = |ledger: &Ledger, gate: &str, attempt, seconds| {
            ledger.resting(gate, &target(&["*"]), attempt, at(seconds), minute).map(|(_, free)| free)
        };
        assert_eq!(resting(&ledger, "g", None, 59), Some(at(60)));
        assert_eq!(resting(&ledger, "g", Some("x-1"), 59), None);
        assert_eq!(resting(&ledger, "other", None, 59), None);
        assert_eq!(resting(&ledger, "g", None, 60), None);
        ledger.rest("g", target(&["web"]), "x-2", at(70));
        assert_eq!(resting(&ledger, "g", None, 80), Some(at(130)));
        ledger.unrest("g", "x-2");
        assert_eq!(resting(&ledger, "g", None, 59), Some(at(60)));
        assert_eq!(resting(&ledger, "g", None, 80), None);
    }
}
