//! Everything the cluster holds, behind one mutex. Each write gets a new resource version and a
//! place in the log that watches read, so no change can be missed or seen twice.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use super::fault::Fault;
use super::json;
use super::kubelet::Step;
use super::names;
use super::resources::Resource;
use super::scenario::{Printed, Settings};
use crate::Request;
use crate::clock;

/// Where an object lives: the plural of its kind, its namespace, its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The plural; both event groups share one.
    pub plural: &'static str,
    /// The namespace; empty for kinds without.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Key {
    /// The place of one object.
    pub fn new(resource: &Resource, namespace: &str, name: &str) -> Self {
        Self { plural: resource.plural, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// One entry of the log that watches read.
#[derive(Debug, Clone)]
pub struct Change {
    /// The resource version of the change.
    pub version: u64,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub action: &'static str,
    /// Where.
    pub key: Key,
    /// The object after the change, or as it was when deleted.
    pub object: Value,
}

/// The state of the cluster.
#[derive(Debug)]
pub struct Cluster {
    pub(super) settings: Settings,
    pub(super) faults: Vec<Fault>,
    pub(super) requests: Vec<Request>,
    pub(super) timers: BTreeMap<(Instant, u64), Step>,
    pub(super) log: Vec<Change>,
    pub(super) deadline_passed: BTreeSet<String>,
    /// Namespaces in which nothing happens by itself.
    pub(super) still: BTreeSet<String>,
    /// What containers printed, where a scenario says so: in their last run, and in the one before it.
    pub(super) logs: Vec<Printed>,
    /// Versions before this one are forgotten, and how often all watches were ended.
    pub(super) compacted: u64,
    pub(super) ends: u64,
    objects: BTreeMap<Key, Value>,
    counter: u64,
    version: u64,
    changed: watch::Sender<u64>,
}

impl Cluster {
    /// An empty cluster.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            faults: Vec::new(),
            requests: Vec::new(),
            timers: BTreeMap::new(),
            log: Vec::new(),
            deadline_passed: BTreeSet::new(),
            still: BTreeSet::new(),
            logs: Vec::new(),
            compacted: 0,
            ends: 0,
            objects: BTreeMap::new(),
            counter: 0,
            version: 100,
            changed: watch::Sender::new(0),
        }
    }

    /// Tells when something was written or planned.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The newest resource version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// A number that was not given out before.
    pub fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// The object at `key`.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    /// The objects of one kind, in the order of namespace and name.
    pub fn all(&self, plural: &str) -> impl Iterator<Item = (&Key, &Value)> {
        self.objects.iter().filter(move |(key, _)| key.plural == plural)
    }

    /// The keys of the objects of one kind whose controlling owner has `uid`.
    pub fn owned(&self, plural: &str, uid: &str) -> Vec<Key> {
        let owned = self.all(plural).filter(|(_, object)| {
            let mut owners = json::list(object, "/metadata/ownerReferences").iter();
            owners.any(|owner| json::truth(owner, "/controller") && json::text(owner, "/uid") == uid)
        });
        owned.map(|(key, _)| key.clone()).collect()
    }

    /// Writes an object, filling in what the API itself owns; a write that changes nothing is none.
    pub fn put(&mut self, key: Key, mut object: Value) -> Value {
        let before = self.objects.get(&key);
        let action = if before.is_some() { "MODIFIED" } else { "ADDED" };
        match before {
            Some(before) => {
                for kept in ["/metadata/uid", "/metadata/creationTimestamp", "/metadata/resourceVersion"] {
                    json::set(&mut object, kept, json::at(before, kept));
                }
                if *before == object {
                    return object;
                }
            }
            None => {
                let uid = names::uid(self.next());
                json::set(&mut object, "/metadata/uid", uid);
                if json::text(&object, "/metadata/creationTimestamp").is_empty() {
                    json::set(&mut object, "/metadata/creationTimestamp", clock::rfc3339(0));
                }
            }
        }
        self.version += 1;
        json::set(&mut object, "/metadata/resourceVersion", self.version.to_string());
        self.objects.insert(key.clone(), object.clone());
        self.record(action, key, object.clone());
        object
    }

    /// Removes an object and everything that it controls.
    pub fn remove(&mut self, key: &Key) -> Option<Value> {
        let mut object = self.objects.remove(key)?;
        self.version += 1;
        json::set(&mut object, "/metadata/resourceVersion", self.version.to_string());
        self.record("DELETED", key.clone(), object.clone());
        let uid = json::text(&object, "/metadata/uid").to_owned();
        for plural in ["replicasets", "pods"] {
            for owned in self.owned(plural, &uid) {
                self.remove(&owned);
            }
        }
        Some(object)
    }

    /// Forgets who controls the objects that `uid` controls, as a deletion with `Orphan` does.
    pub fn orphan(&mut self, uid: &str) {
        for plural in ["replicasets", "pods"] {
            for key in self.owned(plural, uid) {
                if let Some(mut object) = self.get(&key).cloned() {
                    json::remove(&mut object, "/metadata", "ownerReferences");
                    self.put(key, object);
                }
            }
        }
    }

    /// Forgets all changes so far: who goes on from an older version is refused.
    pub fn compact(&mut self) {
        self.version += 1;
        self.compacted = self.version;
        self.log.clear();
    }

    /// Ends all watches, as an API does that restarts.
    pub fn end_watches(&mut self) {
        self.ends += 1;
        self.changed.send_modify(|count| *count += 1);
    }

    /// Plans a step of the kubelet.
    pub fn plan(&mut self, at: Instant, step: Step) {
        let order = self.next();
        self.timers.insert((at, order), step);
        self.changed.send_modify(|count| *count += 1);
    }

    fn record(&mut self, action: &'static str, key: Key, object: Value) {
        let version = self.version;
        self.log.push(Change { version, action, key, object });
        self.changed.send_modify(|count| *count += 1);
    }
}
