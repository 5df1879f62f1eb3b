//! Keeps one ReplicaSet per pod template and moves the pods from the old ones to the newest.

mod status;

use serde_json::Value;

use crate::kubernetes::events::{self, Event};
use crate::kubernetes::resources::REPLICA_SETS;
use crate::kubernetes::store::{Cluster, Key};
use crate::kubernetes::{json, names, objects};

const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

/// One round for one Deployment.
pub fn reconcile(cluster: &mut Cluster, key: &Key) {
    let Some(mut deployment) = cluster.get(key).cloned() else {
        return;
    };
    if !json::truth(&deployment, "/spec/paused") {
        let newest = newest_set(cluster, &deployment);
        let revision = revision(cluster.get(&newest));
        json::set(&mut deployment, REVISION, revision.to_string());
        deployment = cluster.put(key.clone(), deployment);
        roll(cluster, &deployment, &newest);
    }
    status::write(cluster, key);
}

fn revision(set: Option<&Value>) -> i64 {
    set.map_or(0, |set| json::text(set, REVISION).parse().unwrap_or_default())
}

/// The ReplicaSet of the present template: found again after an undo, made anew otherwise.
fn newest_set(cluster: &mut Cluster, deployment: &Value) -> Key {
    let sets = cluster.owned("replicasets", json::text(deployment, "/metadata/uid"));
    let last = sets.iter().map(|set| revision(cluster.get(set))).max().unwrap_or_default();
    let template = json::at(deployment, "/spec/template");
    let same = |set: &&Key| cluster.get(set).is_some_and(|set| same_template(set, &template));
    if let Some(key) = sets.iter().find(same).cloned() {
        let found = cluster.get(&key).cloned();
        if let Some(mut found) = found.filter(|found| revision(Some(found)) < last) {
            json::set(&mut found, REVISION, (last + 1).to_string());
            // A rollout begins anew, and with it the time it may take.
            cluster.deadline_passed.remove(json::text(&found, "/metadata/uid"));
            cluster.put(key.clone(), found);
        }
        return key;
    }
    let hash = hash(cluster, &template);
    let name = format!("{}-{hash}", json::text(deployment, "/metadata/name"));
    let key = Key::new(&REPLICA_SETS, json::text(deployment, "/metadata/namespace"), &name);
    cluster.put(key.clone(), objects::replica_set(deployment, &name, &hash, last + 1, 0));
    key
}

fn same_template(set: &Value, template: &Value) -> bool {
    let mut own = json::at(set, "/spec/template");
    json::remove(&mut own, "/metadata/labels", "pod-template-hash");
    own == *template
}

/// The recorded hash for a template that differs from a recorded one in nothing but the image.
fn hash(cluster: &Cluster, template: &Value) -> String {
    let image = json::text(template, "/spec/containers/0/image");
    let plain = template.pointer("/metadata/annotations").is_none();
    let recorded = cluster.settings.hashes.get(image).filter(|_| plain);
    recorded.cloned().unwrap_or_else(|| names::template_hash(&template.to_string()))
}

/// One step of a rolling update, after the arithmetic of the real controller.
fn roll(cluster: &mut Cluster, deployment: &Value, newest: &Key) {
    let desired = json::number(deployment, "/spec/replicas");
    let all = cluster.owned("replicasets", json::text(deployment, "/metadata/uid"));
    let old: Vec<Key> = all.iter().filter(|set| *set != newest).cloned().collect();
    let wanted = |cluster: &Cluster, set: &Key| cluster.get(set).map_or(0, |set| json::number(set, "/spec/replicas"));
    let available =
        |cluster: &Cluster, set: &Key| cluster.get(set).map_or(0, |set| json::number(set, "/status/availableReplicas"));
    let old_wanted: i64 = old.iter().map(|set| wanted(cluster, set)).sum();
    let new_wanted = wanted(cluster, newest);
    if json::text(deployment, "/spec/strategy/type") == "Recreate" && old_wanted > 0 {
        for set in &old {
            scale(cluster, deployment, set, 0);
        }
        return;
    }
    let (surge, unavailable) = limits(deployment, desired);
    let room = if old_wanted == 0 { desired } else { desired + surge - old_wanted };
    let target = if new_wanted > desired { desired } else { desired.min(room.max(new_wanted)) };
    scale(cluster, deployment, newest, target);

    let total = old_wanted + target;
    let least = desired - unavailable;
    let new_unavailable = target - available(cluster, newest);
    let mut spare = total - least - new_unavailable;
    for set in &old {
        let broken = wanted(cluster, set) - available(cluster, set);
        let fewer = broken.min(spare).max(0);
        scale(cluster, deployment, set, wanted(cluster, set) - fewer);
        spare -= fewer;
    }
    let all_available: i64 = all.iter().map(|set| available(cluster, set)).sum();
    let mut surplus = all_available - least;
    for set in &old {
        let fewer = wanted(cluster, set).min(surplus).max(0);
        scale(cluster, deployment, set, wanted(cluster, set) - fewer);
        surplus -= fewer;
    }
}

/// How many pods there may be too many and too few.
fn limits(deployment: &Value, desired: i64) -> (i64, i64) {
    let limit = |name: &str, round_up: i64| {
        let value = json::at(deployment, &format!("/spec/strategy/rollingUpdate/{name}"));
        let percent = value.as_str().and_then(|text| text.trim_end_matches('%').parse::<i64>().ok());
        percent.map_or(value.as_i64().unwrap_or(1), |percent| (desired * percent + round_up) / 100)
    };
    let (surge, unavailable) = (limit("maxSurge", 99), limit("maxUnavailable", 0));
    // Both 0 would never move anything.
    if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
}

fn scale(cluster: &mut Cluster, deployment: &Value, key: &Key, replicas: i64) {
    let Some(mut set) = cluster.get(key).cloned() else {
        return;
    };
    let before = json::number(&set, "/spec/replicas");
    if before == replicas {
        return;
    }
    json::set(&mut set, "/spec/replicas", replicas);
    let generation = json::number(&set, "/metadata/generation") + 1;
    json::set(&mut set, "/metadata/generation", generation);
    cluster.put(key.clone(), set);
    let direction = if before < replicas { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {} from {before} to {replicas}", key.name);
    events::record(cluster, deployment, &Event::normal("deployment-controller", "ScalingReplicaSet", message));
}
