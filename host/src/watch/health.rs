//! How objects stand, in the words in which kubelets and controllers tell of it, as far as they have any: pure.

use std::borrow::Cow;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::object::{Condition, ObjectState, Status, UpdateStrategy};
use super::resource::Resource;

/// How long what crashes must run before that is over: it runs for a while each time.
const SETTLES: SignedDuration = SignedDuration::from_mins(10);

/// One thing about an object that is well or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// Which one.
    pub key: &'static str,
    /// Whether it is.
    pub well: bool,
    /// The word for what is wrong.
    pub word: Cow<'static, str>,
    /// The word for its end.
    pub over: &'static str,
    /// What is said of it.
    pub message: String,
    /// Since when.
    pub at: Option<String>,
    /// How long it must be well before it is over.
    pub settles: SignedDuration,
    /// What it was read off.
    pub condition: Value,
}

/// Everything that is looked at; nothing of an object whose controller has not seen yet what it is to be.
pub fn health_of(resource: Resource, object: &ObjectState) -> Vec<Health> {
    let status = &object.status;
    if status.observed_generation.is_some_and(|seen| seen < object.metadata.generation) {
        return Vec::new();
    }
    match resource {
        Resource::Events => Vec::new(),
        Resource::Nodes => NODE.iter().filter_map(|row| row.of(status)).collect(),
        Resource::Deployments => {
            let there = status.available_replicas.unwrap_or_default();
            let rows = DEPLOYMENT.iter().filter_map(|row| row.of(status));
            rows.chain([available(there, object.spec.replicas.unwrap_or(1))]).collect()
        }
        Resource::StatefulSets => {
            let replicas = object.spec.replicas.unwrap_or(1);
            let there = status.available_replicas.or(status.ready_replicas).unwrap_or_default();
            let rolls = status.update_revision.is_some() && status.update_revision != status.current_revision;
            let updated = if rolls { status.updated_replicas.unwrap_or_default() } else { replicas };
            vec![available(there, replicas), rolled_out(object.spec.update_strategy.as_ref(), updated, replicas)]
        }
        Resource::DaemonSets => {
            let nodes = status.desired_number_scheduled.unwrap_or_default();
            let updated = status.updated_number_scheduled.unwrap_or_default();
            let there = nodes - status.number_unavailable.unwrap_or_default();
            vec![available(there, nodes), rolled_out(object.spec.update_strategy.as_ref(), updated, nodes)]
        }
        Resource::Jobs => JOB.iter().filter_map(|row| row.of(status)).collect(),
        Resource::Pods => containers(status),
    }
}

/// Since when a job has come to its end, and what is said of it; none where it has not.
pub fn completed(object: &ObjectState) -> Option<&Condition> {
    object.status.condition("Complete").filter(|condition| condition.status == "True")
}

/// A condition of a kind of objects.
struct Row {
    kind: &'static str,
    /// The status that is well.
    well: &'static str,
    /// The word for what is wrong, where the condition's own is not taken, and for its end.
    words: [&'static str; 2],
    /// Whether the condition's own reason is the word.
    own: bool,
}

const fn row(kind: &'static str, well: &'static str, words: [&'static str; 2]) -> Row {
    Row { kind, well, words, own: false }
}

const NODE: [Row; 4] = [
    row("Ready", "True", ["NodeNotReady", "NodeReady"]),
    row("MemoryPressure", "False", ["NodeHasInsufficientMemory", "NodeHasSufficientMemory"]),
    row("DiskPressure", "False", ["NodeHasDiskPressure", "NodeHasNoDiskPressure"]),
    row("PIDPressure", "False", ["NodeHasInsufficientPID", "NodeHasSufficientPID"]),
];

const DEPLOYMENT: [Row; 3] = [
    row("Available", "True", ["MinimumReplicasUnavailable", "MinimumReplicasAvailable"]),
    Row { own: true, ..row("Progressing", "True", ["ProgressDeadlineExceeded", "DeploymentProgressing"]) },
    row("ReplicaFailure", "False", ["FailedCreate", "SuccessfulCreate"]),
];

const JOB: [Row; 1] = [Row { own: true, ..row("Failed", "False", ["JobFailed", "JobNotFailed"]) }];

impl Row {
    /// Of an object that does not say how it stands nothing is known, but that what it no longer says is over.
    fn of(&self, status: &Status) -> Option<Health> {
        let [word, over] = self.words;
        let absent = Condition::default();
        let condition = match status.condition(self.kind) {
            Some(condition) => condition,
            None if self.well == "False" => &absent,
            None => return None,
        };
        // What nobody knows is not well, but for what a node that does not answer may run short of: that it does not is told.
        let well = condition.status == self.well || (condition.status != "True" && self.well == "False");
        let own = condition.reason.clone().filter(|reason| self.own && !reason.is_empty());
        Some(Health {
            key: self.kind,
            well,
            word: own.map_or(Cow::Borrowed(word), Cow::Owned),
            over,
            message: condition.message.clone().unwrap_or_default(),
            at: condition.last_transition_time.clone().filter(|at| !at.is_empty()),
            settles: SignedDuration::ZERO,
            condition: json!(condition),
        })
    }
}

fn counted(key: &'static str, well: bool, words: [&'static str; 2], message: String) -> Health {
    let [word, over] = words;
    let condition = json!({ "type": key, "status": if well { "True" } else { "False" } });
    let settles = SignedDuration::ZERO;
    Health { key, well, word: word.into(), over, message, at: None, settles, condition }
}

fn available(there: i64, wanted: i64) -> Health {
    let message = format!("{} of {wanted} replicas are available", there.max(0));
    counted("Replicas", there >= wanted, ["ReplicasUnavailable", "ReplicasAvailable"], message)
}

/// What is exchanged by hand, or not to be exchanged, is not waited for.
fn rolled_out(strategy: Option<&UpdateStrategy>, updated: i64, wanted: i64) -> Health {
    let by_hand = strategy.is_some_and(|strategy| strategy.kind == "OnDelete");
    let left = strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.partition).unwrap_or_default();
    let message = format!("{} of {wanted} replicas are of the newest version", updated.max(0));
    counted("Rollout", by_hand || updated >= wanted - left, ["RolloutIncomplete", "RolloutComplete"], message)
}

/// Reasons for which containers wait that do not pass by themselves: which trouble each is of, and its words.
const WAITING: [(&str, &str, [&str; 2]); 3] = [
    ("Crashing", "CrashLoopBackOff", ["CrashLoopBackOff", "Started"]),
    ("Image", "ImagePullBackOff ErrImagePull InvalidImageName ErrImageNeverPull", ["ImagePullBackOff", "Pulled"]),
    (
        "Config",
        "CreateContainerConfigError CreateContainerError RunContainerError",
        ["CreateContainerConfigError", "Created"],
    ),
];

fn containers(status: &Status) -> Vec<Health> {
    let one = |(key, reasons, words): &(&'static str, &str, [&'static str; 2])| {
        let found = status.containers().find_map(|container| {
            let waiting = container.state.as_ref()?.waiting.as_ref()?;
            let reason = waiting.reason.as_deref().filter(|reason| !reason.is_empty())?;
            reasons.split(' ').any(|known| known == reason).then_some((container, reason, waiting))
        });
        let message = found.map(|(container, reason, waiting)| {
            let said = waiting.message.as_deref().unwrap_or_default();
            format!("container {}: {reason} after {} restarts: {said}", container.name, container.restart_count)
        });
        let settles = if *key == "Crashing" { SETTLES } else { SignedDuration::ZERO };
        Health { settles, ..counted(key, found.is_none(), *words, message.unwrap_or_default()) }
    };
    WAITING.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(resource: Resource, object: Value) -> String {
        let object: ObjectState = serde_json::from_value(object).unwrap();
        let wrong = health_of(resource, &object).into_iter().filter(|judged| !judged.well);
        wrong.map(|judged| format!("{}: {}", judged.word, judged.message)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn deployments_tell_of_deadlines_replicas_and_quotas() {
        let deployment = |generation: i64, progressing: &str, available: &str| {
            json!({
                "metadata": { "name": "web", "namespace": "shop", "generation": generation, "managedFields": [{ "manager": "x" }] },
                "spec": { "replicas": 3, "template": { "spec": {} } },
                "status": { "observedGeneration": 2, "availableReplicas": if available == "True" { 3 } else { 1 }, "conditions": [
                    { "type": "Available", "status": available, "reason": "MinimumReplicasUnavailable", "message": "not enough" },
                    { "type": "Progressing", "status": progressing, "reason": "ProgressDeadlineExceeded", "message": "timed out" },
                ] },
            })
        };
        assert_eq!(told(Resource::Deployments, deployment(2, "True", "True")), "");
        assert_eq!(
            told(Resource::Deployments, deployment(2, "False", "False")),
            "MinimumReplicasUnavailable: not enough; ProgressDeadlineExceeded: timed out; ReplicasUnavailable: 1 of 3 replicas are available"
        );
        assert_eq!(told(Resource::Deployments, deployment(3, "False", "False")), "", "of what it was to be before");
        let quota = json!({ "metadata": {}, "spec": { "replicas": 0 }, "status": { "conditions": [{ "type": "ReplicaFailure", "status": "True", "message": "exceeded quota" }] } });
        assert_eq!(told(Resource::Deployments, quota), "FailedCreate: exceeded quota");
        assert_eq!(
            told(
                Resource::Deployments,
                json!({ "metadata": {}, "spec": { "replicas": 0 }, "status": { "conditions": null } })
            ),
            ""
        );
    }

    #[test]
    fn sets_tell_how_far_they_are_and_what_is_left_on_purpose_is_no_trouble() {
        let set = |strategy: Value, updated: i64, ready: i64| {
            json!({ "metadata": {}, "spec": { "replicas": 3, "updateStrategy": strategy }, "status": {
                "readyReplicas": ready, "updatedReplicas": updated, "currentRevision": "a", "updateRevision": "b" } })
        };
        let rolling = json!({ "type": "RollingUpdate" });
        assert_eq!(told(Resource::StatefulSets, set(rolling.clone(), 3, 3)), "");
        assert_eq!(
            told(Resource::StatefulSets, set(rolling, 1, 2)),
            "ReplicasUnavailable: 2 of 3 replicas are available; RolloutIncomplete: 1 of 3 replicas are of the newest version"
        );
        assert_eq!(told(Resource::StatefulSets, set(json!({ "type": "OnDelete" }), 0, 3)), "");
        let canary = json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 2 } });
        assert_eq!(told(Resource::StatefulSets, set(canary, 1, 3)), "");
        let nodes = json!({ "metadata": {}, "status": { "desiredNumberScheduled": 5, "updatedNumberScheduled": 4, "numberUnavailable": 1 } });
        assert!(told(Resource::DaemonSets, nodes).starts_with("ReplicasUnavailable: 4 of 5"));
        assert_eq!(told(Resource::DaemonSets, json!({ "metadata": {}, "status": {} })), "");
    }

    #[test]
    fn jobs_and_pods_tell_what_does_not_pass() {
        let job = |kind: &str| json!({ "metadata": {}, "status": { "conditions": [{ "type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": "too often" }] } });
        assert_eq!(told(Resource::Jobs, job("Failed")), "BackoffLimitExceeded: too often");
        assert_eq!(told(Resource::Jobs, job("Complete")), "");
        assert!(completed(&serde_json::from_value(job("Complete")).unwrap()).is_some());
        assert!(completed(&serde_json::from_value(job("Failed")).unwrap()).is_none());
        let pod = |state: Value| {
            json!({ "metadata": {}, "status": { "containerStatuses": [
            { "name": "side", "state": { "running": { "startedAt": "2026-07-01T12:00:00Z" } }, "restartCount": 0 },
            { "name": "web", "state": state, "restartCount": 7 },
        ] } })
        };
        assert_eq!(
            told(
                Resource::Pods,
                pod(json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 5m0s" } }))
            ),
            "CrashLoopBackOff: container web: CrashLoopBackOff after 7 restarts: back-off 5m0s"
        );
        assert!(
            told(Resource::Pods, pod(json!({ "waiting": { "reason": "ErrImagePull" } })))
                .starts_with("ImagePullBackOff: ")
        );
        assert_eq!(told(Resource::Pods, pod(json!({ "waiting": { "reason": "ContainerCreating" } }))), "");
    }
}
