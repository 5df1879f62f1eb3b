//! A rule that holds an incident back again and again, exactly as before, is not recorded each time: nobody
//! wants to read that a thousand times. Only until when it holds moves, and a restart decides anew.

use jiff::Timestamp;

use super::Incident;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::entry::Fact;
use crate::domain::wait::set_back;

impl Incident {
    /// Takes in a decision that only holds for longer; false when something is to be recorded.
    pub fn fold(&mut self, facts: &[Fact], at: Timestamp) -> bool {
        let ([Fact::Decided { decision }], Some(known)) = (facts, &self.decision) else { return false };
        // What waits moves with a clock that was set back by an entry that says so.
        if set_back(self.updated_at, at).is_some() || !holds_as_before(known, decision) {
            return false;
        }
        self.decision = Some((**decision).clone());
        true
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
}
