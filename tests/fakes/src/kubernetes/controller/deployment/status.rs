//! The status of a Deployment: counters and the two conditions that `rollout status` reads.

use serde_json::{Value, json};

use crate::clock;
use crate::kubernetes::json;
use crate::kubernetes::store::{Cluster, Key};

/// Writes the status of one Deployment.
pub fn write(cluster: &mut Cluster, key: &Key) {
    let Some(mut deployment) = cluster.get(key).cloned() else {
        return;
    };
    let sets = cluster.owned("replicasets", json::text(&deployment, "/metadata/uid"));
    let count = |pointer: &str| -> i64 {
        let each = sets.iter().filter_map(|set| cluster.get(set));
        each.map(|set| json::number(set, pointer)).sum()
    };
    let revision = json::text(&deployment, super::REVISION);
    let mut present = sets.iter().filter_map(|set| cluster.get(set));
    let newest = present.find(|set| json::text(set, super::REVISION) == revision).cloned().unwrap_or_default();
    let desired = json::number(&deployment, "/spec/replicas");
    let (replicas, available) = (count("/status/replicas"), count("/status/availableReplicas"));
    let updated = json::number(&newest, "/status/replicas");
    let complete = updated == desired && replicas == desired && available == desired;
    let stalled = !complete && cluster.deadline_passed.contains(json::text(&newest, "/metadata/uid"));

    let (_, unavailable_allowed) = super::limits(&deployment, desired);
    let enough = available >= desired - unavailable_allowed;
    let set_name = json::text(&newest, "/metadata/name");
    let conditions = [
        match enough {
            true => condition(
                &deployment,
                "Available",
                true,
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            ),
            false => condition(
                &deployment,
                "Available",
                false,
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
            ),
        },
        match (complete, stalled) {
            (true, _) => condition(
                &deployment,
                "Progressing",
                true,
                "NewReplicaSetAvailable",
                &format!("ReplicaSet \"{set_name}\" has successfully progressed."),
            ),
            (_, true) => condition(
                &deployment,
                "Progressing",
                false,
                "ProgressDeadlineExceeded",
                &format!("ReplicaSet \"{set_name}\" has timed out progressing."),
            ),
            _ => condition(
                &deployment,
                "Progressing",
                true,
                "ReplicaSetUpdated",
                &format!("ReplicaSet \"{set_name}\" is progressing."),
            ),
        },
    ];
    let mut status = json!({
        "observedGeneration": json::number(&deployment, "/metadata/generation"), "conditions": conditions,
    });
    let counters = [
        ("/replicas", replicas),
        ("/updatedReplicas", updated),
        ("/readyReplicas", count("/status/readyReplicas")),
        ("/availableReplicas", available),
        ("/unavailableReplicas", (replicas.max(desired) - available).max(0)),
    ];
    // The API leaves out counters that are zero, and parsers have to live with that.
    for (pointer, value) in counters.into_iter().filter(|(_, value)| *value > 0) {
        json::set(&mut status, pointer, value);
    }
    json::set(&mut deployment, "/status", status);
    cluster.put(key.clone(), deployment);
}

/// A condition whose times move only when it changes.
fn condition(deployment: &Value, kind: &str, holds: bool, reason: &str, message: &str) -> Value {
    let mut known = json::list(deployment, "/status/conditions").iter();
    let known = known.find(|known| json::text(known, "/type") == kind).cloned().unwrap_or_default();
    let status = if holds { "True" } else { "False" };
    let time = |unchanged: bool, pointer: &str| match (unchanged, json::text(&known, pointer)) {
        (true, time) if !time.is_empty() => time.to_owned(),
        _ => clock::rfc3339(0),
    };
    let same_status = json::text(&known, "/status") == status;
    let same = same_status && json::text(&known, "/reason") == reason && json::text(&known, "/message") == message;
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": time(same_status, "/lastTransitionTime"), "lastUpdateTime": time(same, "/lastUpdateTime"),
    })
}
