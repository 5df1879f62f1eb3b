//! Objects that a scenario gives word for word: a cluster as somebody found it. In their namespaces nothing
//! happens by itself, so that they stay what they are until somebody changes them.

use std::path::Path;

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Scenario;
use crate::clock;
use crate::kubernetes::resources::{self, NAMESPACES};
use crate::kubernetes::store::{Cluster, Key};
use crate::kubernetes::{json as tree, objects};

/// How old what says nothing else is, in seconds.
const AGE: i64 = 40 * 60;

/// What a container printed.
#[derive(Debug, Clone)]
pub struct Printed {
    pub namespace: String,
    pub pod: String,
    /// Empty where the pod has but one.
    pub container: String,
    /// In the run before this one.
    pub previous: bool,
    pub text: String,
}

impl Scenario {
    /// A cluster of one node without workloads.
    pub fn empty() -> Self {
        Self::with(&[], Vec::new())
    }

    /// With the objects of a YAML file as well, documents apart by `---`. A document of the kind `Log` says what a
    /// container printed: `metadata` names pod and namespace, `container`, `previous` and `text` the rest. A time may
    /// be written as an age: `40m ago`.
    ///
    /// # Errors
    /// If the file cannot be read, is no YAML, or holds an object of a kind that this API does not know.
    pub fn objects_of(self, file: &Path) -> anyhow::Result<Self> {
        self.objects_changed(file, |_| {})
    }

    /// The same, each object changed first.
    ///
    /// # Errors
    /// As [`Self::objects_of`].
    pub fn objects_changed(mut self, file: &Path, change: impl Fn(&mut Value)) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for document in text.split("\n---\n").filter(|document| !document.trim().is_empty()) {
            let mut object: Value = serde_saphyr::from_str(document)
                .with_context(|| format!("{} holds what is no YAML:\n{document}", file.display()))?;
            let (api, kind) = (tree::text(&object, "/apiVersion"), tree::text(&object, "/kind"));
            if kind != "Log" && resources::of_kind(api, kind).is_none() {
                bail!("{}: no API knows {api} {kind}", file.display());
            }
            times(&mut object, clock::now());
            change(&mut object);
            self.given.push(object);
        }
        Ok(self)
    }
}

/// Puts an object where it belongs.
pub fn put(cluster: &mut Cluster, mut object: Value) {
    let part = |pointer: &str| tree::text(&object, pointer).to_owned();
    let (namespace, name) = (part("/metadata/namespace"), part("/metadata/name"));
    if part("/kind") == "Log" {
        let (container, text) = (part("/container"), part("/text"));
        let previous = tree::truth(&object, "/previous");
        cluster.logs.push(Printed { namespace, pod: name, container, previous, text });
        return;
    }
    let Some(resource) = resources::of_kind(&part("/apiVersion"), &part("/kind")) else { return };
    if !namespace.is_empty() && cluster.still.insert(namespace.clone()) {
        let key = Key::new(&NAMESPACES, "", &namespace);
        if cluster.get(&key).is_none() {
            cluster.put(key, objects::namespace(&namespace, 30 * AGE));
        }
    }
    if resource.kind == "Event" {
        event(cluster, &mut object);
    }
    if part_of(&object, "/metadata/creationTimestamp").is_empty() {
        tree::set(&mut object, "/metadata/creationTimestamp", clock::rfc3339(AGE));
    }
    cluster.put(Key::new(resource, &namespace, part_of(&object, "/metadata/name").as_str()), object);
}

fn part_of(object: &Value, pointer: &str) -> String {
    tree::text(object, pointer).to_owned()
}

/// What the API and the recorder of events fill in of an event.
fn event(cluster: &mut Cluster, event: &mut Value) {
    let about = part_of(event, "/involvedObject/name");
    if part_of(event, "/metadata/name").is_empty() {
        let name = format!("{about}.{:016x}", 0x17e0_0000_0000_0000_u64 + cluster.next());
        tree::set(event, "/metadata/name", name);
    }
    for (at, age) in [("/firstTimestamp", AGE), ("/lastTimestamp", 60)] {
        if part_of(event, at).is_empty() {
            tree::set(event, at, clock::rfc3339(age));
        }
    }
    if event.get("count").is_none() {
        tree::set(event, "/count", json!(7));
    }
    let component = part_of(event, "/source/component");
    if component == "default-scheduler" {
        as_series(event);
    }
    tree::set(event, "/reportingComponent", component);
}

/// The scheduler records through the newer API: the older one shows its events with a series, and the fields of before
/// are empty.
fn as_series(event: &mut Value) {
    let precise = |at: String| at.replace('Z', ".000000Z");
    let (first, last) = (part_of(event, "/firstTimestamp"), part_of(event, "/lastTimestamp"));
    let count = tree::number(event, "/count");
    tree::set(event, "/eventTime", precise(first));
    if count > 1 {
        tree::set(event, "/series", json!({ "count": count, "lastObservedTime": precise(last) }));
    }
    for (at, empty) in [("/firstTimestamp", Value::Null), ("/lastTimestamp", Value::Null), ("/source", json!({}))] {
        tree::set(event, at, empty);
    }
    if let Some(event) = event.as_object_mut() {
        event.remove("count");
    }
    tree::set(event, "/action", "Scheduling");
}

/// Turns ages into times: `90s ago`, `40m ago`, `3h ago`, `2d ago`.
fn times(value: &mut Value, now: Timestamp) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| times(item, now)),
        Value::Object(members) => members.values_mut().for_each(|member| times(member, now)),
        Value::String(text) => {
            let Some(age) = text.strip_suffix(" ago").and_then(seconds) else { return };
            if let Ok(at) = now.checked_sub(SignedDuration::from_secs(age)) {
                *text = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            }
        }
        _ => {}
    }
}

fn seconds(age: &str) -> Option<i64> {
    let unit = match age.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    age.get(..age.len() - 1)?.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_becomes_a_time_and_a_sentence_stays_one() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut value = json!({"at": "40m ago", "said": "it ended long ago", "list": ["2d ago"]});
        times(&mut value, now);
        assert_eq!(
            value,
            json!({"at": "2026-11-21T11:20:00Z", "said": "it ended long ago", "list": ["2026-11-19T12:00:00Z"]})
        );
    }

    #[test]
    fn the_scheduler_counts_in_a_series() {
        let mut event = json!({"source": {"component": "default-scheduler"}, "count": 9,
            "firstTimestamp": "2026-11-21T12:00:00Z", "lastTimestamp": "2026-11-21T12:09:00Z"});
        as_series(&mut event);
        let series = json!({"count": 9, "lastObservedTime": "2026-11-21T12:09:00.000000Z"});
        assert_eq!((&event["series"], &event["eventTime"]), (&series, &json!("2026-11-21T12:00:00.000000Z")));
        assert!(event.get("count").is_none() && event["lastTimestamp"].is_null() && event["source"] == json!({}));
    }

    #[test]
    fn what_no_api_knows_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("objects.yaml");
        std::fs::write(&file, "apiVersion: v1\nkind: Potato\nmetadata: {name: a}\n").unwrap();
        let error = Scenario::empty().objects_of(&file).unwrap_err().to_string();
        assert!(error.contains("no API knows v1 Potato"), "{error}");
    }
}
