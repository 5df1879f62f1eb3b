//! Looks that gates refused, or refuse now, for `policy explain`.

use serde_json::Value;

use crate::backend::policies::ExplainedLook;
use crate::domain::text::truncate;
use crate::domain::{Call, Decision, Incident, Origin};
use crate::gate;
use crate::policy::Set;
use crate::rules::Context;

/// Bytes of the arguments that are shown.
const SHOWN: usize = 300;

/// Every look of an incident that was refused or would be refused now, each once.
pub(super) fn of_incident(set: &Set, incident: &Incident, context: &Context<'_>) -> Vec<ExplainedLook> {
    let mut all: Vec<ExplainedLook> = Vec::new();
    for look in &incident.looks {
        let origin = gate::looks::origin(incident, &look.purpose, &look.call);
        let then = look.refused.is_some().then(|| look.told().into_owned());
        add(&mut all, explained(set, incident, &look.call, origin, then, context));
    }
    all
}

/// The evidence that a decision wants and would not get.
pub(super) fn of_evidence(
    set: &Set,
    incident: &Incident,
    decision: Option<&Decision>,
    context: &Context<'_>,
) -> Vec<ExplainedLook> {
    let mut all: Vec<ExplainedLook> = Vec::new();
    for call in decision.into_iter().flat_map(|decision| &decision.evidence) {
        let rule = decision.and_then(|decision| decision.rule.clone()).unwrap_or_default();
        add(&mut all, explained(set, incident, call, Origin::Policy { rule }, None, context));
    }
    all
}

fn add(all: &mut Vec<ExplainedLook>, one: ExplainedLook) {
    if (one.then.is_some() || one.now.is_some()) && !all.contains(&one) {
        all.push(one);
    }
}

fn explained(
    set: &Set,
    incident: &Incident,
    call: &Call,
    origin: Origin,
    then: Option<String>,
    context: &Context<'_>,
) -> ExplainedLook {
    let now = gate::looks::refusal(set, incident, call, &origin, context).map(|refused| refused.to_string());
    let arguments = truncate(&Value::Object(call.arguments.clone()).to_string(), SHOWN);
    ExplainedLook { tool: call.tool.clone(), arguments, origin, then, now }
}
