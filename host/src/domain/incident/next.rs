//! What should happen next to an incident: the order of the whole handling on one page.

use jiff::{SignedDuration, Timestamp};

use super::limits::{Limits, millis_of};
use super::{ActionRecord, ActionState, Incident, Outcome, alternatives};
use crate::domain::action::{ActionId, Origin, Risk};
use crate::domain::call::Call;
use crate::domain::containment::contains;
use crate::domain::decision::{RulingKind, Verdict};
use crate::domain::entry::{Fact, ModelAnswer, Purpose};
use crate::domain::safeguards::Undo;
use crate::domain::wait;

/// Something that the runner must do; what came of it comes back as entries.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Append these facts: they follow from what is known.
    Record(Vec<Fact>),
    /// Ask the policies.
    Decide,
    /// Ask a remediation plugin.
    Plan {
        /// Its name.
        plugin: String,
    },
    /// Make the looks that the policies want as evidence, as far as they have not been made.
    Collect,
    /// Call a read-only tool.
    Look {
        /// What for.
        purpose: Purpose,
        /// The call.
        call: Call,
    },
    /// Ask the model.
    AskModel,
    /// Ask the gate about an action.
    Rule {
        /// The action.
        action: ActionId,
    },
    /// Execute an action, if the gate still permits it.
    Execute {
        /// The action.
        action: ActionId,
    },
    /// Find out what became of an intent without a result.
    Settle {
        /// The action.
        action: ActionId,
    },
    /// Look whether an action had its effect.
    Verify {
        /// The action.
        action: ActionId,
    },
    /// Look at what an action has changed, right after it.
    Inspect {
        /// The action.
        action: ActionId,
    },
    /// Propose what takes an action back.
    Undo {
        /// The action.
        action: ActionId,
    },
    /// Write the report and tell people.
    Report,
    /// Close it, and tell those who were told that it needs a person.
    Close {
        /// Why.
        reason: String,
    },
}

/// What to do with an incident now.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Do this now.
    Do(Effect),
    /// Look again at this time, or when an entry comes in.
    Wait(Timestamp),
    /// Look again when an entry comes in.
    Idle,
}

/// What should happen next. Never called while an effect of this incident is under way.
pub fn next(incident: &Incident, now: Timestamp, limits: &Limits) -> Next {
    if incident.closed.is_some() {
        return Next::Idle;
    }
    if let Some(by) = wait::set_back(incident.updated_at, now) {
        return Next::Do(Effect::Record(vec![Fact::ClockSetBack { by_ms: millis_of(by) }]));
    }
    if let Some((reason, rerun)) = incident.ended_by_people().filter(|_| incident.under_way().is_none()) {
        return by_a_person(incident, reason, rerun);
    }
    if incident.conclusion.is_some() {
        return after_conclusion(incident, now, limits);
    }
    let touched = incident.actions.iter().any(|record| record.state.has_begun());
    if incident.all_resolved() && !touched {
        return conclude(Outcome::Resolved, "the alerts resolved before anything was done");
    }
    let Some(decision) = &incident.decision else {
        return Next::Do(Effect::Decide);
    };
    if !incident.actions.is_empty() {
        return acting(incident, now, limits);
    }
    match &decision.verdict {
        Verdict::Hold { until } if *until <= now => Next::Do(Effect::Decide),
        Verdict::Hold { until } => Next::Wait(*until),
        Verdict::Suppress => conclude(Outcome::Suppressed, &decision.reason),
        Verdict::Escalate => conclude(Outcome::NeedsPerson, &decision.reason),
        Verdict::Remediate { .. } => conclude(Outcome::NeedsPerson, "the rule proposed no action"),
        Verdict::Diagnose if incident.collected => Next::Do(Effect::Decide),
        Verdict::Diagnose => Next::Do(Effect::Collect),
        Verdict::Plan { plugin } => match incident.plan.as_ref().filter(|plan| plan.plugin == *plugin) {
            None => Next::Do(Effect::Plan { plugin: plugin.clone() }),
            Some(plan) => match &plan.error {
                Some(error) => conclude(Outcome::NeedsPerson, &format!("plugin {plugin} could not plan: {error}")),
                // The rules below may know more; who was asked in vain is passed over.
                None if decision.rule.is_some() && incident.passed_over(plugin) => Next::Do(Effect::Decide),
                None => investigating(incident, limits),
            },
        },
        Verdict::Investigate => investigating(incident, limits),
    }
}

/// A person has said that it is over: it is told as such, unless it goes on as another incident.
fn by_a_person(incident: &Incident, reason: String, rerun: bool) -> Next {
    if incident.conclusion.is_none() {
        return conclude(Outcome::ClosedByPerson, &reason);
    }
    if incident.report.is_none() && !rerun {
        return Next::Do(Effect::Report);
    }
    Next::Do(Effect::Close { reason })
}

fn conclude(outcome: Outcome, reason: &str) -> Next {
    Next::Do(Effect::Record(vec![Fact::Concluded { outcome, reason: reason.to_string() }]))
}

fn after_conclusion(incident: &Incident, now: Timestamp, limits: &Limits) -> Next {
    let Some(conclusion) = &incident.conclusion else {
        return Next::Idle;
    };
    let wants_report = !matches!(conclusion.outcome, Outcome::Suppressed | Outcome::Resolved);
    if wants_report && incident.report.is_none() {
        return Next::Do(Effect::Report);
    }
    if incident.all_resolved() {
        let reason = match &incident.goes_on_in {
            Some(other) => format!("what still fires of it is handled by incident {other}"),
            None => "all alerts resolved".into(),
        };
        return Next::Do(Effect::Close { reason });
    }
    let until = conclusion.at.saturating_add(limits.watch).unwrap_or(Timestamp::MAX);
    if until <= now {
        let reason = "its alerts still fire long after it was handled; a repeat opens a new incident";
        return Next::Do(Effect::Close { reason: reason.into() });
    }
    Next::Wait(until)
}

fn investigating(incident: &Incident, limits: &Limits) -> Next {
    if !incident.collected {
        return Next::Do(Effect::Collect);
    }
    if let Some(reason) = &incident.model.failed {
        return conclude(Outcome::NeedsPerson, reason);
    }
    let last = incident.model.turns.last();
    match last.map(|turn| (&turn.answer, turn.after_looks)) {
        Some((ModelAnswer::Look { calls }, after)) => {
            let mut asked = calls.iter().take(limits.looks_per_answer);
            let missing = asked.find(|asked| !looked(incident, &asked.call, after));
            if let Some(asked) = missing {
                return Next::Do(Effect::Look { purpose: Purpose::Model, call: asked.call.clone() });
            }
        }
        Some((ModelAnswer::Person { diagnosis }, _)) => {
            return conclude(Outcome::NeedsPerson, non_empty(&diagnosis.root_cause, "the model asks for a person"));
        }
        Some((ModelAnswer::Resolved { .. }, _)) => {
            return conclude(Outcome::NeedsPerson, "the model sees nothing left to do, but the alerts still fire");
        }
        Some((ModelAnswer::Act { .. }, _)) => {
            return conclude(Outcome::NeedsPerson, "the model proposed no action that could be taken in");
        }
        None => {}
    }
    if incident.model.calls >= limits.model_calls {
        return conclude(
            Outcome::NeedsPerson,
            &format!("the model came to no decision in {} calls", incident.model.calls),
        );
    }
    Next::Do(Effect::AskModel)
}

/// Whether the model's call was made behind so many looks.
fn looked(incident: &Incident, call: &Call, after: usize) -> bool {
    incident.looks.iter().skip(after).any(|look| look.purpose == Purpose::Model && look.call == *call)
}

fn non_empty<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.trim().is_empty() { otherwise } else { text }
}

/// Actions are done one after the other; the first that does not end well ends the sequence. But of alternatives, best
/// first, one that helps is enough, and the next is tried only where nothing is left of the one before.
fn acting(incident: &Incident, now: Timestamp, limits: &Limits) -> Next {
    let (mut observed, mut settled, mut tried) = (false, Vec::new(), Vec::new());
    for record in &incident.actions {
        let first = incident.alternatives_of(record);
        let needless = first.is_some_and(|first| settled.contains(&first));
        if matches!(record.action.origin, Origin::Undo { .. }) || needless {
            continue;
        }
        // What failed before was all that the alerts called for: they are over, and a second change is nobody's wish.
        if !tried.is_empty() && incident.all_resolved() && record.is_ahead() {
            let tried = tried.join("; then ");
            let reason = format!("{tried}; then the alerts resolved, and nothing more was done");
            return conclude(Outcome::NeedsPerson, &reason);
        }
        if let Some(next) = in_progress(incident, record, now, limits) {
            return next;
        }
        match record.state {
            ActionState::Verified => settled.extend(first),
            ActionState::Observed => {
                observed = true;
                settled.extend(first);
            }
            _ => match ended_badly(incident, record, now, limits) {
                FailureStep::Next(next) => return next,
                FailureStep::Over { what, clean } => {
                    tried.push(what);
                    let room = incident.tried_before(record).count() + 1 < alternatives::TRIED;
                    let another = clean && room && incident.ranked_behind(record).next().is_some();
                    if !another {
                        return conclude(Outcome::NeedsPerson, &tried.join("; then "));
                    }
                }
            },
        }
    }
    if observed {
        return conclude(
            Outcome::NeedsPerson,
            "mode is observe: nothing was executed, the report says what would have been done",
        );
    }
    let done: Vec<&ActionRecord> =
        incident.actions.iter().filter(|record| record.state == ActionState::Verified).collect();
    let targets: Vec<String> = done.iter().map(|record| record.action.target()).collect();
    let targets = targets.join(", ");
    if !done.is_empty() && done.iter().all(|record| contains(&record.action.proposal.call)) {
        let reason = format!("{targets}: contained, which repairs nothing; a person must go on");
        return conclude(Outcome::NeedsPerson, &reason);
    }
    conclude(Outcome::Fixed, &format!("{targets} repaired and verified"))
}

fn in_progress(incident: &Incident, record: &ActionRecord, now: Timestamp, limits: &Limits) -> Option<Next> {
    let action = record.action.id.clone();
    let put_off = record.put_off.as_ref().filter(|put_off| put_off.retry_at > now);
    if let (Some(put_off), false) = (put_off, record.state == ActionState::Done) {
        return Some(Next::Wait(put_off.retry_at));
    }
    Some(match record.state {
        ActionState::Proposed => Next::Do(Effect::Rule { action }),
        ActionState::Asked => {
            let until = record.expires.unwrap_or(record.since);
            if until <= now { Next::Do(Effect::Record(vec![Fact::Expired { action }])) } else { Next::Wait(until) }
        }
        ActionState::Allowed | ActionState::Approved => Next::Do(Effect::Execute { action }),
        ActionState::Started => Next::Do(Effect::Settle { action }),
        ActionState::Done => verifying(incident, record, now, limits),
        _ => return None,
    })
}

fn verifying(incident: &Incident, record: &ActionRecord, now: Timestamp, limits: &Limits) -> Next {
    let action = record.action.id.clone();
    let verified = |ok: bool, reason: String| {
        Next::Do(Effect::Record(vec![Fact::Verified { action: action.clone(), ok, reason }]))
    };
    if incident.all_resolved() {
        return verified(true, "the sender says that all alerts have resolved".into());
    }
    if !record.inspected && matches!(record.action.undo(), Some(Undo::Restore(_))) {
        return Next::Do(Effect::Inspect { action });
    }
    if record.is_uncheckable() {
        return verified(false, UNCHECKED.into());
    }
    let paces = record.open_verifications().map(|verification| limits.pace(verification).every);
    let Some(every) = paces.min() else {
        // What a proposer names proves nothing alone: then the alerts must resolve.
        let until = record.since.saturating_add(limits.settle).unwrap_or(Timestamp::MAX);
        if until <= now {
            let minutes = limits.settle.as_mins();
            return verified(false, format!("the alerts did not resolve within {minutes} minutes"));
        }
        return Next::Wait(until);
    };
    if let Some(put_off) = record.put_off.as_ref().filter(|put_off| put_off.retry_at > now) {
        return Next::Wait(put_off.retry_at);
    }
    // The deadline ends it in the step that looks; where looks came quicker than they should, so does this.
    if record.looks > limits.verification_looks {
        let seen = record.seen.as_deref().unwrap_or("it could not be looked at");
        return verified(false, format!("{seen}, after {} looks", record.looks));
    }
    // Most changes show within a second or two: each pause is as long as all before it, until it is the one asked for.
    let first = every.min(SignedDuration::from_millis(300));
    let due = match record.looked_at.filter(|at| *at >= record.since) {
        Some(looked_at) if limits.looks_quickly() => {
            looked_at.saturating_add(looked_at.duration_since(record.since).clamp(first, every))
        }
        Some(looked_at) => looked_at.saturating_add(every),
        None => record.since.saturating_add(first),
    };
    let due = due.unwrap_or(Timestamp::MAX);
    if due <= now { Next::Do(Effect::Verify { action }) } else { Next::Wait(due) }
}

/// What follows on an action that did not end well.
enum FailureStep {
    /// It is not over yet.
    Next(Next),
    /// It is over.
    Over {
        /// What became of it, as a sentence without an end.
        what: String,
        /// Nothing is left of it: it was denied, or done in vain and taken back.
        clean: bool,
    },
}

/// What is said of a change that was asked for in a conversation and that no rule verifies. It is not taken back: that it
/// did not help is not known.
const UNCHECKED: &str = "no rule in force says how its success is checked, so look whether it did what was wanted";

/// An action that was done and did not help is taken back where it says how.
fn ended_badly(incident: &Incident, record: &ActionRecord, now: Timestamp, limits: &Limits) -> FailureStep {
    let target = record.action.target();
    let what = record.ended_badly();
    if record.state == ActionState::Unverified && record.is_uncheckable() {
        return FailureStep::Over {
            what: format!("{} on {target} was done; {UNCHECKED}", record.action.tool()),
            clean: false,
        };
    }
    if record.state != ActionState::Unverified || record.action.undo().is_none() {
        // What heals by itself when it is wrong needs nothing that takes it back.
        let harmless = record.state == ActionState::Unverified && record.action.risk == Risk::Low;
        let clean = harmless || (record.state == ActionState::Denied && record.attempts == 0);
        return FailureStep::Over { what, clean };
    }
    let undo = incident
        .actions
        .iter()
        .find(|other| matches!(&other.action.origin, Origin::Undo { action } if *action == record.action.id));
    // It may have helped late: to take it back now could bring back what has ended.
    if incident.all_resolved() && undo.is_none_or(ActionRecord::is_ahead) {
        return FailureStep::Over {
            what: format!("{what}; then the alerts resolved, and it was not taken back"),
            clean: false,
        };
    }
    let Some(undo) = undo else {
        return FailureStep::Next(Next::Do(Effect::Undo { action: record.action.id.clone() }));
    };
    // An undo is over when its tool has answered: what it restores was broken before.
    if undo.state == ActionState::Done {
        return FailureStep::Over { what: format!("{what}; it was taken back"), clean: true };
    }
    if let Some(next) = in_progress(incident, undo, now, limits) {
        return FailureStep::Next(next);
    }
    let denied = undo.ruling.as_ref().filter(|ruling| ruling.kind == RulingKind::Deny);
    let why = denied.map_or_else(
        || undo.state.as_str().to_string(),
        |ruling| format!("{} denied that: {}", ruling.rule, ruling.reason),
    );
    FailureStep::Over { what: format!("{what}; it was not taken back ({why})"), clean: false }
}
