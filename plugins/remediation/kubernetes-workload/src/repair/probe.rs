//! A container that its own probe kills while it starts, or because it answers slowly: a probe that waits longer,
//! within bounds.
//!
//! A container that no longer answers is killed rightly, and nothing is proposed for it. Which container a failed probe
//! belongs to, the words of the cluster do not say; so it must be the only one of its pod with such a probe.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::write::Change;
use tidegate_plugin::kubernetes::{object, quote, verify};
use tidegate_plugin::remediation::{CallError, Proposal};

use super::{Finding, containers, manager_words, pod_words};
use crate::settings::Settings;
use crate::symptom::{Container, Symptom};
use crate::workload::Case;

/// Seconds that a probe may wait for the start, and for one answer.
const MOST_DELAY: u64 = 300;
const MOST_TIMEOUT: u64 = 10;

/// Failures in a row that a probe of the start may allow.
const MOST_FAILURES: u64 = 60;

/// How long a container that is to end may take for it where nothing else is said, and how one ends that takes longer.
const GRACE: u64 = 30;
const KILLED: i64 = 137;

/// Words of a probe that got no answer in time.
const SLOW: [&str; 3] = ["context deadline exceeded", "Client.Timeout", "timed out"];

/// What is changed of a probe.
struct Ease {
    field: &'static str,
    from: u64,
    to: u64,
    why: String,
}

/// Proposes an easier probe for the first container that a probe kills, or tells why not.
pub(super) fn propose(
    case: &Case<'_>,
    deployment: &Value,
    findings: &[Finding<'_>],
    settings: &Settings,
) -> Result<Option<Proposal>, CallError> {
    let ended = findings.iter().find_map(|finding| match &finding.symptom {
        Symptom::Crash(container) | Symptom::Restarted(container) if container.was_ended() => {
            Some((finding, container))
        }
        _ => None,
    });
    let Some((finding, container)) = ended else { return Ok(None) };
    let warnings = case.cluster.warnings(&case.namespace, object::name(finding.pod))?;
    let failed = [("startupProbe", "Startup probe failed"), ("livenessProbe", "Liveness probe failed")];
    let Some((probe, said)) = failed.into_iter().find_map(|(probe, start)| {
        let said = warnings.iter().rev().find(|said| said.starts_with(start))?;
        Some((probe, said.as_str()))
    }) else {
        return Ok(None);
    };
    let about = containers::words(case, container);
    let mut evidence = vec![
        format!(
            "{}: container {} was ended from outside and restarted {} times",
            pod_words(case, finding.pod),
            quote::short(&container.name),
            container.restarts
        ),
        format!("the cluster says {}", quote::marked(said)),
    ];
    evidence.extend(container.lived.map(|lived| format!("it had run {lived} seconds when it was ended the last time")));
    let told = |why: &str, evidence: Vec<String>| {
        case.found(format!("the {probe} of {about} fails, and the container is ended for it; {why}"), evidence);
        Ok(None)
    };
    let Some(current) = containers::template(deployment, container).and_then(|one| one.get(probe)) else {
        return told("its template has no such probe any more", evidence);
    };
    let probed =
        object::list(deployment, "/spec/template/spec/containers").iter().filter(|one| one.get(probe).is_some());
    if probed.count() != 1 {
        return told("several containers have one, and which of them fails is not told", evidence);
    }
    let grace = current.get("terminationGracePeriodSeconds");
    let grace = grace.or_else(|| deployment.pointer("/spec/template/spec/terminationGracePeriodSeconds"));
    let grace = grace.and_then(Value::as_u64).unwrap_or(GRACE);
    let Some(ease) = ease(probe, current, said, container, grace) else {
        return told("it had been running and does not answer, so the probe is right", evidence);
    };
    if !settings.ease_probes {
        return told("ease_probes is off, so it is not changed", evidence);
    }
    if ease.to <= ease.from {
        return told(&format!("its {} is {} already, so it is not raised further", ease.field, ease.from), evidence);
    }
    evidence.push(ease.why);
    evidence.push("a container that hangs is noticed later by as much; all its pods are replaced".into());
    evidence.extend(manager_words(case));
    let mut fields = serde_json::Map::new();
    fields.insert(ease.field.into(), json!(ease.to));
    let fields = json!({ probe: fields });
    let before = json!({ probe: {ease.field: current.get(ease.field)} });
    let Change { call, back } = match containers::set(case, deployment, container, &fields, &before) {
        Ok(change) => change,
        Err(why) => return told(&why, evidence),
    };
    Ok(Some(Proposal {
        call,
        target: case.target(),
        reason: format!("raise {} of the {probe} of {about} from {} to {}", ease.field, ease.from, ease.to),
        evidence,
        root_cause: format!("the {probe} ends container {} before it can answer", quote::short(&container.name)),
        verify: verify::rollout(&case.cluster, deployment, &[]),
        undo: Some(back),
        extra: vec![],
    }))
}

/// What would let the container live; none where the probe is right.
fn ease(probe: &str, current: &Value, said: &str, container: &Container, grace: u64) -> Option<Ease> {
    // The API fills these in; the defaults are its own.
    let number = |field: &str, default: u64| current.get(field).and_then(Value::as_u64).unwrap_or(default);
    let (period, failures) = (number("periodSeconds", 10).max(1), number("failureThreshold", 3).max(1));
    let delay = number("initialDelaySeconds", 0);
    if probe == "startupProbe" {
        let to = failures.saturating_mul(2).min(MOST_FAILURES);
        let why = format!("its start may take {} seconds so far", delay + period * failures);
        return Some(Ease { field: "failureThreshold", from: failures, to, why });
    }
    // One period more than the probe's own patience: what died by then has never been up. What had to be killed lived
    // on through its grace period.
    let killed = container.exit_code == Some(KILLED);
    let patience = (delay + period * (failures + 1)).saturating_add(if killed { grace } else { 0 });
    if container.lived.is_some_and(|lived| lived <= patience) {
        let to = (delay + period * failures).min(MOST_DELAY);
        let why = format!("it is ended within {patience} seconds, before it was ever up: it gets no longer to start");
        return Some(Ease { field: "initialDelaySeconds", from: delay, to, why });
    }
    if SLOW.iter().any(|words| said.contains(words)) {
        let from = number("timeoutSeconds", 1);
        let to = from.saturating_mul(2).min(MOST_TIMEOUT).min(period);
        return Some(Ease {
            field: "timeoutSeconds",
            from,
            to,
            why: "it answers, and more slowly than the probe waits".into(),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_had_to_be_killed_lived_on_through_its_grace_period() {
        let probe = json!({"initialDelaySeconds": 10, "periodSeconds": 10, "failureThreshold": 3});
        let container = |exit_code: i64, lived: u64| Container {
            name: "app".into(),
            list: "containers",
            image: "web:1".into(),
            reason: "Error".into(),
            message: String::new(),
            restarts: 4,
            exit_code: Some(exit_code),
            lived: Some(lived),
        };
        let eased = |container: &Container, grace: u64| {
            ease("livenessProbe", &probe, "connection refused", container, grace).map(|ease| ease.field)
        };
        assert_eq!(eased(&container(143, 50), 30), Some("initialDelaySeconds"));
        assert_eq!(eased(&container(143, 70), 30), None, "it ended when it was asked to, so it had been up");
        assert_eq!(eased(&container(137, 70), 30), Some("initialDelaySeconds"));
        assert_eq!(eased(&container(137, 70), 5), None);
        assert_eq!(eased(&container(137, 300), 30), None, "it had been up");
    }
}
