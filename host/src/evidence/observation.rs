//! What a look showed, as objects in the API's own form, events and a log, whichever server answered in
//! whichever form: what a diagnosis and the following of references go by.

use serde_json::{Map, Value, json};

use super::container::{Container, State};
use super::event::{self, Event};
use super::object_summary::ObjectSummary;
use super::{describe, document, readable, table};
use crate::domain::incident::Look;

/// Objects of one answer.
const OBJECTS: usize = 300;
/// Events of one answer.
const EVENTS: usize = 1000;

/// How much of an object an answer told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// A line of a listing: its name, and perhaps a word about its state.
    Listed,
    /// A description for people.
    Described,
    /// The whole object.
    Full,
}

/// What one look showed.
#[derive(Debug, Default)]
pub(crate) struct Observation {
    /// Objects with at least a kind and a name.
    pub objects: Vec<(Detail, Value)>,
    /// Events.
    pub events: Vec<Event>,
    /// The text of a log.
    pub log: Option<String>,
}

/// Reads a look; one that failed or was refused shows nothing.
pub(crate) fn observed(look: &Look) -> Observation {
    let mut found = Observation::default();
    if !look.ok || look.refused.is_some() {
        return found;
    }
    let text = readable(&look.text);
    let kind = document::kind_asked(&look.call);
    if let Some(all) = describe::read(&kind, text) {
        for seen in all.into_iter().take(OBJECTS) {
            let about = seen.object_of_events();
            found.events.extend(seen.events.iter().take(EVENTS).map(|event| event.about(&about)));
            found.objects.push((Detail::Described, described(&seen)));
        }
        return found;
    }
    if document::is_log(&look.call) {
        found.log = Some(log(text));
        return found;
    }
    match document::documents(text) {
        Some(documents) => documents.into_iter().for_each(|document| found.take(document, &kind, 0)),
        None => found.rows(text, &kind),
    }
    found
}

impl Observation {
    fn take(&mut self, value: Value, kind: &str, depth: usize) {
        if self.objects.len() >= OBJECTS || self.events.len() >= EVENTS || depth > 3 {
            return;
        }
        let mut map = match value {
            Value::Array(items) => return items.into_iter().for_each(|item| self.take(item, kind, depth + 1)),
            Value::Object(map) => map,
            _ => return,
        };
        for key in ["items", "events", "resources"] {
            if map.get(key).is_some_and(Value::is_array)
                && let Some(items) = map.remove(key)
            {
                let named = map.get("kind").and_then(Value::as_str).and_then(|name| name.strip_suffix("List"));
                let kind = named.filter(|name| !name.is_empty()).unwrap_or(kind).to_string();
                return self.take(items, &kind, depth + 1);
            }
        }
        let value = Value::Object(map);
        if event::is_one(&value) {
            self.events.extend(event::read(&value));
            return;
        }
        let own = value.get("kind").and_then(Value::as_str).unwrap_or(kind).to_string();
        let name = value.pointer("/metadata/name").and_then(Value::as_str);
        if own.is_empty() {
            return;
        }
        if name.is_some() {
            let mut value = value;
            if let Some(map) = value.as_object_mut() {
                map.insert("kind".into(), own.into());
            }
            self.objects.push((Detail::Full, value));
        } else if let Some(name) = value.get("name").and_then(Value::as_str) {
            let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
            self.objects.push((Detail::Listed, listed(&own, text("namespace"), name, text("status"))));
        }
    }

    fn rows(&mut self, text: &str, asked: &str) {
        for row in table::listed(text, asked).into_iter().take(OBJECTS) {
            let [kind, namespace, name, status] = row;
            self.objects.push((Detail::Listed, listed(&kind, &namespace, &name, &status)));
        }
        if let Some(document::ParsedAnswer::Objects(all)) = table::read(text) {
            self.events.extend(all.into_iter().flat_map(|seen| seen.events).take(EVENTS));
        }
    }
}

/// A log as one text; some servers wrap it.
fn log(text: &str) -> String {
    let Ok(Value::Object(map)) = serde_json::from_str::<Value>(text.trim()) else { return text.to_string() };
    match map.get("logs").or_else(|| map.get("log")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(logs)) => logs.values().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        _ => text.to_string(),
    }
}

fn listed(kind: &str, namespace: &str, name: &str, status: &str) -> Value {
    json!({ "kind": kind, "metadata": { "name": name, "namespace": namespace }, "listed": status })
}

/// A description in the form of the object that it describes, as far as it tells.
fn described(seen: &ObjectSummary) -> Value {
    let conditions: Vec<Value> = seen
        .conditions
        .iter()
        .map(|one| json!({"type": one.kind, "status": one.status, "reason": one.reason, "message": one.message}))
        .collect();
    let of = |init: bool| -> (Vec<Value>, Vec<Value>) {
        let own = seen.containers.iter().filter(|one| one.init == init);
        let specs = own.clone().map(|one| json!({"name": one.name, "image": one.image})).collect();
        (specs, own.map(container).collect())
    };
    let ((containers, statuses), (init, init_statuses)) = (of(false), of(true));
    let phase = if seen.phase == "Evicted" { "Failed" } else { &seen.phase };
    let mut status = Map::new();
    status.insert("phase".into(), phase.into());
    status.insert("conditions".into(), conditions.into());
    status.insert("containerStatuses".into(), statuses.into());
    status.insert("initContainerStatuses".into(), init_statuses.into());
    if seen.phase == "Evicted" {
        let said = seen.status.split_once(": ").map(|(_, said)| said).unwrap_or_default();
        status.insert("reason".into(), "Evicted".into());
        status.insert("message".into(), said.into());
    }
    let mut spec = Map::new();
    spec.insert("containers".into(), containers.into());
    spec.insert("initContainers".into(), init.into());
    if !seen.class.is_empty() {
        spec.insert("storageClassName".into(), seen.class.as_str().into());
    }
    json!({
        "kind": seen.kind, "metadata": { "name": seen.name, "namespace": seen.namespace },
        "spec": spec, "status": status,
    })
}

fn container(one: &Container) -> Value {
    let state = |state: &State| -> Value {
        let mut inner = Map::new();
        inner.insert("reason".into(), state.reason.as_str().into());
        inner.insert("message".into(), state.message.as_str().into());
        if let Some(code) = state.code {
            inner.insert("exitCode".into(), code.into());
        }
        if state.word.is_empty() { json!({}) } else { json!({ &state.word: inner }) }
    };
    json!({
        "name": one.name, "image": one.image, "ready": one.ready, "restartCount": one.restarts,
        "state": state(&one.state), "lastState": one.last.as_ref().map_or_else(|| json!({}), state),
    })
}
