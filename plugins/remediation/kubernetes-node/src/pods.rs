//! What a drain would have to move, and what forbids it.

use serde_json::Value;
use tidegate_plugin::kubernetes::{Cluster, Kind, Selection, object, quote};
use tidegate_plugin::remediation::CallError;

/// Pods of a node that would not be named one by one in a condition.
const STAYING: usize = 24;

/// What a drain comes to.
pub(crate) enum Drain {
    /// Why it would not succeed, or that it cannot be known.
    Hindered(Vec<String>),
    /// So many pods move, and these stay because every node has them.
    Possible { moving: usize, staying: Vec<String> },
}

/// Looks at the pods of a node and at the budgets of those who own them.
pub(crate) fn drain(cluster: Cluster<'_>, node: &str) -> Result<Drain, CallError> {
    let fields = format!("spec.nodeName={node}");
    let here = Selection { fields: Some(&fields), ..Selection::default() };
    let Some(pods) = cluster.objects(Kind::POD, here)? else {
        return Ok(Drain::Hindered(vec!["its pods could not be listed whole".into()]));
    };
    let Some(budgets) = cluster.objects(Kind::DISRUPTION_BUDGET, Selection::default())? else {
        return Ok(Drain::Hindered(vec!["the PodDisruptionBudgets could not be listed whole".into()]));
    };
    let (mut hindrances, mut staying, mut moving) = (Vec::new(), Vec::new(), 0);
    for pod in &pods {
        let words = format!("{}/{}", object::text(pod, "/metadata/namespace"), object::name(pod));
        let owner = object::controller(pod).map(|(kind, _)| kind);
        if owner == Some("DaemonSet") || !object::annotation(pod, "kubernetes.io/config.mirror").is_empty() {
            staying.push(object::name(pod).to_string());
            continue;
        }
        if ["Succeeded", "Failed"].contains(&object::text(pod, "/status/phase")) {
            continue;
        }
        moving += 1;
        if owner.is_none() {
            hindrances.push(format!("pod {} has no controller that would start it elsewhere", quote::short(&words)));
        }
        let local = object::list(pod, "/spec/volumes").iter().any(|volume| volume.get("emptyDir").is_some());
        if local {
            hindrances.push(format!("pod {} would lose the data of an emptyDir", quote::short(&words)));
        }
        for budget in budgets.iter().filter(|budget| covers(budget, pod)) {
            if object::number(budget, "/status/disruptionsAllowed") == 0 {
                let budget = quote::short(object::name(budget));
                hindrances
                    .push(format!("the PodDisruptionBudget {budget} allows no disruption of {}", quote::short(&words)));
            }
        }
    }
    if staying.len() > STAYING {
        hindrances.push(format!("{} pods would stay, too many to tell when it is done", staying.len()));
    }
    if hindrances.is_empty() { Ok(Drain::Possible { moving, staying }) } else { Ok(Drain::Hindered(hindrances)) }
}

/// Whether a budget may be about a pod. One with expressions is taken to be.
fn covers(budget: &Value, pod: &Value) -> bool {
    if object::text(budget, "/metadata/namespace") != object::text(pod, "/metadata/namespace") {
        return false;
    }
    let labels = pod.pointer("/metadata/labels");
    let wanted = budget.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    wanted.into_iter().flatten().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}
