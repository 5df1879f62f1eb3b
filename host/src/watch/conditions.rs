//! Conditions of objects as events, in the words in which kubelets and controllers tell of them, so that the same rules
//! hold for both.
//!
//! Of objects that are well nothing is kept. An object that is not is told of when that begins, now and then as long as
//! it lasts, and when it is over: also where that happened while nobody looked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::told;
use crate::domain::Event;
use crate::domain::text::cut;

/// Conditions of which it is kept that they are not well.
const MOST: usize = 10_000;
/// How often a condition that lasts is told anew, so that no alert ends for want of events.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// Bytes of what a condition says.
const MESSAGE: usize = 1 << 10;

/// A condition of nodes.
struct Row {
    kind: &'static str,
    /// The status that is well.
    well: &'static str,
    /// The word for what is wrong, and for its end.
    words: [&'static str; 2],
}

const NODE: [Row; 4] = [
    Row { kind: "Ready", well: "True", words: ["NodeNotReady", "NodeReady"] },
    Row { kind: "MemoryPressure", well: "False", words: ["NodeHasInsufficientMemory", "NodeHasSufficientMemory"] },
    Row { kind: "DiskPressure", well: "False", words: ["NodeHasDiskPressure", "NodeHasNoDiskPressure"] },
    Row { kind: "PIDPressure", well: "False", words: ["NodeHasInsufficientPID", "NodeHasSufficientPID"] },
];

/// The word for a node that is no longer there.
const GONE: &str = "DeletingNode";

/// A condition that is not well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unwell {
    /// Whose.
    name: String,
    uid: String,
    /// The word for its end.
    over: String,
    /// When it was last told.
    told: Timestamp,
}

/// The conditions that are not well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    unwell: BTreeMap<String, Unwell>,
    /// Those that the list which is being read has shown; none where no list is.
    #[serde(skip)]
    shown: Option<BTreeSet<String>>,
    /// How many found no room.
    #[serde(skip)]
    pub left_out: u64,
}

/// A cluster and the time.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub cluster: &'a str,
    pub now: Timestamp,
}

impl Conditions {
    /// Takes in a node as it stands: what has changed about it.
    pub fn node(&mut self, scene: Scene<'_>, node: &Value) -> Vec<Event> {
        let text =
            |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_string();
        let (name, uid) = (text(node, "/metadata/name"), text(node, "/metadata/uid"));
        let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
        let mut events = Vec::new();
        for condition in conditions.into_iter().flatten() {
            let (kind, status) = (text(condition, "/type"), text(condition, "/status"));
            let Some(row) = NODE.iter().find(|row| row.kind == kind) else { continue };
            // What nobody knows is not well, but for pressures of a node that does not answer: that it does not is told.
            let well = status == row.well || (status != "True" && row.well == "False");
            let key = format!("{uid} {kind}");
            let [wrong, over] = row.words;
            let at = Some(text(condition, "/lastTransitionTime")).filter(|at| !at.is_empty());
            let mut tell = |reason: &str| {
                let said =
                    Said { name: &name, uid: &uid, reason, message: &text(condition, "/message"), at: at.as_deref() };
                events.extend(said.event(scene, condition.clone()));
            };
            if well {
                if self.unwell.remove(&key).is_some() {
                    tell(over);
                }
                continue;
            }
            if let Some(shown) = &mut self.shown {
                shown.insert(key.clone());
            }
            match self.unwell.get_mut(&key) {
                Some(known) if scene.now.duration_since(known.told) < AGAIN => {}
                Some(known) => {
                    known.told = scene.now;
                    tell(wrong);
                }
                None => {
                    tell(wrong);
                    if self.unwell.len() < MOST {
                        let (name, uid, over, told) = (name.clone(), uid.clone(), over.into(), scene.now);
                        self.unwell.insert(key, Unwell { name, uid, over, told });
                    } else {
                        self.left_out += 1;
                    }
                }
            }
        }
        events
    }

    /// Takes in that a node is no longer there.
    pub fn gone(&mut self, scene: Scene<'_>, node: &Value) -> Vec<Event> {
        let uid = node.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        self.drop_all(scene, |_, unwell| unwell.uid == uid)
    }

    /// A list is being read.
    pub fn begin(&mut self) {
        self.shown = Some(BTreeSet::new());
    }

    /// A list has been read to its end: what it did not show is over.
    pub fn end(&mut self, scene: Scene<'_>) -> Vec<Event> {
        let Some(shown) = self.shown.take() else { return Vec::new() };
        self.drop_all(scene, |key, _| !shown.contains(key))
    }

    fn drop_all(&mut self, scene: Scene<'_>, which: impl Fn(&str, &Unwell) -> bool) -> Vec<Event> {
        let gone: Vec<(String, Unwell)> = self.unwell.extract_if(.., |key, unwell| which(key, unwell)).collect();
        let at = scene.now.to_string();
        let event = |unwell: &Unwell, reason: &str| {
            let message = "the node is no longer there";
            Said { name: &unwell.name, uid: &unwell.uid, reason, message, at: Some(&at) }.event(scene, Value::Null)
        };
        // The word for the end of a pressure ends that one; a node that is gone is not unready either.
        gone.iter().flat_map(|(_, unwell)| [event(unwell, GONE), event(unwell, &unwell.over)]).flatten().collect()
    }
}

/// What is said of a node.
struct Said<'a> {
    name: &'a str,
    uid: &'a str,
    reason: &'a str,
    message: &'a str,
    at: Option<&'a str>,
}

impl Said<'_> {
    fn event(&self, scene: Scene<'_>, condition: Value) -> Option<Event> {
        let at = self.at.map_or_else(|| scene.now.to_string(), str::to_string);
        let warning = NODE.iter().any(|row| row.words.first() == Some(&self.reason));
        let object = json!({
            "kind": "Event", "apiVersion": "v1", "metadata": { "uid": format!("{} {}", self.uid, self.reason) },
            "involvedObject": { "kind": "Node", "name": self.name, "uid": self.uid },
            "type": if warning { "Warning" } else { "Normal" }, "reason": self.reason, "message": cut(self.message, MESSAGE),
            "lastTimestamp": at, "count": 1, "reportingComponent": "tidegate", "condition": condition,
        });
        let size = object.to_string().len();
        told::event(scene.cluster, object, size).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, ready: &str, disk: &str) -> Value {
        json!({ "metadata": { "name": name, "uid": format!("u-{name}") }, "status": { "conditions": [
            { "type": "Ready", "status": ready, "message": "kubelet says so", "lastTransitionTime": "2026-07-01T12:00:00Z" },
            { "type": "DiskPressure", "status": disk, "lastTransitionTime": "2026-07-01T11:00:00Z" },
            { "type": "NetworkUnavailable", "status": "False" },
        ] } })
    }

    fn told(events: &[Event]) -> String {
        events
            .iter()
            .map(|event| format!("{} {}", event.object.name, event.reason().unwrap()))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn scene(minute: i64) -> Scene<'static> {
        Scene { cluster: "k", now: Timestamp::from_second(1_782_907_200 + minute * 60).unwrap() }
    }

    #[test]
    fn a_condition_is_told_when_it_changes_and_now_and_then_while_it_lasts() {
        let mut conditions = Conditions::default();
        let mut take =
            |minute: i64, ready: &str, disk: &str| told(&conditions.node(scene(minute), &node("n1", ready, disk)));
        assert_eq!(take(0, "True", "False"), "");
        assert_eq!(take(1, "Unknown", "Unknown"), "n1 NodeNotReady");
        assert_eq!(take(2, "False", "True"), "n1 NodeHasDiskPressure");
        assert_eq!(take(10, "False", "True"), "");
        assert_eq!(take(12, "False", "True"), "n1 NodeNotReady, n1 NodeHasDiskPressure");
        assert_eq!(take(13, "True", "False"), "n1 NodeReady, n1 NodeHasNoDiskPressure");
        assert_eq!(take(14, "True", "False"), "");
        assert_eq!(conditions, Conditions::default(), "of what is well nothing is kept");
    }

    #[test]
    fn what_ended_while_nobody_looked_is_told_when_somebody_does() {
        let mut conditions = Conditions::default();
        for name in ["stays", "heals", "goes"] {
            conditions.node(scene(0), &node(name, "False", "False"));
        }
        let kept = serde_json::to_string(&conditions).unwrap();
        let mut conditions: Conditions = serde_json::from_str(&kept).unwrap();
        conditions.begin();
        assert_eq!(told(&conditions.node(scene(5), &node("stays", "False", "False"))), "");
        assert_eq!(told(&conditions.node(scene(5), &node("heals", "True", "False"))), "heals NodeReady");
        assert_eq!(told(&conditions.end(scene(5))), "goes DeletingNode, goes NodeReady");
        assert_eq!(told(&conditions.gone(scene(6), &node("stays", "", ""))), "stays DeletingNode, stays NodeReady");
    }
}
