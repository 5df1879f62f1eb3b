//! Whether a pod is the only one of its workload that is not well.

use serde_json::Value;
use tidegate_plugin::kubernetes::object;
use tidegate_plugin::remediation::CallError;

use super::Finding;
use crate::symptom::{AGAIN, Symptom};
use crate::workload::Case;

/// The pods of a workload, all but one of which are ready.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Siblings {
    pub desired: u64,
    pub ready: u64,
}

/// The siblings of the one pod that crashes; none where others are not well either, there are no others, or a rollout
/// is under way.
pub(super) fn of_the_only_one(case: &Case<'_>, findings: &[Finding<'_>]) -> Result<Option<Siblings>, CallError> {
    let crash = |finding: &Finding<'_>| matches!(&finding.symptom, Symptom::Crash(it) if it.restarts >= AGAIN);
    let Some(first) = findings.iter().find(|finding| crash(finding)) else { return Ok(None) };
    if findings.iter().any(|other| object::name(other.pod) != object::name(first.pod)) {
        return Ok(None);
    }
    let read = match &case.deployment {
        Some(deployment) => Some(deployment.clone()),
        None => case.read()?,
    };
    Ok(read.as_ref().filter(|workload| !object::paused(workload)).and_then(|workload| of(&case.kind, workload)))
}

/// All of a workload's pods but one, if they are of its newest revision and ready.
fn of(kind: &str, workload: &Value) -> Option<Siblings> {
    let number = |at: &str| object::number(workload, at);
    let (desired, ready) = match kind {
        "DaemonSet" => (number("/status/desiredNumberScheduled"), number("/status/numberReady")),
        _ => (number("/spec/replicas"), number("/status/readyReplicas")),
    };
    let newest = match kind {
        "DaemonSet" => number("/status/updatedNumberScheduled") == desired,
        "StatefulSet" => {
            object::text(workload, "/status/currentRevision") == object::text(workload, "/status/updateRevision")
        }
        "Deployment" => number("/status/updatedReplicas") == desired && number("/status/replicas") == desired,
        _ => true,
    };
    let observed = number("/status/observedGeneration") >= number("/metadata/generation");
    (desired >= 2 && ready + 1 == desired && newest && observed).then_some(Siblings { desired, ready })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_but_one_are_ready_and_of_the_newest_revision() {
        let web = |ready: u64, updated: u64, seen: u64| {
            json!({"metadata": {"generation": 3}, "spec": {"replicas": 3}, "status": {"observedGeneration": seen,
                "replicas": 3, "updatedReplicas": updated, "readyReplicas": ready}})
        };
        assert_eq!(of("Deployment", &web(2, 3, 3)), Some(Siblings { desired: 3, ready: 2 }));
        assert_eq!(of("Deployment", &web(1, 3, 3)), None);
        assert_eq!(of("Deployment", &web(3, 3, 3)), None);
        assert_eq!(of("Deployment", &web(2, 1, 3)), None, "a rollout is under way");
        assert_eq!(of("Deployment", &web(2, 3, 2)), None, "one is about to begin");
        let one = json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "updatedReplicas": 1}});
        assert_eq!(of("Deployment", &one), None, "it has no siblings");
        let db = |update: &str| json!({"spec": {"replicas": 3}, "status": {"readyReplicas": 2, "currentRevision": "a", "updateRevision": update}});
        assert_eq!(of("StatefulSet", &db("a")), Some(Siblings { desired: 3, ready: 2 }));
        assert_eq!(of("StatefulSet", &db("b")), None);
        let agent = json!({"status": {"desiredNumberScheduled": 9, "numberReady": 8, "updatedNumberScheduled": 9}});
        assert_eq!(of("DaemonSet", &agent), Some(Siblings { desired: 9, ready: 8 }));
    }
}
