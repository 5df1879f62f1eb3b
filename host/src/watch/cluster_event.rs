//! What a cluster tells as an event of the host.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::event::{ATTRIBUTE, DATA, Envelope, Event};

/// Who says it, and what kind of event it is.
const SOURCE: &str = "kubernetes";
const KIND: &str = "Kube";

/// What kind of observation it is: as the cluster tells it, or how an object stands.
pub const EVENTS: &str = "events";
pub const STATUS: &str = "status";

/// An object of kind Event, of either group, as an event.
///
/// # Errors
/// When it is too large, or names its object by what no subject can hold.
pub fn event(cluster: &str, mut object: Value, size: usize, observation: &str) -> Result<Event, String> {
    if size > DATA {
        return Err(format!("it has {size} bytes, and {DATA} are the most"));
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        // Who wrote which field is nobody's concern here, and often more than the rest.
        metadata.remove("managedFields");
    }
    let about = object.get("involvedObject").or_else(|| object.get("regarding"));
    let text = |key: &str| about.and_then(|about| about.get(key)).and_then(Value::as_str).unwrap_or_default();
    let (namespace, kind, name) = (text("namespace"), text("kind"), text("name"));
    let place = if namespace.is_empty() { String::new() } else { format!("namespaces.{namespace}.") };
    let subject = format!("ops.clusters.{cluster}.{place}{kind}s.{name}.{observation}").to_lowercase();
    if subject.len() > ATTRIBUTE {
        return Err(format!(
            "its object's name has {} bytes, and {ATTRIBUTE} are the most of a subject",
            subject.len()
        ));
    }
    let id = format!("{}/{}", uid(&object), count(&object));
    let (source, kind, cluster) = (SOURCE.into(), KIND.into(), cluster.into());
    Ok(Event::new(Envelope { id, source, kind, subject, cluster, via: Vec::new(), time: None, data: object, size }))
}

/// What tells one object from all others, and one of its occurrences from the next: both as numbers that mean the same
/// in the next version of this host.
pub fn identity(object: &Value) -> (u64, u64) {
    let last = ["/series/lastObservedTime", "/lastTimestamp", "/deprecatedLastTimestamp", "/eventTime"];
    let last = last.iter().find_map(|path| object.pointer(path)?.as_str()).unwrap_or_default();
    (number(uid(object)), number(&format!("{} {last}", count(object))))
}

fn uid(object: &Value) -> &str {
    object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default()
}

fn count(object: &Value) -> u64 {
    let paths = ["/series/count", "/count", "/deprecatedCount"];
    paths.iter().find_map(|path| object.pointer(path)?.as_u64()).unwrap_or(1)
}

fn number(text: &str) -> u64 {
    let hash = Sha256::digest(text);
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn crash() -> Value {
        json!({
            "metadata": { "uid": "u-1", "resourceVersion": "7", "managedFields": [{ "manager": "kubelet" }] },
            "involvedObject": { "kind": "Pod", "namespace": "shop", "name": "cart-1" },
            "reason": "BackOff", "message": "Back-off restarting failed container", "type": "Warning", "count": 3,
            "firstTimestamp": "2026-07-01T11:00:00Z", "lastTimestamp": "2026-07-01T12:00:00Z",
        })
    }

    #[test]
    fn both_views_of_an_event_are_the_same_event() {
        let old = event("Kestrel", crash(), 100, EVENTS).unwrap();
        assert_eq!(old.said.subject, "ops.clusters.kestrel.namespaces.shop.pods.cart-1.events");
        assert_eq!(
            (old.object.cluster.as_str(), old.object.kind.as_str(), old.observation.as_str()),
            ("Kestrel", "pod", "events")
        );
        assert!(old.said.data.pointer("/metadata/managedFields").is_none());
        let new = json!({
            "metadata": { "uid": "u-1", "resourceVersion": "7" },
            "regarding": { "kind": "Pod", "namespace": "shop", "name": "cart-1" },
            "reason": "BackOff", "note": "Back-off restarting failed container", "type": "Warning", "deprecatedCount": 3,
            "deprecatedFirstTimestamp": "2026-07-01T11:00:00Z", "deprecatedLastTimestamp": "2026-07-01T12:00:00Z",
        });
        assert_eq!(identity(&new), identity(&crash()));
        let new = event("Kestrel", new, 100, EVENTS).unwrap();
        assert_eq!(
            (new.fingerprint("A"), new.occurred(), new.message()),
            (old.fingerprint("A"), old.occurred(), old.message())
        );
        let node = json!({ "involvedObject": { "kind": "Node", "name": "n1.lan" } });
        assert_eq!(event("k", node, 9, EVENTS).unwrap().said.subject, "ops.clusters.k.nodes.n1.lan.events");
    }

    #[test]
    fn an_occurrence_is_known_by_its_count_and_time() {
        let (uid, first) = identity(&crash());
        let mut again = crash();
        again["metadata"]["resourceVersion"] = json!("8");
        assert_eq!(identity(&again), (uid, first), "another version of the same");
        again["count"] = json!(4);
        assert_ne!(identity(&again), (uid, first));
        let series = json!({ "metadata": { "uid": "u-1" }, "eventTime": "2026-07-01T11:00:00Z", "series": { "count": 2, "lastObservedTime": "2026-07-01T12:00:00Z" } });
        let mut later = series.clone();
        later["series"]["lastObservedTime"] = json!("2026-07-01T12:30:00Z");
        assert_ne!(identity(&later), identity(&series));
    }

    #[test]
    fn what_is_too_large_is_refused() {
        assert!(event("k", crash(), DATA + 1, EVENTS).is_err());
        let mut long = crash();
        long["involvedObject"]["name"] = json!("x".repeat(2_000));
        assert!(event("k", long, 9, EVENTS).unwrap_err().contains("subject"));
    }
}
