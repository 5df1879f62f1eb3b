//! The columns of each kind and what stands in them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;
use crate::kubernetes::json;

/// The names of the columns; those with priority 1 only show in wide listings.
pub fn columns(kind: &str) -> &'static [(&'static str, u8)] {
    match kind {
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
        _ => &[("Name", 0), ("Age", 0)],
    }
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
            let last = [json::text(object, "/lastTimestamp"), json::text(object, "/deprecatedLastTimestamp")].concat();
            json!([
                self::age(&last),
                json::text(object, "/type"),
                json::text(object, "/reason"),
                object_name,
                message,
                name
            ])
        }
        "Node" => json!([name, "Ready", "<none>", age, json::text(object, "/status/nodeInfo/kubeletVersion")]),
        "Namespace" => json!([name, json::text(object, "/status/phase"), age]),
        _ => json!([name, age]),
    }
}

fn pod(pod: &Value, name: &str, age: &str) -> Value {
    let statuses = json::list(pod, "/status/containerStatuses");
    let ready = statuses.iter().filter(|status| json::truth(status, "/ready")).count();
    let restarts: i64 = statuses.iter().map(|status| json::number(status, "/restartCount")).sum();
    // Of several containers the first one that waits gives its reason.
    let mut reasons = statuses.iter().map(|status| json::text(status, "/state/waiting/reason"));
    let phase = json::text(pod, "/status/phase");
    let state = reasons.find(|reason| !reason.is_empty()).unwrap_or(phase);
    let finished = statuses.iter().map(|status| json::text(status, "/lastState/terminated/finishedAt")).max();
    let restarts = match finished {
        Some(finished) if !finished.is_empty() && restarts > 0 => {
            format!("{restarts} ({} ago)", self::age(finished))
        }
        _ => restarts.to_string(),
    };
    json!([
        name,
        format!("{ready}/{}", statuses.len()),
        state,
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
