//! What differs between the revisions of a workload that were looked at.

use std::collections::BTreeMap;

use serde_json::Value;

use super::difference::{Change, changes};
use super::{readable, short};
use crate::domain::incident::Look;
use crate::domain::values;

/// Two revisions of one Deployment, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionPair {
    /// `deployment shop/web`.
    pub object: String,
    /// The number of the newer one.
    pub newer: u64,
    /// The number of the one before it that was looked at.
    pub older: u64,
    /// The fields of the pod template that differ.
    pub changes: Vec<Change>,
}

/// The newest revision of each Deployment held against the one before it, where both were looked at.
pub fn between_revisions<'a>(looks: impl IntoIterator<Item = &'a Look>) -> Vec<RevisionPair> {
    let mut found: BTreeMap<String, BTreeMap<u64, Value>> = BTreeMap::new();
    for look in looks {
        if !look.ok || !look.text.contains("deployment.kubernetes.io/revision") || !look.text.contains("ReplicaSet") {
            continue;
        }
        for document in values(readable(&look.text)).unwrap_or_default() {
            let items = document.get("items").and_then(Value::as_array).cloned();
            for set in items.unwrap_or_else(|| vec![document]) {
                if let Some((object, number)) = revision(&set) {
                    found.entry(object).or_default().insert(number, set);
                }
            }
        }
    }
    let revised = found.into_iter().filter_map(|(object, sets)| {
        let mut newest = sets.into_iter().rev();
        let ((newer, new), (older, old)) = (newest.next()?, newest.next()?);
        let changes = changes(&template(&old), &template(&new));
        (!changes.is_empty()).then_some(RevisionPair { object, newer, older, changes })
    });
    revised.collect()
}

/// Whose revision a ReplicaSet is, and its number.
fn revision(set: &Value) -> Option<(String, u64)> {
    let text = |pointer: &str| set.pointer(pointer).and_then(Value::as_str);
    if text("/kind") != Some("ReplicaSet") {
        return None;
    }
    let number = text("/metadata/annotations/deployment.kubernetes.io~1revision")?.parse().ok()?;
    let owners = set.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
    let owner = owners.iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)))?;
    let name = owner.get("name").and_then(Value::as_str)?;
    Some((short(&format!("deployment {}/{name}", text("/metadata/namespace").unwrap_or_default())), number))
}

fn template(set: &Value) -> Value {
    let mut template = set.pointer("/spec/template").cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    template
}
