//! Raises the maximum of one autoscaler, or says why not.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::write::{self, Change};
use tidegate_plugin::kubernetes::{Cluster, Kind, Selection, Subject, object, quote};
use tidegate_plugin::remediation::{CallError, Proposal, Verification};

use crate::settings::Settings;

/// Pods of the target that are not running and speak against more of them.
const WAITING: [&str; 3] = ["Pending", "ImagePullBackOff", "CrashLoopBackOff"];

pub(crate) fn propose(cluster: Cluster<'_>, about: &Subject, settings: &Settings) -> Result<Vec<Proposal>, CallError> {
    let Some(seen) = cluster.need(Kind::AUTOSCALER, &about.namespace, &about.name)? else { return Ok(vec![]) };
    let most = object::number(&seen, "/spec/maxReplicas");
    let (current, desired) =
        (object::number(&seen, "/status/currentReplicas"), object::number(&seen, "/status/desiredReplicas"));
    let mut evidence = vec![format!("it has {current} replicas, wants {desired} and may have {most}")];
    let condition = |kind: &str| object::condition(&seen, kind);
    let told = |text: String, evidence: Vec<String>| {
        cluster.looks.found(about.target(), text, evidence);
        Ok(vec![])
    };
    if let Some(active) = condition("ScalingActive").filter(|one| object::text(one, "/status") == "False") {
        evidence.push(format!("the cluster says {}", quote::marked(object::text(active, "/message"))));
        return told("it does not scale at all, because it cannot read what it measures".into(), evidence);
    }
    let limited = condition("ScalingLimited")
        .is_some_and(|one| object::text(one, "/status") == "True" && object::text(one, "/reason") == "TooManyReplicas");
    if most == 0 || current < most || !limited {
        return told("it is not held back by its maximum, so nothing is proposed".into(), evidence);
    }
    let wanted =
        most.saturating_add((most.saturating_mul(settings.raise_percent) / 100).max(1)).min(settings.most_replicas);
    if wanted <= most {
        let text = format!(
            "it is held back by its maximum of {most}; most_replicas is {}, so it is not raised",
            settings.most_replicas
        );
        return told(text, evidence);
    }
    // More pods that wait as well help nobody.
    let waiting = waiting(cluster, about, &seen)?;
    if !waiting.is_empty() {
        return told(
            "it is held back by its maximum; it is not raised, because more pods might not run".into(),
            waiting,
        );
    }
    if let Some(manager) = object::manager(&seen) {
        evidence.push(format!("it is managed by {manager}, which may put the old maximum back"));
    }
    evidence.push("the cluster says that it wants more replicas than it may have (TooManyReplicas)".into());
    evidence.push(
        "more replicas take more of the nodes, and of whatever they all use: connections, licences, quotas".into(),
    );
    let change = write::set_spec(cluster.server, Kind::AUTOSCALER, &seen, &json!({"maxReplicas": wanted}));
    let Change { call, back } = match change {
        Ok(change) => change,
        Err(why) => return told(format!("it is held back by its maximum; {why}"), evidence),
    };
    Ok(vec![Proposal {
        call,
        target: about.target(),
        reason: format!(
            "raise the maximum of autoscaler {}/{} from {most} to {wanted} replicas",
            about.namespace, about.name
        ),
        evidence,
        root_cause: "the load wants more replicas than the autoscaler may make".into(),
        verify: raised(cluster, about, wanted),
        undo: Some(back),
        extra: vec![],
    }])
}

/// What speaks against more pods of the target: that some wait, or that nothing is known of them.
fn waiting(cluster: Cluster<'_>, about: &Subject, seen: &Value) -> Result<Vec<String>, CallError> {
    let target = (object::text(seen, "/spec/scaleTargetRef/kind"), object::text(seen, "/spec/scaleTargetRef/name"));
    let Some(kind @ (Kind::DEPLOYMENT | Kind::STATEFUL_SET)) = Kind::named(target.0) else {
        return Ok(vec![format!("its target is a {}, whose pods are not known", quote::short(target.0))]);
    };
    if !tidegate_plugin::kubernetes::subject::is_name(target.1) {
        return Ok(vec!["its target has no name that the API knows".into()]);
    }
    let Some(workload) = cluster.get(kind, &about.namespace, target.1)? else {
        return Ok(vec![format!("its target {} could not be read", kind.target(&about.namespace, target.1))]);
    };
    let Some(selector) = object::selector(workload.pointer("/spec/selector/matchLabels")) else {
        return Ok(vec!["its target selects its pods by expressions".into()]);
    };
    let which = Selection { namespace: Some(&about.namespace), labels: Some(&selector), fields: None };
    let pods = cluster.list(Kind::POD, which)?;
    if pods.is_empty() {
        return Ok(vec!["no pod of its target could be listed".into()]);
    }
    let waiting = pods.iter().filter(|pod| WAITING.contains(&pod.status.as_str())).take(3);
    Ok(waiting.map(|pod| format!("pod {} is {}", quote::short(&pod.name), quote::short(&pod.status))).collect())
}

/// The maximum is raised, and no longer reached or wanted.
fn raised(cluster: Cluster<'_>, about: &Subject, wanted: u64) -> Option<Verification> {
    let applied = format!("$[?$.metadata.name && $.spec.maxReplicas == {wanted}]");
    let free = format!("$[?$.status.currentReplicas && $.status.desiredReplicas < {wanted}]");
    Some(Verification {
        look: cluster.call_to_get(Kind::AUTOSCALER, &about.namespace, &about.name)?,
        present: vec![applied.clone(), free],
        absent: vec![],
        applied: vec![applied],
        within_ms: 600_000,
        every_ms: 15_000,
    })
}
