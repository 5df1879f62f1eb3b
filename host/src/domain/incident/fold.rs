//! What happens again exactly as before is counted and not recorded: nobody wants to read a thousand times
//! that a rule still holds an incident back, or that a check has not come true yet. A restart begins anew
//! from what is recorded.

use jiff::Timestamp;

use super::{Incident, Look};
use crate::domain::call::Call;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::entry::{Fact, Purpose};
use crate::domain::wait::set_back;

impl Incident {
    /// Takes in what says nothing new, if all of it says nothing new; false when it must be recorded.
    pub fn fold(&mut self, facts: &[Fact], at: Timestamp) -> bool {
        // What waits moves with a clock that was set back by an entry that says so.
        if set_back(self.updated_at, at).is_some() {
            return false;
        }
        if facts.is_empty() || !facts.iter().all(|fact| self.says_nothing_new(fact)) {
            return false;
        }
        for fact in facts {
            match fact {
                Fact::Decided { decision } => self.decision = Some((**decision).clone()),
                Fact::Looked { purpose: purpose @ Purpose::Verify { action }, call, .. } => {
                    self.with(action, |record| record.looked_at = Some(at));
                    if let Some(look) = self.last_look(purpose, call) {
                        (look.repeats, look.at) = (look.repeats.saturating_add(1), at);
                    }
                }
                _ => {}
            }
        }
        true
    }

    /// How many looks before this one showed the same as the last one that is recorded.
    pub fn folded(&self, purpose: &Purpose, call: &Call) -> u32 {
        let mut looks = self.looks.iter().rev();
        looks.find(|look| look.purpose == *purpose && look.call == *call).map_or(0, |look| look.repeats)
    }

    fn says_nothing_new(&self, fact: &Fact) -> bool {
        match fact {
            Fact::Decided { decision } => self.decision.as_ref().is_some_and(|known| holds_as_before(known, decision)),
            Fact::Looked { purpose: purpose @ Purpose::Verify { .. }, call, ok, text, refused, .. } => {
                let mut looks = self.looks.iter().rev();
                let last = looks.find(|look| look.purpose == *purpose && look.call == *call);
                last.is_some_and(|look| look.ok == *ok && look.text == *text && look.refused == *refused)
            }
            _ => false,
        }
    }

    pub(super) fn last_look(&mut self, purpose: &Purpose, call: &Call) -> Option<&mut Look> {
        self.looks.iter_mut().rev().find(|look| look.purpose == *purpose && look.call == *call)
    }
}

fn holds_as_before(known: &Decision, decision: &Decision) -> bool {
    let (Verdict::Hold { .. }, Verdict::Hold { .. }) = (&known.verdict, &decision.verdict) else { return false };
    Decision { verdict: known.verdict.clone(), ..decision.clone() } == *known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Entry, IncidentId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_763_000_000 + second).unwrap()
    }

    fn incident() -> Incident {
        let fact = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
        Incident::open(IncidentId("i".into()), &Entry { at: at(0), fact }).unwrap()
    }

    fn hold(reason: &str, until: i64) -> Fact {
        let decision = serde_json::json!({
            "verdict": { "kind": "hold", "until": at(until) }, "rule": "r", "reason": reason, "mode": "observe", "policies": "p",
        });
        Fact::Decided { decision: serde_json::from_value(decision).unwrap() }
    }

    fn look(text: &str) -> Fact {
        serde_json::from_value(serde_json::json!({
            "kind": "looked", "purpose": { "for": "verify", "action": "a1" }, "call": { "tool": "t", "arguments": {} },
            "ok": true, "text": text, "took_ms": 1,
        }))
        .unwrap()
    }

    #[test]
    fn a_hold_is_recorded_once_and_waits_on() {
        let mut incident = incident();
        assert!(!incident.fold(&[hold("wait", 5)], at(1)));
        incident.apply(&Entry { at: at(1), fact: hold("wait", 5) });
        assert!(incident.fold(&[hold("wait", 9)], at(5)));
        assert_eq!(incident.decision.as_ref().unwrap().verdict, Verdict::Hold { until: at(9) });
        assert!(!incident.fold(&[hold("another reason", 9)], at(5)));
        assert!(!incident.fold(&[hold("wait", 12), Fact::Collected], at(9)));
    }

    #[test]
    fn a_look_is_recorded_when_it_shows_something_else_and_says_how_often_it_did_not() {
        let mut incident = incident();
        incident.apply(&Entry { at: at(1), fact: look("not yet") });
        assert!(incident.fold(&[look("not yet")], at(2)) && incident.fold(&[look("not yet")], at(3)));
        assert!(!incident.fold(&[look("ready")], at(4)));
        let Fact::Looked { purpose, call, .. } = look("") else { unreachable!() };
        assert_eq!((incident.folded(&purpose, &call), incident.looks.len()), (2, 1));
        incident.apply(&Entry { at: at(4), fact: look("ready") });
        assert_eq!((incident.folded(&purpose, &call), incident.looks.len()), (0, 2));
    }
}
