//! An object of the Kubernetes API, or one line of a server's listing.

use serde_json::Value;

use super::container::{Container, State};
use super::object_summary::{Condition, ObjectSummary};
use super::{event, short};

/// Reads an object that has a kind and a name.
pub(super) fn read(value: &Value) -> Option<ObjectSummary> {
    let metadata = value.get("metadata");
    let name = text(metadata.unwrap_or(value), "/name");
    let kind = text(value, "/kind");
    if name.is_empty() || kind.is_empty() && metadata.is_none() {
        return None;
    }
    let mut seen = ObjectSummary {
        kind: kind.into(),
        namespace: text(metadata.unwrap_or(value), "/namespace").into(),
        name: name.into(),
        ..ObjectSummary::default()
    };
    if kind == "Event" {
        seen.events.extend(event::read(value));
        (seen.name, seen.kind) = (String::new(), String::new());
        return Some(seen);
    }
    // A listing of mcp-server-kubernetes: name, namespace, kind, status.
    if metadata.is_none() {
        seen.phase = text(value, "/status").into();
        seen.status.clone_from(&seen.phase);
        return Some(seen);
    }
    state(value, &mut seen);
    facts(value, &mut seen);
    for (statuses, specs, init) in [
        ("initContainerStatuses", "initContainers", true),
        ("containerStatuses", "containers", false),
        ("ephemeralContainerStatuses", "ephemeralContainers", false),
    ] {
        let specs = list(value, &format!("/spec/{specs}"));
        for status in list(value, &format!("/status/{statuses}")).iter().take(32) {
            seen.containers.push(container(status, specs, init));
        }
    }
    for condition in list(value, "/status/conditions").iter().take(32) {
        seen.conditions.push(Condition {
            kind: text(condition, "/type").into(),
            status: text(condition, "/status").into(),
            reason: text(condition, "/reason").into(),
            message: text(condition, "/message").into(),
        });
    }
    Some(seen)
}

/// Whether there is something wrong with it, as far as it tells itself.
pub(super) fn troubled(seen: &ObjectSummary) -> bool {
    let well = ["", "Running", "Succeeded", "Completed", "Active", "Bound", "Ready", "Available", "True"];
    !well.contains(&seen.phase.as_str())
        || seen.conditions.iter().any(Condition::wrong)
        || seen.containers.iter().any(|one| !one.well())
        || seen.events.iter().any(|event| event.warning)
}

fn state(value: &Value, seen: &mut ObjectSummary) {
    let phase = text(value, "/status/phase");
    let reason = text(value, "/status/reason");
    seen.phase = if reason.is_empty() { phase } else { reason }.into();
    let mut status: Vec<String> =
        [phase, reason].iter().filter(|part| !part.is_empty()).map(|part| short(part)).collect();
    let deleted = text(value, "/metadata/deletionTimestamp");
    if !deleted.is_empty() {
        let held = list(value, "/metadata/finalizers").iter().filter_map(Value::as_str).collect::<Vec<_>>();
        let held = if held.is_empty() { String::new() } else { format!(", held by {}", short(&held.join(", "))) };
        status.push(format!("being deleted since {}{held}", short(deleted)));
    }
    seen.status = status.join(", ");
    let message = text(value, "/status/message");
    if !message.is_empty() {
        seen.status = format!("{}: {}", seen.status, short(message));
    }
}

fn facts(value: &Value, seen: &mut ObjectSummary) {
    let mut add = |fact: String| seen.facts.push(fact);
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_i64);
    let kind = text(value, "/kind");
    if let Some(owner) = list(value, "/metadata/ownerReferences").first() {
        add(format!("belongs to {} {}", short(text(owner, "/kind")).to_lowercase(), short(text(owner, "/name"))));
    }
    if kind == "Pod" && !text(value, "/spec/nodeName").is_empty() {
        add(format!("on node {}", short(text(value, "/spec/nodeName"))));
    }
    let (current, seen_by_controller) = (number("/metadata/generation"), number("/status/observedGeneration"));
    if let (Some(current), Some(observed)) = (current, seen_by_controller)
        && observed < current
    {
        add(format!("its controller has seen generation {observed} of {current}"));
    }
    let revision = text(value, "/metadata/annotations/deployment.kubernetes.io~1revision");
    if !revision.is_empty() {
        add(format!("revision {}", short(revision)));
    }
    if value.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        add("paused: it rolls nothing out".into());
    }
    if value.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        add("cordoned: it takes no new pods".into());
    }
    if let Some(replicas) = replicas(value) {
        add(replicas);
    }
    for container in list(value, "/spec/template/spec/containers").iter().take(8) {
        add(format!("image of {}: {}", short(text(container, "/name")), short(text(container, "/image"))));
    }
    match kind {
        "PersistentVolumeClaim" => {
            let class = text(value, "/spec/storageClassName");
            let size = text(value, "/spec/resources/requests/storage");
            let class_words = if class.is_empty() {
                "the default storage class".into()
            } else {
                format!("storage class {}", short(class))
            };
            add(format!("asks for {} of {class_words}", if size.is_empty() { "storage" } else { size }));
            let volume = text(value, "/spec/volumeName");
            if !volume.is_empty() {
                add(format!("volume {}", short(volume)));
            }
        }
        "Node" => {
            for taint in list(value, "/spec/taints").iter().take(8) {
                add(format!("taint {}:{}", short(text(taint, "/key")), short(text(taint, "/effect"))));
            }
        }
        "HorizontalPodAutoscaler" => {
            let target = [text(value, "/spec/scaleTargetRef/kind"), text(value, "/spec/scaleTargetRef/name")].join(" ");
            let of = |pointer: &str| number(pointer).map_or_else(|| "?".to_string(), |n| n.to_string());
            add(format!(
                "scales {}: {} replicas, {} wanted, between {} and {}",
                short(&target).to_lowercase(),
                of("/status/currentReplicas"),
                of("/status/desiredReplicas"),
                number("/spec/minReplicas").unwrap_or(1),
                of("/spec/maxReplicas")
            ));
        }
        "Job" => {
            let of = |pointer: &str| number(pointer).unwrap_or_default();
            let (active, done, failed) = (of("/status/active"), of("/status/succeeded"), of("/status/failed"));
            add(format!(
                "{active} active, {done} succeeded, {failed} failed, at most {} retries",
                number("/spec/backoffLimit").unwrap_or(6)
            ));
        }
        _ => {}
    }
    seen.class = text(value, "/spec/storageClassName").into();
}

fn replicas(value: &Value) -> Option<String> {
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_i64);
    if text(value, "/kind") == "HorizontalPodAutoscaler" {
        return None;
    }
    if let Some(wanted) = number("/status/desiredNumberScheduled") {
        let of = |field: &str| number(&format!("/status/{field}")).unwrap_or_default();
        return Some(format!(
            "pods: {wanted} wanted, {} updated, {} ready, {} unavailable",
            of("updatedNumberScheduled"),
            of("numberReady"),
            of("numberUnavailable")
        ));
    }
    let wanted = number("/spec/replicas")?;
    let of = |field: &str| number(&format!("/status/{field}")).unwrap_or_default();
    let rolls = matches!(text(value, "/kind"), "Deployment" | "StatefulSet");
    let updated = if rolls { format!(", {} updated", of("updatedReplicas")) } else { String::new() };
    Some(format!("replicas: {wanted} wanted, {} there{updated}, {} ready", of("replicas"), of("readyReplicas")))
}

fn container(status: &Value, specs: &[Value], init: bool) -> Container {
    let name = text(status, "/name");
    // What the pod was told to run; its status may hold a resolved name.
    let asked = specs.iter().find(|spec| text(spec, "/name") == name).map(|spec| text(spec, "/image"));
    Container {
        name: name.into(),
        image: asked.unwrap_or_else(|| text(status, "/image")).into(),
        state: one_state(status.get("state")).unwrap_or_default(),
        last: one_state(status.get("lastState")),
        ready: status.get("ready") == Some(&Value::Bool(true)),
        restarts: status.get("restartCount").and_then(Value::as_u64).unwrap_or_default(),
        init,
    }
}

fn one_state(value: Option<&Value>) -> Option<State> {
    let states = value?.as_object()?;
    let (word, state) =
        ["waiting", "terminated", "running"].iter().find_map(|word| Some((*word, states.get(*word)?)))?;
    let number = |key: &str| state.get(key).and_then(Value::as_i64);
    Some(State {
        word: word.into(),
        reason: text(state, "/reason").into(),
        message: text(state, "/message").into(),
        code: number("exitCode"),
        signal: number("signal"),
    })
}

/// A text at a pointer; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A list at a pointer; empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
