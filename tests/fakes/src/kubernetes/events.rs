//! Events as the scheduler, the controllers and the kubelet record them: an event that happens again
//! raises the count of the one that is there, so that ages and counts read as on a real cluster.

use serde_json::{Value, json};

use super::json;
use super::resources::EVENTS;
use super::store::{Cluster, Key};
use crate::clock;

/// One thing that happened to an object.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// `Normal` or `Warning`.
    pub kind: &'a str,
    /// One word.
    pub reason: &'a str,
    /// A sentence.
    pub message: String,
    /// The program that reports it.
    pub source: &'a str,
    /// How often it happened.
    pub count: i64,
    /// How many seconds ago it happened first and last.
    pub ages: (i64, i64),
}

impl<'a> Event<'a> {
    /// Something that is in order, now.
    pub fn normal(source: &'a str, reason: &'a str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind: "Normal", reason, message, source, count: 1, ages: (0, 0) }
    }

    /// Something that is not in order, now.
    pub fn warning(source: &'a str, reason: &'a str, message: impl Into<String>) -> Self {
        Self { kind: "Warning", ..Self::normal(source, reason, message) }
    }

    /// It happened `count` times, first and last so many seconds ago.
    pub fn repeated(mut self, count: i64, first: i64, last: i64) -> Self {
        self.count = count;
        self.ages = (first, last);
        self
    }
}

/// Records `event` about `object`.
pub fn record(cluster: &mut Cluster, object: &Value, event: &Event<'_>) {
    let uid = json::text(object, "/metadata/uid");
    let same = cluster.all(EVENTS.plural).find(|(_, known)| {
        json::text(known, "/involvedObject/uid") == uid
            && json::text(known, "/reason") == event.reason
            && json::text(known, "/message") == event.message
    });
    if let Some((key, known)) = same {
        let (key, mut known) = (key.clone(), known.clone());
        let count = json::number(&known, "/count") + event.count;
        json::set(&mut known, "/count", count);
        json::set(&mut known, "/lastTimestamp", clock::rfc3339(event.ages.1));
        cluster.put(key, known);
        return;
    }
    let namespace = match json::text(object, "/metadata/namespace") {
        "" => "default",
        namespace => namespace,
    };
    let about = json::text(object, "/metadata/name");
    let name = format!("{about}.{:016x}", 0x17e0_0000_0000_0000_u64 + cluster.next());
    let host = if event.source == "kubelet" { super::objects::NODE } else { "" };
    let mut involved = json!({
        "kind": json::text(object, "/kind"), "apiVersion": json::text(object, "/apiVersion"),
        "name": about, "namespace": json::text(object, "/metadata/namespace"), "uid": uid,
        "resourceVersion": json::text(object, "/metadata/resourceVersion"),
    });
    let container = json::text(object, "/spec/containers/0/name");
    if event.source == "kubelet" && !container.is_empty() {
        json::set(&mut involved, "/fieldPath", format!("spec.containers{{{container}}}"));
    }
    let recorded = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": name, "namespace": namespace, "creationTimestamp": clock::rfc3339(event.ages.0) },
        "involvedObject": involved, "reason": event.reason, "message": event.message, "type": event.kind,
        "source": { "component": event.source, "host": host }, "count": event.count, "eventTime": null,
        "firstTimestamp": clock::rfc3339(event.ages.0), "lastTimestamp": clock::rfc3339(event.ages.1),
        "reportingComponent": event.source, "reportingInstance": host,
    });
    cluster.put(Key::new(&EVENTS, namespace, &name), recorded);
}

/// An event in the words of the group `events.k8s.io`.
pub fn in_new_group(event: &Value) -> Value {
    json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": json::at(event, "/metadata"),
        "regarding": json::at(event, "/involvedObject"), "reason": json::at(event, "/reason"),
        "note": json::at(event, "/message"), "type": json::at(event, "/type"), "eventTime": json::at(event, "/eventTime"),
        "series": json::at(event, "/series"), "action": json::at(event, "/action"),
        "reportingController": json::at(event, "/reportingComponent"),
        "deprecatedSource": json::at(event, "/source"), "deprecatedCount": json::at(event, "/count"),
        "deprecatedFirstTimestamp": json::at(event, "/firstTimestamp"),
        "deprecatedLastTimestamp": json::at(event, "/lastTimestamp"),
    })
}
