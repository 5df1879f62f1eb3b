//! What nothing is wrong with, and what only looks so.

use serde_json::{Value, json};

use super::{Server, alert, answered};
use crate::diagnosis::causes;

fn found(words: &str, objects: &[Value]) -> String {
    let alert = alert(words);
    let looks: Vec<_> = objects.iter().map(|one| answered(&one.to_string(), Server::Go)).collect();
    causes([&alert], &looks).first().map_or("none", |first| first.cause.as_str()).to_string()
}

fn pod(ready: bool, restarts: u64, last: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-7f9c6d5b8-x2k4p", "namespace": "shop", "ownerReferences":
            [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7f9c6d5b8", "controller": true}]},
        "spec": {"nodeName": "n1", "containers": [{"name": "web"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
            "containerStatuses": [{"name": "web", "ready": ready, "restartCount": restarts,
                "state": {"running": {}}, "lastState": last}]}})
}

fn deployment(updated: u64, available: u64, reason: &str) -> Vec<Value> {
    let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"replicas": 2}, "status": {"replicas": 2},
        "metadata": {"name": "web-7f9c6d5b8", "namespace": "shop", "ownerReferences":
            [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": true}]}});
    let status = if reason == "ProgressDeadlineExceeded" { "False" } else { "True" };
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "generation": 3}, "spec": {"replicas": 2},
        "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": updated, "readyReplicas": available,
            "availableReplicas": available,
            "conditions": [{"type": "Progressing", "status": status, "reason": reason, "message": "m"}]}});
    vec![deployment, set]
}

const POD: &str = "alertname=KubePodNotReady namespace=shop pod=web-7f9c6d5b8-x2k4p";
const DEPLOYMENT: &str = "alertname=KubeDeploymentReplicasMismatch namespace=shop deployment=web";

#[test]
fn what_is_well_again_is_said_and_what_may_come_back_is_not() {
    assert_eq!(found(POD, &[pod(true, 0, json!({}))]), "recovered");
    assert_eq!(found(POD, &[pod(false, 0, json!({}))]), "none");
    // It ended a moment ago, and looks well between two crashes.
    let ended = |at: &str| json!({"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": at}});
    let crashes = "alertname=KubePodCrashLooping namespace=shop pod=web-7f9c6d5b8-x2k4p";
    assert_eq!(found(crashes, &[pod(true, 7, ended("1970-01-01T00:00:00Z"))]), "none");
    assert_eq!(found(crashes, &[pod(true, 7, ended("1969-12-31T23:00:00Z"))]), "recovered");
    // A pod that is ready may still be slow, and another one than the alert's says nothing.
    assert_eq!(
        found("alertname=HighLatency namespace=shop pod=web-7f9c6d5b8-x2k4p", &[pod(true, 0, json!({}))]),
        "none"
    );
    assert_eq!(
        found("alertname=KubePodNotReady namespace=shop pod=web-7f9c6d5b8-other", &[pod(true, 0, json!({}))]),
        "none"
    );
    assert_eq!(found(DEPLOYMENT, &deployment(2, 2, "NewReplicaSetAvailable")), "recovered");
    let node = |ready: &str, cordoned: bool| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {"unschedulable": cordoned},
            "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "KubeletReady"}]}})
    };
    assert_eq!(found("alertname=KubeNodeNotReady node=n1", &[node("True", false)]), "recovered");
    assert_eq!(found("alertname=KubeNodeNotReady node=n1", &[node("True", true)]), "none");
    assert_eq!(found("alertname=KubeNodeNotReady node=n1", &[node("Unknown", false)]), "node-not-ready");
}

#[test]
fn a_rollout_that_goes_on_is_no_trouble_and_one_that_stands_still_is() {
    assert_eq!(found(DEPLOYMENT, &deployment(1, 2, "ReplicaSetUpdated")), "rollout-in-progress");
    assert_eq!(found(DEPLOYMENT, &deployment(2, 1, "ReplicaSetUpdated")), "rollout-in-progress");
    assert_eq!(found(DEPLOYMENT, &deployment(1, 2, "ProgressDeadlineExceeded")), "rollout-stuck");
    let with_pod = |pod: Value| [vec![pod], deployment(1, 1, "ReplicaSetUpdated")].concat();
    assert_eq!(found(POD, &with_pod(pod(false, 0, json!({})))), "rollout-in-progress");
    let crashed = json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "1970-01-01T00:00:00Z"}});
    assert_ne!(found(POD, &with_pod(pod(false, 2, crashed))), "rollout-in-progress");
}
