//! The calls that the tables want, given what was seen so far.

use std::collections::{BTreeSet, HashSet, VecDeque};

use serde_json::Value;

use super::table::{Collector, FollowUp, LookMethod, Tables};
use super::{arguments, kinds, path};
use crate::domain::clusters::AlertClusters;
use crate::domain::{Alert, Call, Catalogue, Incident, Subject, is_cluster_wide};
use crate::evidence::{Detail, Observation, observed, text};

/// Objects with which it begins, and objects in all.
const ROOTS: usize = 3;
const OBJECTS: usize = 16;
/// References that lead from a root to an object.
const FAR: usize = 4;
/// Servers that are asked where nothing says which one knows the cluster.
const SERVERS: usize = 3;

/// Something that is looked at.
#[derive(Clone, Debug)]
pub(super) struct LookTarget<'a> {
    pub alert: &'a Alert,
    /// The one server that knows it; none where all are asked.
    server: Option<String>,
    /// In small letters; `alert` for an alert itself.
    pub kind: String,
    /// Group and version, where a reference tells.
    pub api: Option<String>,
    pub namespace: String,
    pub name: String,
    far: usize,
}

/// What was seen, and by which call.
struct ObservedDocument<'a> {
    call: &'a Call,
    observed: Observation,
}

/// The calls that the tables want about an incident, those included that were made already.
pub fn required_calls(tables: &Tables, incident: &Incident, catalogue: &Catalogue) -> Vec<Call> {
    if tables.collectors.is_empty() {
        return Vec::new();
    }
    let looks = incident.current_evidence();
    let seen = looks.map(|look| ObservedDocument { call: &look.call, observed: observed(look) }).collect();
    let cluster = incident.labels().get("cluster").unwrap_or_default().to_string();
    let named = AlertClusters::of(incident);
    let mut engine = Engine { tables, catalogue, cluster, named, seen, calls: Vec::new() };
    engine.run(roots(incident));
    engine.calls
}

/// Whom the firing alerts are about, each once, and each alert by itself.
fn roots(incident: &Incident) -> VecDeque<LookTarget<'_>> {
    let mut roots: VecDeque<LookTarget<'_>> = VecDeque::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for alert in incident.firing().take(200) {
        let thing = |kind: &str, namespace: &str, name: &str| LookTarget {
            alert,
            server: None,
            kind: kind.into(),
            api: None,
            namespace: namespace.into(),
            name: name.into(),
            far: 0,
        };
        if names.len() < ROOTS && names.insert(&alert.name) {
            roots.push_back(thing("alert", "", &alert.name));
        }
        let about = Subject::of_labels(&alert.name, &alert.labels);
        let (kind, namespace, name) = match &about {
            Some(about) => (about.kind, about.namespace.as_deref().unwrap_or_default(), about.name.as_str()),
            // About nobody in it, so about the namespace.
            None => ("namespace", "", alert.labels.get("namespace").unwrap_or_default()),
        };
        let same = |one: &LookTarget<'_>| one.kind == kind && one.name == name && one.namespace == namespace;
        let objects = roots.iter().filter(|one| one.kind != "alert").count();
        if objects < ROOTS && !name.is_empty() && !roots.iter().any(same) {
            roots.push_back(thing(kind, namespace, name));
        }
    }
    roots
}

struct Engine<'a> {
    tables: &'a Tables,
    catalogue: &'a Catalogue,
    cluster: String,
    /// The clusters that its alerts name.
    named: AlertClusters,
    seen: Vec<ObservedDocument<'a>>,
    calls: Vec<Call>,
}

impl<'a> Engine<'a> {
    fn run(&mut self, mut queue: VecDeque<LookTarget<'a>>) {
        let mut known: HashSet<(Option<String>, String, String, String)> = HashSet::new();
        while let Some(thing) = queue.pop_front() {
            let key = (thing.server.clone(), thing.kind.clone(), thing.namespace.clone(), thing.name.clone());
            if known.len() >= OBJECTS || !known.insert(key) {
                continue;
            }
            let tables = self.tables;
            let fits = |one: &&Collector| {
                let names = &one.alertname;
                let named = names.is_empty() || names.iter().any(|name| name.is_match(&thing.alert.name));
                one.of.contains(&thing.kind) && named
            };
            for collector in tables.collectors.iter().filter(fits) {
                for look in &collector.look {
                    self.look(look, &thing, None);
                }
                for (server, object) in self.found(&thing) {
                    let thing = LookTarget { server: Some(server), ..thing.clone() };
                    for then in collector.then.iter().filter(|then| holds(then, &object)) {
                        queue.extend(self.then(then, &thing, &object));
                    }
                }
            }
        }
    }

    /// What a row leads to: looks at once, and further things.
    fn then(&mut self, then: &FollowUp, thing: &LookTarget<'a>, object: &Value) -> Vec<LookTarget<'a>> {
        for look in &then.look {
            self.look(look, thing, Some(object));
        }
        let mut next = Vec::new();
        if thing.far >= FAR {
            return next;
        }
        let far = thing.far + 1;
        for value in then.follow.iter().flat_map(|at| path::values(object, at)).take(3) {
            let text = |key: &str| value.get(key).and_then(Value::as_str);
            let kind = text("kind").map(str::to_lowercase).or_else(|| then.kind.clone());
            let Some((name, kind)) = value.as_str().or_else(|| text("name")).zip(kind) else { continue };
            // An object may name anything as its owner; what is followed is of a kind that shows no secrets.
            let Some((usual, _)) = kinds::of(&kind) else { continue };
            let namespace = if is_cluster_wide(&kind) { String::new() } else { thing.namespace.clone() };
            // A kind of that name in another group may hold anything.
            let api = text("apiVersion").filter(|api| group(api) == group(usual)).map(str::to_string);
            next.push(LookTarget { kind, api, namespace, name: name.into(), far, ..thing.clone() });
        }
        if let Some(kind) = then.list.as_ref().filter(|_| !then.selected || !arguments::selector(object).is_empty()) {
            let namespace = if is_cluster_wide(kind) { String::new() } else { thing.namespace.clone() };
            let listed =
                LookTarget { kind: kind.clone(), api: None, namespace, name: String::new(), far, ..thing.clone() };
            let calls = self.look("list", &listed, then.selected.then_some(object));
            next.extend(self.listed(&calls, &listed, then.each));
        }
        next
    }

    /// Those of a listing that are looked at themselves: what is not well comes first.
    fn listed(&self, calls: &[Call], of: &LookTarget<'a>, most: usize) -> Vec<LookTarget<'a>> {
        let answers = self.seen.iter().filter(|seen| calls.contains(seen.call));
        let objects = answers.flat_map(|seen| seen.observed.objects.iter().map(|(_, object)| object));
        let mut rows: Vec<(bool, &str, &str)> = objects
            .filter(|object| text(object, "/kind").eq_ignore_ascii_case(&of.kind))
            .map(|object| {
                let state = [text(object, "/listed"), text(object, "/status/phase")].concat();
                let well = ["", "Running", "Completed", "Succeeded", "Bound", "Active"].contains(&state.as_str());
                (well, text(object, "/metadata/name"), text(object, "/metadata/namespace"))
            })
            .collect();
        rows.sort_unstable();
        let thing = |(_, name, namespace): (bool, &str, &str)| {
            let namespace = if namespace.is_empty() { of.namespace.clone() } else { namespace.into() };
            LookTarget { name: name.into(), namespace, ..of.clone() }
        };
        rows.into_iter().take(most).map(thing).collect()
    }

    /// The object as it was seen whole, and by which server.
    fn found(&self, thing: &LookTarget<'_>) -> Vec<(String, Value)> {
        let mut found: Vec<(String, Value)> = Vec::new();
        for seen in &self.seen {
            let server = seen.call.tool.split('.').next().unwrap_or_default();
            let other = thing.server.as_deref().is_some_and(|own| own != server);
            if other || found.iter().any(|(known, _)| known == server) {
                continue;
            }
            let is = |object: &Value| {
                text(object, "/kind").eq_ignore_ascii_case(&thing.kind)
                    && text(object, "/metadata/name") == thing.name
                    && (thing.namespace.is_empty() || text(object, "/metadata/namespace") == thing.namespace)
            };
            let whole = seen.observed.objects.iter().find(|(told, object)| *told == Detail::Full && is(object));
            found.extend(whole.map(|(_, object)| (server.to_string(), object.clone())));
        }
        found
    }

    /// Wants a look on each server that may know the thing; the calls.
    fn look(&mut self, look: &str, thing: &LookTarget<'_>, object: Option<&Value>) -> Vec<Call> {
        let Some(ways) = self.tables.looks.get(look) else { return Vec::new() };
        let mut made = Vec::new();
        for server in self.servers(ways, thing) {
            let has = |by: &&LookMethod| {
                let kind = by.kinds.is_empty() || by.kinds.contains(&thing.kind);
                kind && self.catalogue.tools.contains_key(&format!("{server}.{}", by.tool))
            };
            let Some(by) = ways.iter().find(has) else { continue };
            let Some(arguments) = arguments::of(&by.arguments, thing, object) else { continue };
            let call = Call { tool: format!("{server}.{}", by.tool), arguments };
            if !self.calls.contains(&call) {
                self.calls.push(call.clone());
            }
            made.push(call);
        }
        made
    }

    /// The server of the thing; else the one that is called like the cluster; else those that reach it by the
    /// configuration; else all that have such a tool.
    fn servers(&self, ways: &[LookMethod], thing: &LookTarget<'_>) -> Vec<String> {
        let split = |tool: &'a str| tool.split_once('.');
        let own = |tool: &&String| self.catalogue.clusters.refusal(tool, &self.named).is_none();
        let able = self.catalogue.tools.keys().filter(own).filter_map(|tool| split(tool));
        let able = able.filter(|(_, name)| ways.iter().any(|by| by.tool == *name)).map(|(server, _)| server);
        let all: BTreeSet<&str> = able.collect();
        let cluster = Some(self.cluster.as_str()).filter(|cluster| all.contains(cluster));
        let own: Vec<&str> =
            self.catalogue.clusters.servers_of(&self.named).filter(|own| all.contains(own)).take(SERVERS).collect();
        match thing.server.as_deref().filter(|own| all.contains(own)).or(cluster) {
            Some(own) => vec![own.to_string()],
            None if !own.is_empty() => own.into_iter().map(str::to_string).collect(),
            // What another server knows as well, such as the metrics of a cluster.
            None => all.into_iter().take(SERVERS).map(str::to_string).collect(),
        }
    }
}

fn holds(then: &FollowUp, object: &Value) -> bool {
    let Some(at) = &then.when else { return true };
    let found = path::values(object, at);
    let is = |value: &&Value| {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_string);
        then.is.contains(&shown)
    };
    if then.is.is_empty() { !found.is_empty() } else { found.iter().any(is) }
}

/// The group of an `apiVersion`; empty for the core's.
fn group(api: &str) -> &str {
    api.split_once('/').map_or("", |(group, _)| group)
}
