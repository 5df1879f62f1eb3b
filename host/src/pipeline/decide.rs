//! Asks the policies for a verdict. Where no rule matches, a configured model investigates;
//! without one a person is told.

use std::sync::Arc;

use jiff::Timestamp;

use super::Services;
use super::intake::{ProposalRelation, accept};
use crate::domain::{Decision, Fact, Incident, Origin, Verdict};
use crate::rules::{Context, Policies, RuleDecision};

/// The verdict, and the actions that it brings along.
pub fn run(services: &Services, incident: &Incident) -> Vec<Fact> {
    let moment = services.moment();
    judge(services.policies.as_ref(), incident, &moment.context(), services.model.configured())
}

/// The same before it is known which tools there are; none when it may depend on them.
pub fn run_without_tools(services: &Services, incident: &Incident) -> Option<Vec<Fact>> {
    let (moment, policies) = (services.moment(), services.policies.as_ref());
    let context = moment.context();
    if incident.counted.collecting.is_some() {
        return Some(judge(policies, incident, &context, false));
    }
    let judged = policies.decide_without_tools(incident, &context)?;
    // The model is shown what can be looked at.
    let asks = judged.decision.is_none() && services.model.configured();
    (!asks).then(|| of_judged(policies, incident, &context, judged, false))
}

/// What belongs to many groups fits no rule that was written for one of them; a person must look.
fn collected(policies: &dyn Policies, incident: &Incident, context: &Context<'_>) -> Decision {
    let reason = format!(
        "{} sends more groups of alerts than get incidents of their own; {} stand together here",
        incident.source,
        incident.alert_count()
    );
    Decision {
        verdict: Verdict::Escalate,
        rule: None,
        reason,
        mode: context.mode,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: policies.digest(),
    }
}

/// What any set of policies says at any moment; `model` says whether one can be asked.
pub fn judge(policies: &dyn Policies, incident: &Incident, context: &Context<'_>, model: bool) -> Vec<Fact> {
    if incident.counted.collecting.is_some() {
        return vec![Fact::Decided { decision: Arc::new(collected(policies, incident, context)) }];
    }
    // What is held back for long is found out anew before anything else than waiting follows from it.
    let outdated = incident.is_outdated_to_wait(context.now);
    let facts = if outdated { Vec::new() } else { decided(policies, incident, context, model) };
    let acts = |fact: &Fact| match fact {
        Fact::Decided { decision } => !matches!(decision.verdict, Verdict::Hold { .. }),
        _ => false,
    };
    if outdated || (facts.iter().any(acts) && incident.is_outdated_to_act(context.now)) {
        return decided(policies, &incident.without_diagnosis(), context, model);
    }
    facts
}

fn decided(policies: &dyn Policies, incident: &Incident, context: &Context<'_>, model: bool) -> Vec<Fact> {
    let judged = policies.decide(incident, context);
    of_judged(policies, incident, context, judged, model)
}

/// What happens where no rule decides.
fn unmatched(incident: &Incident, model: bool) -> (Verdict, String) {
    let asked = incident.deciding.passed.as_slice();
    let before = match asked {
        [] => "no rule matched".to_string(),
        [plugin] => format!("plugin {plugin} knows no repair"),
        _ => format!("plugins {} know no repair", asked.join(", ")),
    };
    if model {
        (Verdict::Investigate, format!("{before}; the model is asked"))
    } else {
        (Verdict::Escalate, format!("{before} and no model is configured"))
    }
}

/// What is decided where policies would ask again what has been answered.
fn no_further(incident: &Incident, verdict: &Verdict, model: bool) -> Option<(Verdict, String)> {
    match verdict {
        Verdict::Plan { plugin } if incident.passed_over(plugin) => Some(unmatched(incident, model)),
        Verdict::Diagnose if incident.collected => Some(unmatched(incident, model)),
        _ => None,
    }
}

fn of_judged(
    policies: &dyn Policies,
    incident: &Incident,
    context: &Context<'_>,
    judged: RuleDecision,
    model: bool,
) -> Vec<Fact> {
    let mut decision = judged.decision.unwrap_or_else(|| {
        let (verdict, reason) = unmatched(incident, model);
        Decision {
            verdict,
            rule: None,
            reason,
            mode: context.mode,
            evidence: Vec::new(),
            faults: Vec::new(),
            policies: policies.digest(),
        }
    });
    if let Some((verdict, reason)) = no_further(incident, &decision.verdict, model) {
        (decision.verdict, decision.reason, decision.rule) = (verdict, reason, None);
    }
    decision.mode = decision.mode.min(context.mode);
    decision.faults = judged.faults;
    let shortest = incident.shortest_hold(decision.rule.as_deref(), context.now);
    if let Verdict::Hold { until } = &mut decision.verdict {
        *until = (*until).max(context.now.saturating_add(shortest).unwrap_or(Timestamp::MAX));
    }
    if let Some((verdict, reason)) = incident.waits(&decision.verdict, context.now) {
        (decision.verdict, decision.reason) = (verdict, reason);
        decision.evidence.clear();
    }
    if decision.evidence.is_empty() && matches!(decision.verdict, Verdict::Investigate | Verdict::Plan { .. }) {
        decision.evidence = policies.evidence(incident, context);
    }
    let mut facts = Vec::new();
    if let Verdict::Remediate { actions, alternatives } = &decision.verdict {
        let origin = Origin::Policy { rule: decision.rule.clone().unwrap_or_default() };
        let together = if *alternatives { ProposalRelation::Alternatives } else { ProposalRelation::Steps };
        facts = accept(policies, incident, context, actions.clone(), &origin, together);
    }
    facts.insert(0, Fact::Decided { decision: Arc::new(decision) });
    facts
}
