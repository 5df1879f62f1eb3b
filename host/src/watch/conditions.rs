//! Conditions of objects as events, in the words in which kubelets and controllers tell of them, so that the same rules
//! hold for both.
//!
//! Of objects that are well nothing is kept. An object that is not is told of when that begins, now and then as long as
//! it lasts, and when it is over: also where that happened while nobody looked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cluster_event;
use super::health::{self, Health, health_of};
use super::object::{Metadata, ObjectState};
use super::resource::Resource;
use crate::domain::Event;
use crate::domain::text::truncate;

/// Conditions of which it is kept that they are not well.
const MOST: usize = 10_000;
/// How often a condition that lasts is told anew, so that no alert ends for want of events.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// Bytes of what a condition says, and of that what is kept.
const MESSAGE: usize = 1 << 10;
const KEPT: usize = 200;

/// The word for a node that is no longer there.
const GONE: &str = "DeletingNode";

/// A condition that is not well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct ActiveProblem {
    /// Whose.
    namespace: String,
    name: String,
    uid: String,
    /// The word for it, and for its end.
    word: String,
    over: String,
    /// What was said of it.
    message: String,
    /// When it was last told, and whether what came of that is durable.
    told: Timestamp,
    durable: bool,
    /// Since when it looks well, and how long it must before it is over.
    well: Option<Timestamp>,
    settles: i64,
}

/// The conditions that are not well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    unwell: BTreeMap<String, ActiveProblem>,
    /// Those that the list which is being read has shown; none where no list is.
    #[serde(skip)]
    shown: Option<BTreeSet<String>>,
    /// How many found no room.
    #[serde(skip)]
    pub left_out: u64,
    /// Whether something is not well of which it is not known that what came of it is durable.
    #[serde(skip)]
    untold: bool,
}

/// Where it is looked, at what, and the time.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub cluster: &'a str,
    pub resource: Resource,
    pub now: Timestamp,
}

impl Conditions {
    /// Whether something that is not well has to be written down before it is told. Were it told first, a host that is
    /// killed in between would never tell of its end.
    pub fn must_be_kept_first(&self) -> bool {
        self.untold
    }

    /// What came of all that was told is durable.
    pub fn durable(&mut self) {
        if std::mem::take(&mut self.untold) {
            self.unwell.values_mut().for_each(|unwell| unwell.durable = true);
        }
    }

    /// What is read back: of what is not known to have been told it is told anew.
    pub fn restored(mut self) -> Self {
        for unwell in self.unwell.values_mut().filter(|unwell| !unwell.durable) {
            (unwell.told, unwell.durable) = (Timestamp::UNIX_EPOCH, true);
        }
        self
    }

    /// Takes in an object as it stands: what has changed about it.
    pub fn take(&mut self, context: Context<'_>, object: &ObjectState) -> Vec<Event> {
        let Metadata { name, namespace, uid, .. } = &object.metadata;
        let mut events = Vec::new();
        for judged in health_of(context.resource, object) {
            let Health { key, well, word, over, message, at, settles, condition } = judged;
            let key = format!("{uid} {key}");
            let said = |word: &str, at: Option<String>| {
                let said =
                    ConditionEvent { name, namespace, uid, word, wrong: !well, message: &message, at: at.as_deref() };
                said.event(context, condition.clone())
            };
            if well {
                match self.unwell.get_mut(&key) {
                    None => {}
                    Some(_) if settles.is_zero() => {
                        self.unwell.remove(&key);
                        events.extend(said(over, at));
                    }
                    // Whether it lasts shows itself later.
                    Some(known) => {
                        known.well.get_or_insert(context.now);
                        self.note_shown(&key);
                    }
                }
                continue;
            }
            self.note_shown(&key);
            match self.unwell.get_mut(&key) {
                Some(known) => {
                    (known.well, known.message) = (None, truncate(&message, KEPT));
                    known.word = word.into_owned();
                    if context.now.duration_since(known.told) >= AGAIN {
                        known.told = context.now;
                        events.extend(said(&known.word, Some(context.now.to_string())));
                    }
                }
                None => {
                    events.extend(said(&word, at));
                    if self.unwell.len() < MOST {
                        let (namespace, name, uid) = (namespace.clone(), name.clone(), uid.clone());
                        let (word, over, message) = (word.into_owned(), over.into(), truncate(&message, KEPT));
                        let (told, settles) = (context.now, settles.as_secs());
                        let (well, durable) = (None, false);
                        let unwell =
                            ActiveProblem { namespace, name, uid, word, over, message, told, durable, well, settles };
                        self.unwell.insert(key, unwell);
                        self.untold = true;
                    } else {
                        self.left_out += 1;
                    }
                }
            }
        }
        events
    }

    fn note_shown(&mut self, key: &str) {
        if let Some(shown) = &mut self.shown {
            shown.insert(key.into());
        }
    }

    /// What is to be told though nothing was seen: that something lasts, and that something has been well for long enough.
    pub fn due(&mut self, context: Context<'_>) -> Vec<Event> {
        let over = |unwell: &ActiveProblem| {
            unwell.well.is_some_and(|well| context.now.duration_since(well).as_secs() >= unwell.settles)
        };
        let over: Vec<(String, ActiveProblem)> = self.unwell.extract_if(.., |_, unwell| over(unwell)).collect();
        let mut events: Vec<Event> =
            over.iter().filter_map(|(_, unwell)| unwell.said(&unwell.over, false, "it runs", context)).collect();
        for unwell in self.unwell.values_mut().filter(|unwell| unwell.well.is_none() && !unwell.word.is_empty()) {
            if context.now.duration_since(unwell.told) >= AGAIN {
                unwell.told = context.now;
                events.extend(unwell.said(&unwell.word, true, &unwell.message, context));
            }
        }
        events
    }

    /// Takes in that an object is no longer there.
    pub fn gone(&mut self, context: Context<'_>, uid: &str) -> Vec<Event> {
        self.drop_all(context, |_, unwell| unwell.uid == uid)
    }

    /// A list is being read.
    pub fn begin(&mut self) {
        self.shown = Some(BTreeSet::new());
    }

    /// A list has been read to its end: what it did not show is over.
    pub fn end(&mut self, context: Context<'_>) -> Vec<Event> {
        let Some(shown) = self.shown.take() else { return Vec::new() };
        self.drop_all(context, |key, _| !shown.contains(key))
    }

    fn drop_all(&mut self, context: Context<'_>, which: impl Fn(&str, &ActiveProblem) -> bool) -> Vec<Event> {
        let gone: Vec<(String, ActiveProblem)> = self.unwell.extract_if(.., |key, unwell| which(key, unwell)).collect();
        let message = format!("the {} is no longer there", context.resource.kind().to_lowercase());
        let event = |unwell: &ActiveProblem, word: &str| unwell.said(word, false, &message, context);
        // The word for the end of a pressure ends that one; a node that is gone is not unready either.
        let of_node =
            |unwell: &ActiveProblem| (context.resource == Resource::Nodes).then(|| event(unwell, GONE)).flatten();
        gone.iter().flat_map(|(_, unwell)| [of_node(unwell), event(unwell, &unwell.over)]).flatten().collect()
    }
}

impl ActiveProblem {
    fn said(&self, word: &str, wrong: bool, message: &str, context: Context<'_>) -> Option<Event> {
        let at = context.now.to_string();
        let Self { name, namespace, uid, .. } = self;
        ConditionEvent { name, namespace, uid, word, wrong, message, at: Some(&at) }.event(context, Value::Null)
    }
}

/// What an object has come to that nothing follows: that a job is at its end.
pub fn completed(context: Context<'_>, object: &ObjectState) -> Option<Event> {
    let condition = if context.resource == Resource::Jobs { health::completed(object) } else { None }?;
    let Metadata { name, namespace, uid, resource_version, .. } = &object.metadata;
    let (message, at) = (condition.message.as_deref().unwrap_or_default(), condition.last_transition_time.as_deref());
    let said = ConditionEvent { name, namespace, uid, word: "Completed", wrong: false, message, at };
    let mut event = said.event(context, json!(condition))?;
    if let Some(metadata) = event.said.data.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".into(), resource_version.as_str().into());
    }
    Some(event)
}

/// What is said of an object.
struct ConditionEvent<'a> {
    name: &'a str,
    namespace: &'a str,
    uid: &'a str,
    word: &'a str,
    wrong: bool,
    message: &'a str,
    at: Option<&'a str>,
}

impl ConditionEvent<'_> {
    fn event(&self, context: Context<'_>, condition: Value) -> Option<Event> {
        let Self { name, namespace, uid, word, wrong, message, at } = self;
        let at = at.map_or_else(|| context.now.to_string(), str::to_string);
        let mut object = json!({
            "kind": "Event", "apiVersion": "v1", "metadata": { "uid": format!("{uid} {word}") },
            "involvedObject": { "kind": context.resource.kind(), "name": name, "uid": uid },
            "type": if *wrong { "Warning" } else { "Normal" }, "reason": word, "message": truncate(message, MESSAGE),
            "lastTimestamp": at, "count": 1, "reportingComponent": "tidegate", "condition": condition,
        });
        if let Some(about) = object.get_mut("involvedObject").and_then(Value::as_object_mut)
            && !namespace.is_empty()
        {
            about.insert("namespace".into(), (*namespace).into());
        }
        let size = object.to_string().len();
        // Nodes are told of in the words of kubelets and controllers, as these tell of them.
        let observation = if context.resource.is_by_rules() { cluster_event::STATUS } else { cluster_event::EVENTS };
        cluster_event::event(context.cluster, object, size, observation).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, ready: &str, disk: &str) -> ObjectState {
        let node = json!({ "metadata": { "name": name, "uid": format!("u-{name}") }, "status": { "conditions": [
            { "type": "Ready", "status": ready, "message": "kubelet says so", "lastTransitionTime": "2026-07-01T12:00:00Z" },
            { "type": "DiskPressure", "status": disk, "lastTransitionTime": "2026-07-01T11:00:00Z" },
            { "type": "NetworkUnavailable", "status": "False" },
        ] } });
        serde_json::from_value(node).unwrap()
    }

    fn told(events: &[Event]) -> String {
        events
            .iter()
            .map(|event| format!("{} {}", event.object.name, event.reason().unwrap()))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn context(minute: i64) -> Context<'static> {
        Context {
            cluster: "k",
            resource: Resource::Nodes,
            now: Timestamp::from_second(1_782_907_200 + minute * 60).unwrap(),
        }
    }

    #[test]
    fn a_condition_is_told_when_it_changes_and_now_and_then_while_it_lasts() {
        let mut conditions = Conditions::default();
        let mut take =
            |minute: i64, ready: &str, disk: &str| told(&conditions.take(context(minute), &node("n1", ready, disk)));
        assert_eq!(take(0, "True", "False"), "");
        assert_eq!(take(1, "Unknown", "Unknown"), "n1 NodeNotReady");
        assert_eq!(take(2, "False", "True"), "n1 NodeHasDiskPressure");
        assert_eq!(take(10, "False", "True"), "");
        assert_eq!(take(12, "False", "True"), "n1 NodeNotReady, n1 NodeHasDiskPressure");
        assert_eq!(take(13, "True", "False"), "n1 NodeReady, n1 NodeHasNoDiskPressure");
        assert_eq!(take(14, "True", "False"), "");
        conditions.durable();
        assert_eq!(conditions, Conditions::default(), "of what is well nothing is kept");
    }

    #[test]
    fn what_ended_while_nobody_looked_is_told_when_somebody_does() {
        let mut conditions = Conditions::default();
        for name in ["stays", "heals", "goes"] {
            conditions.take(context(0), &node(name, "False", "False"));
        }
        let kept = serde_json::to_string(&conditions).unwrap();
        let mut conditions: Conditions = serde_json::from_str(&kept).unwrap();
        conditions.begin();
        assert_eq!(told(&conditions.take(context(5), &node("stays", "False", "False"))), "");
        assert_eq!(told(&conditions.take(context(5), &node("heals", "True", "False"))), "heals NodeReady");
        assert_eq!(told(&conditions.end(context(5))), "goes DeletingNode, goes NodeReady");
        assert_eq!(told(&conditions.gone(context(6), "u-stays")), "stays DeletingNode, stays NodeReady");
    }

    #[test]
    fn what_was_written_down_and_perhaps_not_told_is_told_anew_and_ends_in_any_case() {
        let written = |conditions: &Conditions| serde_json::to_string(conditions).unwrap();
        let read = |kept: &str| serde_json::from_str::<Conditions>(kept).unwrap().restored();
        let mut conditions = Conditions::default();
        conditions.take(context(0), &node("n1", "True", "False"));
        assert!(!conditions.must_be_kept_first());
        conditions.take(context(0), &node("n1", "False", "False"));
        assert!(conditions.must_be_kept_first());
        let before = written(&conditions);
        // Killed before it was told, or right behind that.
        assert_eq!(told(&read(&before).take(context(1), &node("n1", "False", "False"))), "n1 NodeNotReady");
        assert_eq!(told(&read(&before).due(context(1))), "n1 NodeNotReady");
        assert_eq!(told(&read(&before).take(context(1), &node("n1", "True", "False"))), "n1 NodeReady");
        conditions.durable();
        assert!(!conditions.must_be_kept_first());
        assert_eq!(told(&read(&written(&conditions)).take(context(1), &node("n1", "False", "False"))), "");
        assert_eq!(told(&conditions.take(context(1), &node("n1", "True", "False"))), "n1 NodeReady");
        assert!(!conditions.must_be_kept_first());
    }

    #[test]
    fn what_lasts_is_told_though_nothing_changes_and_what_crashes_is_over_when_it_has_run_for_a_while() {
        let pod = |state: Value| -> ObjectState {
            let pod = json!({ "metadata": { "name": "web-1", "namespace": "shop", "uid": "u" }, "status": { "containerStatuses": [{ "name": "web", "state": state }] } });
            serde_json::from_value(pod).unwrap()
        };
        let pods = |minute: i64| Context { resource: Resource::Pods, ..context(minute) };
        let mut conditions = Conditions::default();
        let (crashes, runs) = (json!({ "waiting": { "reason": "CrashLoopBackOff" } }), json!({ "running": {} }));
        let first = conditions.take(pods(0), &pod(crashes.clone()));
        assert_eq!((told(&first), first[0].observation.as_str()), ("web-1 CrashLoopBackOff".into(), "status"));
        assert_eq!(first[0].said.subject, "ops.clusters.k.namespaces.shop.pods.web-1.status");
        assert_eq!(told(&conditions.due(pods(9))), "");
        let again = conditions.due(pods(10));
        assert_eq!(told(&again), "web-1 CrashLoopBackOff");
        assert!(again[0].occurred() > first[0].occurred(), "it counts as often as it is told");
        // It runs between two crashes, and that is no end.
        assert_eq!(told(&conditions.take(pods(11), &pod(runs.clone()))), "");
        assert_eq!(told(&conditions.take(pods(12), &pod(crashes))), "");
        assert_eq!(told(&conditions.take(pods(13), &pod(runs.clone()))), "");
        conditions.begin();
        assert_eq!(told(&conditions.take(pods(14), &pod(runs))), "");
        assert_eq!(told(&conditions.end(pods(14))), "", "a list that shows it running");
        assert_eq!(
            (told(&conditions.due(pods(22))), told(&conditions.due(pods(23)))),
            ("".into(), "web-1 Started".into())
        );
        assert_eq!(conditions.unwell.len(), 0);
    }
}
