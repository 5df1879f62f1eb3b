//! Why an incident stands as it does, as data: what a person needs to know before the details.
//!
//! Read off the same states from which the state machine concludes, in the same order.

use crate::domain::decision::Verdict;
use crate::domain::entry::ModelAnswer;
use crate::domain::incident::{ActionRecord, ActionState, Statement};
use crate::domain::{Incident, Origin, Outcome};

/// Why.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum EndReason<'a> {
    /// It is still being handled.
    UnderWay,
    /// A person must approve an action.
    Asked(&'a ActionRecord),
    /// All actions were seen to help.
    Fixed,
    /// A rule said that nobody needs to know.
    Suppressed { rule: Option<&'a str>, reason: &'a str },
    /// The alerts resolved before anything was done.
    Resolved,
    /// Nothing is executed in this mode.
    Observed,
    /// The gate said no.
    Denied(&'a ActionRecord),
    /// A person said no.
    Rejected(&'a ActionRecord),
    /// Nobody answered in time.
    Expired(&'a ActionRecord),
    /// The tool failed.
    Failed(&'a ActionRecord),
    /// It could not be begun.
    NotBegun(&'a ActionRecord),
    /// Nobody knows whether it happened.
    Uncertain(&'a ActionRecord),
    /// It was done and did not help.
    Useless { action: &'a ActionRecord, undo: Option<&'a ActionRecord> },
    /// It was done and holds, and keeps harm away without repairing anything.
    Contained(&'a ActionRecord),
    /// Alternatives were tried in vain before the last one.
    AfterOthers { before: Vec<&'a ActionRecord>, last: Box<EndReason<'a>> },
    /// A rule leaves it to a person.
    Escalated { rule: Option<&'a str>, reason: &'a str },
    /// A remediation plugin could not plan.
    Unplanned { plugin: &'a str, error: &'a str },
    /// A remediation plugin knows no repair, and nobody else was asked.
    NoRepair { plugin: &'a str },
    /// The model could not be used.
    NoModel(&'a str),
    /// The model asks for a person.
    ModelAsks,
    /// The model sees nothing left to do.
    ModelDone,
    /// A person said that it is over.
    ByPerson(&'a Statement),
    /// Something else, in the words of the journal.
    Other(&'a str),
}

/// A reason that says more than which rule it was: a rule without one is named as its own reason.
pub(super) fn own_reason<'a>(rule: Option<&str>, reason: &'a str) -> Option<&'a str> {
    // As `policy/decide.rs` writes it.
    let named = rule.is_some_and(|rule| reason.trim().strip_prefix("rule ").is_some_and(|rest| rest.trim() == rule));
    (!named && !reason.trim().is_empty()).then_some(reason)
}

impl<'a> EndReason<'a> {
    pub(super) fn of(incident: &'a Incident) -> Self {
        let Some(conclusion) = &incident.conclusion else {
            let asked = incident.actions.iter().find(|record| record.state == ActionState::Asked);
            return asked.map_or(Self::UnderWay, Self::Asked);
        };
        if let Some((said, _)) =
            incident.deciding.by_people.closed.as_ref().filter(|(said, _)| said.at <= conclusion.at)
        {
            return Self::ByPerson(said);
        }
        match conclusion.outcome {
            Outcome::Fixed => return Self::Fixed,
            Outcome::Resolved => return Self::Resolved,
            Outcome::Suppressed => {
                let rule = incident.decision.as_ref().and_then(|decision| decision.rule.as_deref());
                return Self::Suppressed { rule, reason: &conclusion.reason };
            }
            Outcome::NeedsPerson | Outcome::Error | Outcome::ClosedByPerson => {}
        }
        if let Some(why) = of_actions(incident) {
            return why;
        }
        if let Some(reason) = &incident.model.failed {
            return Self::NoModel(reason);
        }
        match incident.model.turns.last().map(|turn| &turn.answer) {
            Some(ModelAnswer::Person { .. }) => return Self::ModelAsks,
            Some(ModelAnswer::Resolved { .. }) => return Self::ModelDone,
            Some(ModelAnswer::Look { .. } | ModelAnswer::Act { .. }) => return Self::Other(&conclusion.reason),
            None => {}
        }
        if let Some(plan) = &incident.plan
            && let Some(error) = &plan.error
        {
            return Self::Unplanned { plugin: &plan.plugin, error };
        }
        // A rule below the one that asked the plugin has decided since, and says more.
        if let Some(decision) = &incident.decision
            && decision.verdict == Verdict::Escalate
            && decision.rule.is_some()
        {
            return Self::Escalated { rule: decision.rule.as_deref(), reason: &decision.reason };
        }
        if let Some(plan) = incident.plan.as_ref().filter(|plan| plan.proposals == 0 && incident.actions.is_empty()) {
            return Self::NoRepair { plugin: &plan.plugin };
        }
        match &incident.decision {
            Some(decision) if decision.verdict == Verdict::Escalate => {
                Self::Escalated { rule: decision.rule.as_deref(), reason: &decision.reason }
            }
            _ => Self::Other(&conclusion.reason),
        }
    }
}

fn of_actions(incident: &Incident) -> Option<EndReason<'_>> {
    use ActionState::{Denied, Expired, Failed, NotBegun, Observed, Rejected, Uncertain, Unverified, Verified};
    let mut observed = false;
    for record in repairs(incident) {
        // Of alternatives the last that was begun says why.
        let mut behind = incident.ranked_behind(record);
        if matches!(record.state, Unverified | Denied) && behind.any(|other| other.state != ActionState::Proposed) {
            continue;
        }
        let last = match record.state {
            Verified => continue,
            Observed => {
                observed = true;
                continue;
            }
            Denied => EndReason::Denied(record),
            Rejected => EndReason::Rejected(record),
            Expired => EndReason::Expired(record),
            Failed => EndReason::Failed(record),
            NotBegun => EndReason::NotBegun(record),
            Uncertain => EndReason::Uncertain(record),
            Unverified => EndReason::Useless { action: record, undo: undo_of(incident, record) },
            _ => return None,
        };
        let before: Vec<&ActionRecord> = incident.tried_before(record).collect();
        return Some(if before.is_empty() { last } else { EndReason::AfterOthers { before, last: Box::new(last) } });
    }
    if observed {
        return Some(EndReason::Observed);
    }
    // What was seen to hold ends as fixed, but for what merely keeps harm away.
    repairs(incident).rfind(|record| record.state == Verified).map(EndReason::Contained)
}

/// Whether it was denied because its target rests after another change: no gate can allow that, and it ends by itself.
pub(super) fn in_cooldown(record: &ActionRecord) -> bool {
    record.ruling.as_ref().is_some_and(|ruling| ruling.rule == "builtin.cooldown")
}

/// Actions that are no undoing.
pub(super) fn repairs(incident: &Incident) -> impl DoubleEndedIterator<Item = &ActionRecord> {
    incident.actions.iter().filter(|record| !matches!(record.action.origin, Origin::Undo { .. }))
}

fn undo_of<'a>(incident: &'a Incident, of: &ActionRecord) -> Option<&'a ActionRecord> {
    let undoes =
        |record: &&ActionRecord| matches!(&record.action.origin, Origin::Undo { action } if *action == of.action.id);
    incident.actions.iter().find(undoes)
}

#[cfg(test)]
mod tests {
    use super::own_reason;

    #[test]
    fn a_reason_that_is_only_the_rules_name_is_left_out() {
        assert_eq!(own_reason(Some("c"), "rule c"), None);
        assert_eq!(own_reason(Some("c"), " "), None);
        assert_eq!(own_reason(Some("c"), "rule cd"), Some("rule cd"));
        assert_eq!(own_reason(None, "no rule matched"), Some("no rule matched"));
    }
}
