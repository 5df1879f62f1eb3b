//! Asks the policies for a verdict. Where no rule matches, a configured model investigates;
//! without one a person is told.

use jiff::{SignedDuration, Timestamp};

use super::Rooms;
use super::intake::take_in;
use crate::domain::{Decision, Fact, Incident, Origin, Verdict};

/// The shortest time for which an incident is held back: a rule that asks for none would be asked
/// again and again without a pause.
const SHORTEST_HOLD: SignedDuration = SignedDuration::from_secs(1);

/// The verdict, and the actions that it brings along.
pub fn run(rooms: &Rooms, incident: &Incident) -> Vec<Fact> {
    let moment = rooms.moment();
    let context = moment.context();
    let judged = rooms.policies.decide(incident, &context);
    let mut decision = judged.decision.unwrap_or_else(|| {
        let (verdict, reason) = if rooms.model.configured() {
            (Verdict::Investigate, "no rule matched; the model is asked")
        } else {
            (Verdict::Escalate, "no rule matched and no model is configured")
        };
        Decision {
            verdict,
            rule: None,
            reason: reason.into(),
            mode: rooms.mode,
            evidence: Vec::new(),
            faults: Vec::new(),
            policies: rooms.policies.digest().to_string(),
        }
    });
    decision.mode = decision.mode.min(rooms.mode);
    decision.faults = judged.faults;
    if let Verdict::Hold { until } = &mut decision.verdict {
        *until = (*until).max(context.now.saturating_add(SHORTEST_HOLD).unwrap_or(Timestamp::MAX));
    }
    if decision.evidence.is_empty() && matches!(decision.verdict, Verdict::Investigate | Verdict::Plan { .. }) {
        decision.evidence = rooms.policies.evidence(incident, &context);
    }
    let mut facts = Vec::new();
    if let Verdict::Remediate { actions } = &decision.verdict {
        let origin = Origin::Policy { rule: decision.rule.clone().unwrap_or_default() };
        facts = take_in(rooms.policies.as_ref(), incident, &context, actions.clone(), &origin);
    }
    facts.insert(0, Fact::Decided { decision: Box::new(decision) });
    facts
}
