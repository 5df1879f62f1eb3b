//! What is plainly wrong by what was seen, without any rule or model: a claim that waits for a storage
//! class that does not exist, an image that is not there, a container that was killed for its memory.

use super::container::{Container, IMAGE};
use super::event::Event;
use super::seen::Seen;
use super::{document, readable, short};
use crate::domain::incident::Look;

/// Findings of one incident, and objects that one of them names.
const FINDINGS: usize = 12;
const OBJECTS: usize = 3;

/// Something that is wrong with one object, or in the same way with several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The first of the objects: `pod shop/web-1`.
    pub objects: Vec<String>,
    /// How many more there are than are named.
    pub more: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong. Every text is from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The registry has no such image.
    ImageNotFound {
        /// The reference.
        image: String,
    },
    /// The registry does not let the node in.
    ImageDenied {
        /// The reference.
        image: String,
    },
    /// The registry cannot be reached, or answers with a fault of its own.
    RegistryAway {
        /// The reference.
        image: String,
        /// In the words of the cluster.
        said: String,
    },
    /// The image cannot be pulled for another reason.
    ImageNotPulled {
        /// The reference.
        image: String,
        /// In the words of the cluster.
        said: String,
    },
    /// The reference is none.
    ImageInvalid {
        /// The reference.
        image: String,
    },
    /// A container ends again and again.
    Crashes {
        /// The container.
        container: String,
        /// How it ended the last time.
        code: Option<i64>,
        /// How often it began anew.
        restarts: u64,
        /// In the words of the cluster.
        said: String,
    },
    /// A container used more memory than its limit.
    OutOfMemory {
        /// The container.
        container: String,
        /// How often it began anew.
        restarts: u64,
    },
    /// A container cannot be made, mostly because a ConfigMap or Secret is not there.
    NotConfigured {
        /// The container.
        container: String,
        /// In the words of the cluster.
        said: String,
    },
    /// A claim names a storage class that does not exist.
    ClassMissing {
        /// The storage class.
        class: String,
    },
    /// A claim waits for another reason.
    ClaimWaits {
        /// In the words of the cluster.
        said: String,
    },
    /// No node takes the pod.
    Unschedulable {
        /// In the words of the cluster.
        said: String,
    },
    /// A probe fails.
    ProbeFails {
        /// In the words of the cluster.
        said: String,
    },
    /// A volume cannot be mounted or attached.
    MountFails {
        /// In the words of the cluster.
        said: String,
    },
    /// A node does not answer, or says that it cannot work.
    NodeNotReady {
        /// In the words of the cluster.
        said: String,
    },
    /// A node lacks something.
    NodePressure {
        /// The condition.
        what: String,
    },
    /// Pods or volumes are not made at all, such as by a quota.
    NotCreated {
        /// In the words of the cluster.
        said: String,
    },
    /// A rollout does not go on.
    RolloutStuck {
        /// In the words of the cluster.
        said: String,
    },
    /// An autoscaler cannot read what it scales by.
    NoMetrics {
        /// In the words of the cluster.
        said: String,
    },
    /// An autoscaler would want more than it may.
    AtLimit {
        /// In the words of the cluster.
        said: String,
    },
    /// A job has failed.
    JobFailed {
        /// In the words of the cluster.
        said: String,
    },
    /// A pod was evicted.
    Evicted {
        /// In the words of the cluster.
        said: String,
    },
}

/// What the looks show to be wrong, each once.
pub fn findings<'a>(looks: impl IntoIterator<Item = &'a Look>) -> Vec<Finding> {
    let mut all: Vec<Seen> = Vec::new();
    for look in looks {
        if look.ok && look.refused.is_none() {
            for seen in document::read(&look.call, readable(&look.text)).seen() {
                merge(&mut all, seen);
            }
        }
    }
    let mut found: Vec<Finding> = Vec::new();
    for seen in &all {
        for (object, problem) in of(seen, &all) {
            add(&mut found, object, problem);
        }
    }
    found.truncate(FINDINGS);
    found
}

/// A later look at the same object takes the place of an earlier one; their events are put together, and a
/// list of events goes to the objects that it is about.
fn merge(all: &mut Vec<Seen>, mut seen: Seen) {
    if all.len() >= 2000 {
        return;
    }
    if seen.name.is_empty() {
        let mut strangers = Vec::new();
        for event in std::mem::take(&mut seen.events) {
            match all.iter_mut().find(|one| one.is_told_of_by(&event)) {
                Some(known) => known.events.push(event),
                None => strangers.push(event),
            }
        }
        if !strangers.is_empty() {
            all.push(Seen { events: strangers, ..Seen::default() });
        }
        return;
    }
    let same = |one: &&mut Seen| one.is(&seen.kind) && one.name == seen.name && one.namespace == seen.namespace;
    // What was told of it before it was looked at.
    for stranger in all.iter_mut().filter(|one| one.name.is_empty()) {
        let (own, others) =
            std::mem::take(&mut stranger.events).into_iter().partition(|event| seen.is_told_of_by(event));
        stranger.events = others;
        seen.events.extend::<Vec<Event>>(own);
    }
    match all.iter_mut().find(same) {
        // A line of a listing says less than the object.
        Some(known) if seen.conditions.is_empty() && seen.containers.is_empty() && seen.class.is_empty() => {
            known.events.append(&mut seen.events);
        }
        Some(known) => {
            seen.events.append(&mut known.events);
            *known = seen;
        }
        None => all.push(seen),
    }
}

fn add(found: &mut Vec<Finding>, object: String, problem: Problem) {
    match found.iter_mut().find(|known| known.problem == problem) {
        Some(known) if known.objects.contains(&object) => {}
        Some(known) if known.objects.len() < OBJECTS => known.objects.push(object),
        Some(known) => known.more += 1,
        None => found.push(Finding { objects: vec![object], more: 0, problem }),
    }
}

fn of(seen: &Seen, all: &[Seen]) -> Vec<(String, Problem)> {
    let object = seen.object();
    let mut problems: Vec<Problem> = Vec::new();
    problems.extend(seen.containers.iter().filter_map(|one| container(one, seen)));
    if seen.phase == "Evicted" {
        let said = seen.status.split_once(": ").map(|(_, said)| said).unwrap_or_default();
        problems.push(Problem::Evicted { said: short(said) });
    }
    if let Some(condition) = seen.wrong("PodScheduled") {
        problems.push(Problem::Unschedulable { said: short(&condition.message) });
    }
    if seen.is("node") {
        if let Some(condition) = seen.wrong("Ready") {
            problems.push(Problem::NodeNotReady { said: condition.why() });
        }
        for what in ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"] {
            // Of a node that does not answer all conditions are unknown.
            if seen.wrong(what).is_some_and(|condition| condition.status == "True") {
                problems.push(Problem::NodePressure { what: what.into() });
            }
        }
    }
    if seen.is("horizontalpodautoscaler") {
        let no_metrics = seen.wrong("ScalingActive").or_else(|| seen.wrong("AbleToScale"));
        problems.extend(no_metrics.map(|condition| Problem::NoMetrics { said: condition.why() }));
        let limited = seen.wrong("ScalingLimited").filter(|condition| condition.reason == "TooManyReplicas");
        problems.extend(limited.map(|condition| Problem::AtLimit { said: short(&condition.message) }));
    }
    if seen.is("job") {
        let failed = seen.wrong("Failed").or_else(|| seen.wrong("FailureTarget"));
        problems.extend(failed.map(|condition| Problem::JobFailed { said: condition.why() }));
    }
    if let Some(condition) = seen.wrong("ReplicaFailure") {
        problems.push(Problem::NotCreated { said: short(&condition.message) });
    }
    if let Some(condition) = seen.wrong("Progressing").filter(|one| one.reason == "ProgressDeadlineExceeded") {
        problems.push(Problem::RolloutStuck { said: short(&condition.message) });
    }
    if seen.is("persistentvolumeclaim") && seen.phase != "Bound" {
        problems.extend(claim(seen));
    }
    let mut found: Vec<(String, Problem)> = problems.into_iter().map(|problem| (object.clone(), problem)).collect();
    // What the object's own state says already is not said again by its events.
    if found.is_empty() {
        let events = seen.events.iter().filter(|event| event.warning);
        found.extend(events.filter_map(|event| {
            let about = if seen.name.is_empty() { short(&event.object) } else { object.clone() };
            let told = all.iter().any(|one| one.is_told_of_by(event));
            (!told).then(|| Some((about, by_event(event)?)))?
        }));
    }
    found
}

fn container(container: &Container, seen: &Seen) -> Option<Problem> {
    let name = short(&container.name);
    let state = &container.state;
    if IMAGE.contains(&state.reason.as_str()) {
        let pulls = seen.events.iter().filter(|event| event.warning && event.reason == "Failed");
        let said = pulls.map(|event| event.message.as_str()).chain([state.message.as_str()]);
        let said: Vec<&str> = said.filter(|text| text.contains(&container.image) || text.contains("pull")).collect();
        return Some(image(&short(&container.image), &state.reason, &said));
    }
    if matches!(state.reason.as_str(), "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError") {
        return Some(Problem::NotConfigured { container: name, said: short(&state.message) });
    }
    let ended = [Some(state), container.last.as_ref()].into_iter().flatten().find(|one| one.failed());
    if ended.is_some_and(|ended| ended.reason == "OOMKilled") && (!container.ready || container.restarts > 0) {
        return Some(Problem::OutOfMemory { container: name, restarts: container.restarts });
    }
    if state.reason == "CrashLoopBackOff" || ended.is_some() && !container.ready && state.word != "running" {
        return Some(Problem::Crashes {
            container: name,
            code: ended.and_then(|ended| ended.code),
            restarts: container.restarts,
            said: short(&ended.map(|ended| ended.message.clone()).unwrap_or_default()),
        });
    }
    None
}

/// Why an image could not be pulled, by the runtime's words.
fn image(image: &str, reason: &str, said: &[&str]) -> Problem {
    let image = image.to_string();
    let has = |words: &[&str]| {
        said.iter().any(|text| {
            let text = text.to_lowercase();
            words.iter().any(|word| text.contains(word))
        })
    };
    let first = said.iter().find(|text| !text.contains("Back-off")).or_else(|| said.first());
    let words = first.map(|text| short(text)).unwrap_or_default();
    if reason == "InvalidImageName" {
        return Problem::ImageInvalid { image };
    }
    if has(&[
        "timeout",
        "timed out",
        "deadline exceeded",
        "connection refused",
        "connection reset",
        "no such host",
        "no route to host",
        "tls handshake",
        "x509",
        "toomanyrequests",
        "429 too many",
        "500 internal",
        "502 bad gateway",
        "503 service",
        "unexpected eof",
    ]) {
        return Problem::RegistryAway { image, said: words };
    }
    if has(&[
        "unauthorized",
        "authentication required",
        "access denied",
        "access forbidden",
        "403 forbidden",
        "no basic auth",
        "denied:",
    ]) {
        return Problem::ImageDenied { image };
    }
    if has(&["not found", "notfound", "manifest unknown", "name unknown"]) {
        return Problem::ImageNotFound { image };
    }
    Problem::ImageNotPulled { image, said: words }
}

fn claim(seen: &Seen) -> Option<Problem> {
    let said = seen.events.iter().rev().filter(|event| !event.message.is_empty());
    let failed = said.clone().find(|event| event.warning).or_else(|| said.clone().next());
    let Some(event) = failed else {
        return Some(Problem::ClaimWaits { said: short(&seen.phase) });
    };
    Some(unprovisioned(event, &seen.class))
}

/// Why a claim has no volume, by what an event says; `class` is its storage class, where that is known.
fn unprovisioned(event: &Event, class: &str) -> Problem {
    let message = event.message.to_lowercase();
    if message.contains("storageclass") && message.contains("not found") {
        return Problem::ClassMissing { class: short(event.message.split('"').nth(1).unwrap_or(class)) };
    }
    Problem::ClaimWaits { said: short(&event.message) }
}

/// What one warning says by itself.
fn by_event(event: &Event) -> Option<Problem> {
    let said = short(&event.message);
    Some(match event.reason.as_str() {
        "FailedScheduling" => Problem::Unschedulable { said },
        "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" => Problem::MountFails { said },
        "FailedCreate" => Problem::NotCreated { said },
        "Unhealthy" => Problem::ProbeFails { said },
        "ProvisioningFailed" => unprovisioned(event, ""),
        "Failed" if event.message.to_lowercase().contains("failed to pull image") => {
            let named = event.message.split('"').nth(1).unwrap_or_default();
            image(&short(named), "ErrImagePull", &[event.message.as_str()])
        }
        "FailedGetResourceMetric" | "FailedComputeMetricsReplicas" => Problem::NoMetrics { said },
        "NodeNotReady" => Problem::NodeNotReady { said },
        "BackoffLimitExceeded" | "DeadlineExceeded" => Problem::JobFailed { said },
        "Evicted" => Problem::Evicted { said },
        _ => return None,
    })
}
