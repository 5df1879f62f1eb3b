//! Containers that end again and again, and those that are killed for their memory.

use serde_json::Value;

use super::fields::{condition, contains_word, list, number, object, short, text};
use super::image::WAITS;
use super::observations::{Container, Observations, containers};
use super::{CauseSet, job, logs, start};
use crate::domain::{Cause, NamedCause};

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for pod in world.of("Pod") {
        for container in containers(pod) {
            let done = container.init && container.status.pointer("/state/terminated/exitCode") == Some(&0.into());
            if done || WAITS.contains(&container.waits()) {
                continue;
            }
            if let Some(cause) = of(world, pod, &container) {
                found.add(cause);
            }
        }
        if text(pod, "/status/reason") == "Evicted" {
            let mut cause = NamedCause::new(Cause::Evicted, object(pod), 90);
            cause.said = short(text(pod, "/status/message"));
            cause.what = pressure(&cause.said).into();
            found.add(cause);
        }
        if let Some(target) = condition(pod, "DisruptionTarget").filter(|one| one.reason == "PreemptionByScheduler") {
            let mut cause = NamedCause::new(Cause::Preempted, object(pod), 92);
            cause.said = short(target.message);
            cause.evidence.push(target.why());
            found.add(cause);
        }
    }
    for event in world.strangers().filter(|event| event.reason == "Evicted") {
        let mut cause = NamedCause::new(Cause::Evicted, short(&event.object), 80);
        cause.said = short(&event.message);
        cause.what = pressure(&cause.said).into();
        found.add(cause);
    }
    for event in world.strangers().filter(|event| matches!(event.reason.as_str(), "OOMKilling" | "SystemOOM")) {
        found.told(Cause::OutOfMemory, event, 75);
    }
}

fn pressure(said: &str) -> &'static str {
    let lower = said.to_lowercase();
    // A container over its own limit is told in other words than a node that lacks something.
    let words = [
        ("ephemeral-storage", "ephemeral-storage"),
        ("ephemeral local storage", "ephemeral-storage"),
        ("usage of emptydir", "ephemeral-storage"),
        ("memory", "memory"),
        ("inodes", "inodes"),
        ("pids", "pids"),
    ];
    words.into_iter().find(|(word, _)| lower.contains(word)).map(|(_, what)| what).unwrap_or_default()
}

fn of(world: &Observations<'_>, pod: &Value, container: &Container<'_>) -> Option<NamedCause> {
    let (reason, code, message) = container.ended()?;
    let backs_off = container.waits() == "CrashLoopBackOff";
    let ended = container.status.pointer("/state/terminated").is_some();
    // What ended once and runs again is over, unless it was for its memory.
    if reason == "OOMKilled" && (!container.ready() || container.restarts() > 0) {
        let mut cause = NamedCause::new(Cause::OutOfMemory, object(pod), if container.ready() { 80 } else { 96 });
        let limit = container.spec.map(|spec| text(spec, "/resources/limits/memory")).unwrap_or_default();
        cause.what = short(limit);
        cause.evidence.push(format!("OOMKilled, exit code {}, limit {}", code.unwrap_or(137), or_unknown(limit)));
        return Some(filled(cause, container, code));
    }
    if !backs_off && (!ended || container.ready()) {
        return None;
    }
    // That a container is killed is recorded as normal.
    let killed = world
        .warnings(pod)
        .chain(world.told(pod))
        .find(|event| matches!(event.reason.as_str(), "Killing" | "Unhealthy"));
    let by_probe = killed.filter(|event| contains_word(&event.message, &["liveness probe", "startup probe"]));
    if let Some(event) = by_probe.filter(|_| matches!(code, Some(137 | 143 | 0 | 1 | 2))) {
        let startup = contains_word(&event.message, &["startup probe"]);
        let cause = if startup { Cause::StartsTooSlowly } else { Cause::LivenessProbeFails };
        let mut cause = NamedCause::new(cause, object(pod), 85);
        cause.said = short(&event.message);
        cause.evidence.push(short(&event.message));
        return Some(filled(cause, container, code));
    }
    let log = world.log(pod, container);
    let started = !matches!(reason, "ContainerCannotRun" | "StartError");
    // A shell that may not execute a command says so like of any other file.
    let of_shell = |word: logs::LogCause| code == Some(126) && word.cause == Cause::FileNotAccessible;
    let by_shell = started
        && matches!(code, Some(126 | 127))
        && log.is_none_or(|log| logs::exit_cause(&log.text).is_none_or(of_shell));
    if by_shell || !started {
        let cause = if by_shell { Cause::CommandNotFound } else { start::failure(message) };
        let mut cause = NamedCause::new(cause, object(pod), if cause == Cause::ContainerNotCreated { 75 } else { 88 });
        cause.what = short(if cause.cause == Cause::ImageArchitectureMismatch { container.image() } else { "" });
        let last = log.filter(|_| by_shell && message.is_empty()).and_then(|log| logs::last(&log.text));
        cause.said = last.unwrap_or_else(|| short(message));
        return Some(filled(cause, container, code));
    }
    let word = log.and_then(|log| logs::exit_cause(&log.text)).or_else(|| logs::exit_cause(message));
    if log.is_some_and(|log| contains_word(&log.text, &["exec format error"])) {
        let mut cause = NamedCause::new(Cause::ImageArchitectureMismatch, object(pod), 92);
        cause.what = short(container.image());
        return Some(filled(cause, container, code));
    }
    let rollout = after_rollout(world, pod);
    let mut cause = NamedCause::new(Cause::CrashLoop, object(pod), 70);
    if let Some(word) = word {
        cause = NamedCause::new(word.cause, object(pod), word.confidence);
        (cause.what, cause.said) = (word.what, word.line.clone());
        cause.evidence.push(word.line);
    } else {
        let last = log.and_then(|log| logs::telling(&log.text));
        cause.said = last.unwrap_or_else(|| short(message));
        if job::runs_once(pod) {
            cause.cause = Cause::JobFailed;
        } else if rollout.is_some() {
            (cause.cause, cause.confidence) = (Cause::CrashAfterRollout, 85);
            cause.what = short(container.image());
        }
    }
    cause.evidence.extend(rollout);
    Some(filled(cause, container, code))
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() { "unknown".into() } else { short(text) }
}

fn filled(mut cause: NamedCause, container: &Container<'_>, code: Option<i64>) -> NamedCause {
    cause.container = short(container.name());
    (cause.code, cause.restarts) = (code, container.restarts());
    if let Some(code) = code.filter(|_| cause.cause != Cause::OutOfMemory) {
        cause.evidence.push(format!("exit code {code}, {} restarts", container.restarts()));
    }
    cause
}

/// Whether the pod is of a revision that is being rolled out while pods of an earlier one run: an observation
/// that says so.
fn after_rollout(world: &Observations<'_>, pod: &Value) -> Option<String> {
    let workload = world.workload(pod)?;
    let revision = text(workload, "/metadata/annotations/deployment.kubernetes.io~1revision");
    let of = |field: &str| number(workload, &format!("/status/{field}")).unwrap_or(0);
    let first = revision == "1" || revision.is_empty() && of("updatedReplicas") == 0;
    let kind = text(workload, "/kind");
    let sets = list(workload, "/status/conditions").len();
    let others = of("replicas") > of("updatedReplicas");
    let stuck = condition(workload, "Progressing").is_some_and(|one| one.reason == "ProgressDeadlineExceeded");
    let revised =
        kind == "StatefulSet" && text(workload, "/status/currentRevision") != text(workload, "/status/updateRevision");
    let rolls = kind == "Deployment" && !first && (others || stuck) && sets > 0;
    (rolls || revised).then(|| {
        format!(
            "{} is at revision {}: {} of {} pods are of it, {} are ready",
            object(workload),
            if revision.is_empty() { "?" } else { revision },
            of("updatedReplicas"),
            of("replicas"),
            of("readyReplicas"),
        )
    })
}
