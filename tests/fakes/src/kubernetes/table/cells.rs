//! The columns of each kind and what stands in them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::others;
use crate::clock;
use crate::kubernetes::json;

/// The names of the columns; those with priority 1 only show in wide listings.
pub fn columns(kind: &str) -> Vec<(&'static str, u8)> {
    let own: &[(&str, u8)] = match kind {
        "Pod" => &[
            ("Name", 0),
            ("Ready", 0),
            ("Status", 0),
            ("Restarts", 0),
            ("Age", 0),
            ("IP", 1),
            ("Node", 1),
            ("Nominated Node", 1),
            ("Readiness Gates", 1),
        ],
        "Deployment" => &[
            ("Name", 0),
            ("Ready", 0),
            ("Up-to-date", 0),
            ("Available", 0),
            ("Age", 0),
            ("Containers", 1),
            ("Images", 1),
            ("Selector", 1),
        ],
        "ReplicaSet" => &[
            ("Name", 0),
            ("Desired", 0),
            ("Current", 0),
            ("Ready", 0),
            ("Age", 0),
            ("Containers", 1),
            ("Images", 1),
            ("Selector", 1),
        ],
        "Event" => &[("Last Seen", 0), ("Type", 0), ("Reason", 0), ("Object", 0), ("Message", 0), ("Name", 1)],
        "Node" => &[("Name", 0), ("Status", 0), ("Roles", 0), ("Age", 0), ("Version", 0)],
        "Namespace" => &[("Name", 0), ("Status", 0), ("Age", 0)],
        _ => {
            let between = others::columns(kind).iter().map(|(name, priority, _)| (*name, *priority));
            return [("Name", 0)].into_iter().chain(between).chain([("Age", 0)]).collect();
        }
    };
    own.to_vec()
}

/// The cells of one row.
pub fn cells(object: &Value) -> Value {
    let name = json::text(object, "/metadata/name");
    let age = age(json::text(object, "/metadata/creationTimestamp"));
    let count = |pointer: &str| json::number(object, pointer).to_string();
    match json::text(object, "/kind") {
        "Pod" => pod(object, name, &age),
        "Deployment" => {
            let ready = format!("{}/{}", count("/status/readyReplicas"), count("/spec/replicas"));
            let (containers, images, selector) = template(object);
            json!([
                name,
                ready,
                count("/status/updatedReplicas"),
                count("/status/availableReplicas"),
                age,
                containers,
                images,
                selector
            ])
        }
        "ReplicaSet" => {
            let (containers, images, selector) = template(object);
            json!([
                name,
                count("/spec/replicas"),
                count("/status/replicas"),
                count("/status/readyReplicas"),
                age,
                containers,
                images,
                selector
            ])
        }
        "Event" => {
            let about = if object.get("regarding").is_some() { "/regarding" } else { "/involvedObject" };
            let kind = json::text(object, &format!("{about}/kind")).to_lowercase();
            let object_name = format!("{kind}/{}", json::text(object, &format!("{about}/name")));
            let message = [json::text(object, "/message"), json::text(object, "/note")].concat();
            let times = [
                "/series/lastObservedTime",
                "/lastTimestamp",
                "/deprecatedLastTimestamp",
                "/eventTime",
                "/firstTimestamp",
            ];
            let last = times.iter().map(|at| json::text(object, at)).find(|at| !at.is_empty()).unwrap_or_default();
            json!([
                self::age(last),
                json::text(object, "/type"),
                json::text(object, "/reason"),
                object_name,
                message,
                name
            ])
        }
        "Node" => json!([name, node(object), "<none>", age, json::text(object, "/status/nodeInfo/kubeletVersion")]),
        "Namespace" => json!([name, json::text(object, "/status/phase"), age]),
        kind => {
            let between = others::columns(kind).iter().map(|(_, _, form)| others::cell(object, form));
            json!([name.to_owned()].into_iter().chain(between).chain([age]).collect::<Vec<_>>())
        }
    }
}

fn node(node: &Value) -> String {
    let mut conditions = json::list(node, "/status/conditions").iter();
    let ready = conditions.find(|one| json::text(one, "/type") == "Ready");
    let mut words = match ready.map(|one| json::text(one, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if json::truth(node, "/spec/unschedulable") {
        words.push_str(",SchedulingDisabled");
    }
    words
}

/// The word for the state of a pod, as `kubectl` finds it: an init container that has not ended well comes first.
fn state(pod: &Value) -> String {
    let init = json::list(pod, "/status/initContainerStatuses");
    let total = json::list(pod, "/spec/initContainers").len();
    for (index, status) in init.iter().enumerate() {
        let waits = json::text(status, "/state/waiting/reason");
        let ended = status.pointer("/state/terminated");
        let code = json::number(status, "/state/terminated/exitCode");
        if ended.is_some() && code == 0 || json::truth(status, "/started") && json::truth(status, "/ready") {
            continue;
        }
        return match (ended.is_some(), waits) {
            (true, _) if json::text(status, "/state/terminated/reason").is_empty() => format!("Init:ExitCode:{code}"),
            (true, _) => format!("Init:{}", json::text(status, "/state/terminated/reason")),
            (false, "" | "PodInitializing") => format!("Init:{index}/{total}"),
            (false, waits) => format!("Init:{waits}"),
        };
    }
    let whole = ["/status/reason", "/status/phase"].map(|at| json::text(pod, at));
    let mut word = whole.into_iter().find(|word| !word.is_empty()).unwrap_or("Unknown");
    // Of several containers the first one that says something is heard last, and so it stays.
    for status in json::list(pod, "/status/containerStatuses").iter().rev() {
        for at in ["/state/waiting/reason", "/state/terminated/reason"] {
            word = Some(json::text(status, at)).filter(|said| !said.is_empty()).unwrap_or(word);
        }
    }
    match json::text(pod, "/metadata/deletionTimestamp") {
        "" => word.to_owned(),
        _ => "Terminating".to_owned(),
    }
}

fn pod(pod: &Value, name: &str, age: &str) -> Value {
    let statuses = json::list(pod, "/status/containerStatuses");
    let ready = statuses.iter().filter(|status| json::truth(status, "/ready")).count();
    let restarts: i64 = statuses.iter().map(|status| json::number(status, "/restartCount")).sum();
    let finished = statuses.iter().map(|status| json::text(status, "/lastState/terminated/finishedAt")).max();
    let restarts = match finished {
        Some(finished) if !finished.is_empty() && restarts > 0 => {
            format!("{restarts} ({} ago)", self::age(finished))
        }
        _ => restarts.to_string(),
    };
    json!([
        name,
        format!("{ready}/{}", json::list(pod, "/spec/containers").len()),
        state(pod),
        restarts,
        age,
        json::text(pod, "/status/podIP"),
        json::text(pod, "/spec/nodeName"),
        "<none>",
        "<none>",
    ])
}

fn template(object: &Value) -> (String, String, String) {
    let containers = json::list(object, "/spec/template/spec/containers");
    let all = |pointer: &str| containers.iter().map(|one| json::text(one, pointer)).collect::<Vec<_>>().join(",");
    let selector = crate::kubernetes::api::selector(object);
    (all("/name"), all("/image"), selector)
}

/// How long ago, in the rounding that `kubectl` uses.
fn age(written: &str) -> String {
    let Ok(at) = written.parse::<Timestamp>() else {
        return "<unknown>".to_owned();
    };
    let seconds = (clock::now().as_second() - at.as_second()).max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 if seconds % 60 > 0 => format!("{minutes}m{}s", seconds % 60),
        120..10_800 => format!("{minutes}m"),
        10_800..28_800 if minutes % 60 > 0 => format!("{hours}h{}m", minutes % 60),
        10_800..172_800 => format!("{hours}h"),
        _ => format!("{days}d"),
    }
}
