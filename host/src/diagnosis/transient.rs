//! What nothing is wrong with: an alert that is over before anybody has looked, and a rollout that goes on.
//!
//! Said only where nothing else was found, and only of alerts that say no more than that something does not run: a
//! pod that is ready may still be slow.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::CauseSet;
use super::fields::{condition, contains_word, list, number, object, short, text};
use super::observations::{Observations, containers};
use crate::domain::{Cause, NamedCause, Subject};
use crate::evidence::NODE_PRESSURES;

/// How long a container must have run since it ended the last time: what crashes is well between two crashes.
const QUIET: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    if !found.0.is_empty() || world.alerts.is_empty() {
        return;
    }
    let mut causes = Vec::new();
    for alert in world.alerts.iter().take(200) {
        // One alert of which nothing is known leaves it open.
        let Some(cause) = about(world, &alert.name, &alert.labels) else { return };
        causes.push(cause);
    }
    // What still goes on is not over.
    let goes_on = causes.iter().any(|cause| cause.cause == Cause::RolloutInProgress);
    let kept = causes.into_iter().filter(|cause| !goes_on || cause.cause == Cause::RolloutInProgress);
    kept.for_each(|cause| found.add(cause));
}

/// Whether an alert says that something does not run, or waits.
fn of_running(name: &str) -> bool {
    const WORDS: [&str; 16] = [
        "nothealthy",
        "statefulsetdown",
        "notready",
        "crashloop",
        "imagepull",
        "containerwaiting",
        "replicasmismatch",
        "rolloutstuck",
        "unavailable",
        "generationmismatch",
        "notrolledout",
        "notscheduled",
        "unreachable",
        "podpending",
        "claimpending",
        "notrunning",
    ];
    contains_word(&name.replace(['_', '-', ' '], ""), &WORDS)
}

fn about(world: &Observations<'_>, name: &str, labels: &crate::domain::Labels) -> Option<NamedCause> {
    if !of_running(name) {
        return None;
    }
    let subject = Subject::of_labels(name, labels)?;
    let namespace = subject.namespace.as_deref().unwrap_or_default();
    let seen = world.whole(subject.kind).find(|one| {
        text(one, "/metadata/name") == subject.name
            && (namespace.is_empty() || text(one, "/metadata/namespace") == namespace)
    })?;
    let said = well(seen, world.at).map(|said| (Cause::Recovered, 90, said));
    let rolls = || {
        let workload = if text(seen, "/kind") == "Deployment" { Some(seen) } else { world.workload(seen) }?;
        let quiet = text(seen, "/kind") != "Pod" || begins(seen);
        goes_on(workload).filter(|_| quiet).map(|said| (Cause::RolloutInProgress, 80, said))
    };
    let (cause, confidence, said) = said.or_else(rolls)?;
    let mut named = NamedCause::new(cause, object(seen), confidence);
    named.said = short(&said);
    named.evidence.push(named.said.clone());
    Some(named)
}

/// What shows that an object is as it should be; none where anything is not, or cannot be told.
fn well(seen: &Value, now: Timestamp) -> Option<String> {
    if !text(seen, "/metadata/deletionTimestamp").is_empty() {
        return None;
    }
    let at = |pointer: &str| number(seen, pointer);
    let is = |kind: &str, wanted: &str| condition(seen, kind).is_some_and(|one| one.status == wanted);
    let observed = at("/status/observedGeneration") >= at("/metadata/generation");
    match text(seen, "/kind") {
        "Pod" => {
            let quiet = containers(seen).all(|one| one.restarts() == 0 || runs_since(one.status, now));
            let own = list(seen, "/status/containerStatuses");
            let ready = !own.is_empty() && own.iter().all(|one| one.pointer("/ready") == Some(&Value::Bool(true)));
            (text(seen, "/status/phase") == "Running" && is("Ready", "True") && ready && quiet)
                .then(|| format!("all {} containers are ready", own.len()))
        }
        "Deployment" | "StatefulSet" => {
            let wanted = at("/spec/replicas").filter(|wanted| *wanted > 0)?;
            let all = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
            let full = all.iter().all(|field| at(&format!("/status/{field}")) == Some(wanted));
            let stuck = condition(seen, "Progressing").is_some_and(|one| one.status != "True");
            let paused = seen.pointer("/spec/paused") == Some(&Value::Bool(true));
            (full && observed && !stuck && !paused)
                .then(|| format!("{wanted} of {wanted} pods are ready and up to date"))
        }
        "DaemonSet" => {
            let wanted = at("/status/desiredNumberScheduled").filter(|wanted| *wanted > 0)?;
            let all = ["currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"];
            let full = all.iter().all(|field| at(&format!("/status/{field}")) == Some(wanted));
            let astray = at("/status/numberMisscheduled").unwrap_or(0) > 0;
            (full && observed && !astray).then(|| format!("{wanted} of {wanted} pods are ready and up to date"))
        }
        "Node" => {
            let cordoned = seen.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
            let good = is("Ready", "True") && !cordoned && !NODE_PRESSURES.iter().any(|kind| is(kind, "True"));
            good.then(|| "it is ready".to_string())
        }
        "PersistentVolumeClaim" => (text(seen, "/status/phase") == "Bound").then(|| "it is bound".to_string()),
        _ => None,
    }
}

/// Whether a container has run long enough since it ended the last time.
fn runs_since(status: &Value, now: Timestamp) -> bool {
    let ended = text(status, "/lastState/terminated/finishedAt").parse::<Timestamp>();
    ended.is_ok_and(|ended| now.duration_since(ended) >= QUIET)
}

/// Whether a pod has just been made and nothing has failed yet.
fn begins(pod: &Value) -> bool {
    let waits = ["", "ContainerCreating", "PodInitializing"];
    containers(pod).all(|one| one.restarts() == 0 && waits.contains(&one.waits()) && one.ended().is_none())
}

/// What shows that a Deployment is being rolled out and has moved within its deadline.
fn goes_on(deployment: &Value) -> Option<String> {
    let moving = condition(deployment, "Progressing").filter(|one| {
        one.status == "True" && one.reason != "NewReplicaSetAvailable" && one.reason != "DeploymentPaused"
    })?;
    let of = |field: &str| number(deployment, &format!("/status/{field}")).unwrap_or(0);
    let wanted = number(deployment, "/spec/replicas")?;
    let incomplete =
        of("updatedReplicas") < wanted || of("replicas") > of("updatedReplicas") || of("availableReplicas") < wanted;
    incomplete.then(|| {
        let (new, all, ready) = (of("updatedReplicas"), of("replicas"), of("availableReplicas"));
        format!("{new} of {all} pods are new, {ready} are available: {}", moving.why())
    })
}
