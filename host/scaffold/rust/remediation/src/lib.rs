//! Looks whether the service of an incident has failed, and proposes to restart it with its own action.

use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_plugin::host::look;
use tidegate_plugin::http::{Request, Secret, Success};
use tidegate_plugin::remediation::{Action, CallError, Capability, Incident, Plan, Planned, Proposal, Risk};
use tidegate_plugin::remediation::{arguments, capability, own_call};

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The label that names the service.
    label: String,
}

tidegate_plugin::remediation!(plan, Settings, capabilities, execute);

fn capabilities(_: &Settings) -> Result<Vec<Capability>, CallError> {
    Ok(vec![capability("restart", "Restarts a service", Risk::Low, &json!({"service": {"type": "string"}}))])
}

fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let mut planned = Planned { proposals: vec![], findings: vec![], extra: vec![] };
    let Some((_, service)) = incident.labels.iter().find(|(name, _)| *name == settings.label) else { return Ok(planned) };
    let about = json!({"service": service});
    let seen = look("deploy.status", &about.to_string()).map_err(|error| CallError::Other(format!("{error:?}")))?;
    let seen: Value = serde_json::from_str(&seen).unwrap_or_default();
    if seen["state"] == "failed" {
        planned.proposals.push(Proposal {
            call: own_call("{{name}}", "restart", &about),
            target: format!("service/{service}"),
            reason: format!("{service} has failed"),
            evidence: vec![format!("deploy.status says {}", seen["state"])],
            root_cause: seen["reason"].as_str().unwrap_or_default().into(),
            verify: None,
            undo: None,
            extra: vec![],
        });
    }
    Ok(planned)
}

/// Runs only once the gate has permitted exactly this.
fn execute(attempt_id: &str, what: &Action, _: &Settings) -> Result<String, CallError> {
    let about: Value = arguments(what)?;
    let request = Request::post("https://deploy.example.com/restart").bearer(Secret::named("token"));
    let request = request.header("idempotency-key", attempt_id).json(about);
    request.send("deploy.example.com", 0).success(Success::AnyForm)?;
    Ok("restarted".into())
}
