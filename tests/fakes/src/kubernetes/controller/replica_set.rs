//! Keeps as many pods as a ReplicaSet asks for; a deleted pod comes back under a new name.

use serde_json::{Value, json};

use crate::kubernetes::events::{self, Event};
use crate::kubernetes::resources::PODS;
use crate::kubernetes::store::{Cluster, Key};
use crate::kubernetes::{json, kubelet, names, objects};

/// One round for one ReplicaSet.
pub fn reconcile(cluster: &mut Cluster, key: &Key) {
    let Some(set) = cluster.get(key).cloned() else {
        return;
    };
    let uid = json::text(&set, "/metadata/uid");
    let wanted = usize::try_from(json::number(&set, "/spec/replicas")).unwrap_or_default();
    let mut pods = cluster.owned(PODS.plural, uid);
    for _ in pods.len()..wanted {
        create(cluster, &set);
    }
    // Pods that are not ready go first, as they do on a real cluster.
    pods.sort_by_key(|pod| cluster.get(pod).is_some_and(is_ready));
    for pod in pods.iter().take(pods.len().saturating_sub(wanted)) {
        cluster.remove(pod);
        let message = format!("Deleted pod: {}", pod.name);
        events::record(cluster, &set, &Event::normal("replicaset-controller", "SuccessfulDelete", message));
    }
    write_status(cluster, key, set);
}

fn create(cluster: &mut Cluster, set: &Value) {
    let owner = json::text(set, "/metadata/name");
    let namespace = json::text(set, "/metadata/namespace");
    let recorded = cluster.settings.suffixes.get_mut(owner).and_then(|left| match left.is_empty() {
        true => None,
        false => Some(left.remove(0)),
    });
    let number = cluster.next();
    let suffix = recorded.unwrap_or_else(|| names::pod_suffix(owner, number));
    let pod = objects::pod(set, &suffix, number, 0);
    if cluster.get(&Key::new(&PODS, namespace, json::text(&pod, "/metadata/name"))).is_some() {
        // The next round tries the next number.
        return;
    }
    let pod = kubelet::adopt(cluster, pod);
    let message = format!("Created pod: {}", json::text(&pod, "/metadata/name"));
    events::record(cluster, set, &Event::normal("replicaset-controller", "SuccessfulCreate", message));
}

fn write_status(cluster: &mut Cluster, key: &Key, mut set: Value) {
    let pods = cluster.owned(PODS.plural, json::text(&set, "/metadata/uid"));
    let ready = pods.iter().filter(|pod| cluster.get(pod).is_some_and(is_ready)).count();
    let mut status = json!({
        "replicas": pods.len(), "fullyLabeledReplicas": pods.len(),
        "observedGeneration": json::number(&set, "/metadata/generation"),
    });
    if ready > 0 {
        json::set(&mut status, "/readyReplicas", ready);
        json::set(&mut status, "/availableReplicas", ready);
    }
    json::set(&mut set, "/status", status);
    cluster.put(key.clone(), set);
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Value) -> bool {
    let mut conditions = json::list(pod, "/status/conditions").iter();
    conditions.any(|condition| json::text(condition, "/type") == "Ready" && json::text(condition, "/status") == "True")
}
