//! Pods that no node takes, and which constraint leaves none.

use super::CauseSet;
use super::fields::{between, condition, contains_word, object, short, text};
use super::observations::Observations;
use crate::domain::{Cause, NamedCause};
use crate::evidence::Event;

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for pod in world.of("Pod") {
        if !text(pod, "/spec/nodeName").is_empty() && text(pod, "/status/phase") != "Pending" {
            continue;
        }
        let unscheduled = condition(pod, "PodScheduled").filter(|one| one.status == "False");
        let event = || world.warnings(pod).find(|event| event.reason == "FailedScheduling");
        let said = match unscheduled {
            Some(condition) if !condition.message.is_empty() => condition.message.to_string(),
            Some(_) => event().map(|event| event.message.clone()).unwrap_or_default(),
            None if text(pod, "/status/phase") == "Pending" && text(pod, "/spec/nodeName").is_empty() => {
                match event() {
                    Some(event) => event.message.clone(),
                    None => continue,
                }
            }
            None => continue,
        };
        add(world, found, object(pod), &said);
    }
    let events: Vec<(String, String)> = world
        .strangers()
        .filter(|event| event.reason == "FailedScheduling")
        .map(|event| (short(&event.object), event.message.clone()))
        .collect();
    for (object, said) in events {
        add(world, found, object, &said);
    }
}

fn add(world: &Observations<'_>, found: &mut CauseSet, object: String, said: &str) {
    // What would help by preemption says less than why no node takes it.
    let reasons = match said.split_once("nodes are available: ").map(|(_, body)| body.split(". ").next()) {
        Some(Some(body)) => said.find(body).and_then(|at| said.get(..at + body.len())).unwrap_or(said),
        _ => said,
    };
    for (cause, what, confidence) in constraints(reasons) {
        let mut named = NamedCause::new(cause, object.clone(), confidence);
        named.what = what;
        named.said = short(reasons);
        named.evidence.push(short(reasons));
        named.evidence.extend(cordoned(world, cause));
        named.evidence.extend(not_enlarged(world, &object));
        found.add(named);
    }
}

/// Why the autoscaler of the nodes adds none for a pod.
fn not_enlarged(world: &Observations<'_>, object: &str) -> Option<String> {
    let name = object.rsplit(['/', ' ']).next().unwrap_or_default();
    let about = |event: &&Event| event.reason == "NotTriggerScaleUp" && event.object.rsplit(' ').next() == Some(name);
    world.events.iter().rev().find(about).map(|event| short(&event.message))
}

fn cordoned(world: &Observations<'_>, cause: Cause) -> Option<String> {
    let nodes = world.of("Node").filter(|node| node.pointer("/spec/unschedulable") == Some(&true.into()));
    let names: Vec<String> = nodes.take(5).map(|node| short(text(node, "/metadata/name"))).collect();
    (cause == Cause::NodesCordoned && !names.is_empty()).then(|| format!("cordoned: {}", names.join(", ")))
}

/// Each constraint that the scheduler names, the one that keeps out the most nodes first.
fn constraints(said: &str) -> Vec<(Cause, String, u8)> {
    if contains_word(said, &["unbound immediate persistentvolumeclaims", "persistentvolumeclaim \""]) {
        let claim = between(said, "persistentvolumeclaim \"", "\"").unwrap_or_default();
        return vec![(Cause::ClaimPending, short(claim), 80)];
    }
    let body = said.split_once("nodes are available: ").map_or(said, |(_, body)| body);
    let mut all: Vec<(u64, Cause, String)> = Vec::new();
    for part in parts(body) {
        let many = part.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(1);
        let lower = part.to_lowercase();
        let known = if let Some((_, resource)) = lower.split_once("insufficient ") {
            Some((Cause::InsufficientResources, short(resource.trim_end_matches('.'))))
        } else if lower.contains("unschedulable") {
            Some((Cause::NodesCordoned, String::new()))
        } else if lower.contains("no instance type") || lower.contains("would exceed limit") {
            // An autoscaler of nodes, which could add none that is large enough.
            Some((Cause::InsufficientResources, String::new()))
        } else if lower.contains("did not tolerate") {
            Some((Cause::TaintNotTolerated, short(part.rsplit("did not tolerate ").next().unwrap_or_default())))
        } else if lower.contains("taint") {
            let taint = between(part, "{", "}").unwrap_or_default().replace(": }", "}");
            Some((Cause::TaintNotTolerated, short(taint.trim_end_matches([':', ' ']))))
        } else if lower.contains("pod affinity") || lower.contains("anti-affinity") || lower.contains("topology spread")
        {
            Some((Cause::PodAffinityUnmatched, String::new()))
        } else if lower.contains("volume node affinity")
            || lower.contains("persistentvolume's node affinity")
            || lower.contains("volume zone")
            || lower.contains("no available volume zone")
        {
            Some((Cause::VolumeZoneConflict, String::new()))
        } else if lower.contains("node affinity") || lower.contains("node selector") {
            Some((Cause::NodeSelectorUnmatched, String::new()))
        } else if lower.contains("enough free storage") {
            Some((Cause::StorageCapacityExhausted, String::new()))
        } else if lower.contains("persistent volumes to bind") {
            Some((Cause::ClaimPending, String::new()))
        } else if lower.contains("too many pods") || lower.contains("free ports") || lower.contains("max volume count")
        {
            Some((Cause::NodesFull, String::new()))
        } else {
            None
        };
        if let Some((cause, what)) = known {
            match all.iter_mut().find(|(_, other, _)| *other == cause) {
                Some((count, _, whats)) => {
                    *count += many;
                    // What keeps everything out says less than what keeps this pod out.
                    if whats.is_empty() || usual(whats) && !usual(&what) {
                        *whats = what;
                    } else if !what.is_empty() && !whats.contains(&what) && !usual(&what) {
                        *whats = short(&format!("{whats}, {what}"));
                    }
                }
                None => all.push((many, cause, what)),
            }
        }
    }
    if all.iter().any(|(_, cause, what)| *cause != Cause::TaintNotTolerated || !usual(what)) {
        all.retain(|(_, cause, what)| *cause != Cause::TaintNotTolerated || !usual(what));
    }
    all.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    if all.is_empty() {
        return vec![(Cause::Unschedulable, String::new(), 60)];
    }
    let sure = if all.len() == 1 { 95 } else { 85 };
    all.into_iter().map(|(_, cause, what)| (cause, what, sure)).collect()
}

/// Control planes and broken nodes take no pods anyway; what else is named is what keeps this one out.
fn usual(taint: &str) -> bool {
    contains_word(taint, &["node-role.kubernetes.io/", "node.kubernetes.io/"])
}

/// The parts between commas that are outside braces.
fn parts(text: &str) -> Vec<&str> {
    let (mut all, mut from, mut depth) = (Vec::new(), 0, 0u32);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                all.extend(text.get(from..at).map(str::trim));
                from = at + 1;
            }
            _ => {}
        }
    }
    all.extend(text.get(from..).map(|rest| rest.trim().trim_end_matches('.')));
    all.into_iter().filter(|part| !part.is_empty()).take(16).collect()
}
