//! What a call changes that writes an object as a whole: people are shown the fields that differ from
//! what the host saw, not the object.

use serde_json::{Map, Value};

use super::READ;
use super::difference::{Change, changes};
use crate::domain::call::Call;
use crate::domain::incident::Look;
use crate::domain::{object, values};

/// A call that writes one object as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectWrite {
    /// The fields in which it differs from the object as it was seen last; none when it is the same.
    Changes(Vec<Change>),
    /// No look showed the object, so nobody can tell.
    Unknown,
}

/// What a call writes, held against the latest look that showed that object; none for a call that does
/// not write one object as a whole.
pub fn written<'a>(call: &Call, looks: impl DoubleEndedIterator<Item = &'a Look>) -> Option<ObjectWrite> {
    let after = manifest(call)?;
    let id = identity(&after)?;
    let same = |look: &Look| {
        let found = object(&look.text).filter(|_| look.ok && look.refused.is_none())?;
        (identity(&found).as_ref() == Some(&id)).then_some(found)
    };
    let before = looks.rev().filter(|look| look.text.contains(id.name.as_str())).find_map(same);
    Some(match before {
        Some(before) => ObjectWrite::Changes(changes(&wanted(&before), &wanted(&after))),
        None => ObjectWrite::Unknown,
    })
}

/// The fields that a call takes back of what another one has written; none where they are no two writes of
/// one object by the same tool, or differ in anything beside the object.
pub fn taken_back(written: &Call, back: &Call) -> Option<Vec<Change>> {
    let (after, before) = (manifest(written)?, manifest(back)?);
    let beside = |call: &Call| -> Map<String, Value> {
        let object = |value: &Value| value.as_str().is_some_and(|text| text.contains("apiVersion"));
        let beside = call.arguments.iter().filter(|(_, value)| !object(value));
        beside.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let alike = written.tool == back.tool && identity(&after)? == identity(&before)? && beside(written) == beside(back);
    alike.then(|| changes(&wanted(&after), &wanted(&before)))
}

/// The one object that stands as a text in a call's arguments.
fn manifest(call: &Call) -> Option<Value> {
    let texts = call.arguments.values().filter_map(Value::as_str).filter(|text| text.contains("apiVersion"));
    let read = |text: &str| (text.len() <= READ).then(|| values(text)).flatten();
    let mut found = texts.map(read).collect::<Option<Vec<_>>>()?.into_iter().flatten();
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[derive(PartialEq)]
struct Identity {
    kind: String,
    namespace: String,
    name: String,
}

fn identity(object: &Value) -> Option<Identity> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    Some(Identity {
        kind: text("/kind")?.into(),
        namespace: text("/metadata/namespace").unwrap_or_default().into(),
        name: text("/metadata/name")?.into(),
    })
}

/// What is wanted of an object: without its state, and without what the cluster itself keeps in it.
fn wanted(object: &Value) -> Value {
    let kept = |map: &Map<String, Value>, left: &[&str]| -> Map<String, Value> {
        let kept = map.iter().filter(|(key, _)| !left.contains(&key.as_str()));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let Some(map) = object.as_object() else { return object.clone() };
    let mut map = kept(map, &["status"]);
    if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
        let own = ["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"];
        *metadata = kept(metadata, &own);
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            let own = ["deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"];
            *annotations = kept(annotations, &own);
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    Value::Object(map)
}
