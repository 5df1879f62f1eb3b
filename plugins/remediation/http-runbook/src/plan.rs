//! Which runbooks help an incident.

use serde_json::{Map, Value};
use tidegate_plugin::kubernetes::quote;
use tidegate_plugin::looks::Looks;
use tidegate_plugin::remediation::{Alert, Call, Incident, Plan, Planned, Proposal, Verification, firing, own_call};

use crate::settings::{Runbook, Settings};

/// Proposals of one plan.
const MOST: usize = 8;

/// Every runbook that names a firing alert, once for each set of arguments.
pub(crate) fn plan(incident: &Incident, settings: &Settings) -> Plan {
    settings.checked()?;
    let looks = Looks::new();
    let mut proposals: Vec<Proposal> = Vec::new();
    for alert in firing(incident) {
        for (name, runbook) in &settings.runbooks {
            if !runbook.alerts.contains(&alert.name) || proposals.len() >= MOST {
                continue;
            }
            match arguments(runbook, alert) {
                Ok(arguments) => {
                    let proposal = proposal(name, runbook, arguments, alert, settings);
                    if !proposals.iter().any(|known| known.target == proposal.target) {
                        proposals.push(proposal);
                    }
                }
                Err(why) => looks.found(format!("runbook/{name}"), format!("it is not proposed: {why}"), vec![]),
            }
        }
    }
    Ok(Planned { proposals, findings: looks.findings(), extra: vec![] })
}

fn arguments(runbook: &Runbook, alert: &Alert) -> Result<Map<String, Value>, String> {
    let mut arguments = Map::new();
    for (name, parameter) in &runbook.parameters {
        let Some(value) = alert.label_value(&parameter.label) else {
            return Err(format!("alert {} has no label {}", quote::marked(&alert.name), parameter.label));
        };
        if !parameter.allows(value) {
            return Err(format!(
                "the label {} has the value {}, which is not allowed",
                parameter.label,
                quote::marked(value)
            ));
        }
        arguments.insert(name.clone(), Value::from(value));
    }
    Ok(arguments)
}

fn proposal(
    name: &str,
    runbook: &Runbook,
    arguments: Map<String, Value>,
    alert: &Alert,
    settings: &Settings,
) -> Proposal {
    let words = arguments.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    let words = words.collect::<Vec<_>>().join(" ");
    let target = if words.is_empty() { format!("runbook/{name}") } else { format!("runbook/{name} {words}") };
    let verify = runbook.verify.as_ref().and_then(|verify| {
        Some(Verification {
            look: call(&verify.runbook, settings.runbooks.get(&verify.runbook)?, &arguments),
            present: verify.present.clone(),
            absent: verify.absent.clone(),
            applied: vec![],
            within_ms: verify.within_seconds.saturating_mul(1000),
            every_ms: verify.every_seconds.saturating_mul(1000),
        })
    });
    let undo = runbook.undo.as_ref().and_then(|undo| Some(call(undo, settings.runbooks.get(undo)?, &arguments)));
    let mut evidence = vec![format!("the alert {} fires, for which this runbook is named", quote::marked(&alert.name))];
    if undo.is_none() {
        evidence.push("no runbook is named that takes it back".into());
    }
    Proposal {
        call: call(name, runbook, &arguments),
        target,
        reason: runbook.description.clone(),
        evidence,
        root_cause: String::new(),
        verify,
        undo,
        extra: vec![],
    }
}

/// A call of a runbook with those arguments that it takes.
fn call(name: &str, runbook: &Runbook, arguments: &Map<String, Value>) -> Call {
    let own: Map<String, Value> = arguments
        .iter()
        .filter(|(name, _)| runbook.parameters.contains_key(*name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    own_call(crate::NAME, name, &Value::Object(own))
}
