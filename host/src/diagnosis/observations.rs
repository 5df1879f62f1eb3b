//! All that was seen, put together: each object once, as the fullest and latest answer told it.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{list, text};
use crate::domain::Alert;
use crate::domain::incident::Look;
use crate::evidence::{Detail, Event, observed};

/// Objects and events that are kept.
const OBJECTS: usize = 1000;
const EVENTS: usize = 2000;
const LOGS: usize = 12;

/// What was seen.
pub(super) struct Observations<'a> {
    pub alerts: Vec<&'a Alert>,
    objects: Vec<(Detail, Value)>,
    /// Warnings and what is normal, what was seen last at the end.
    pub events: Vec<Event>,
    pub logs: Vec<Log>,
    /// When it was looked at last.
    pub at: Timestamp,
}

/// A log of a pod.
pub(super) struct Log {
    /// The pod, or whatever else it was asked for by.
    pub name: String,
    pub namespace: String,
    /// The container that was asked for; empty where none was named.
    pub container: String,
    pub text: String,
}

impl<'a> Observations<'a> {
    /// Puts together what looks showed, in their order.
    pub fn new(alerts: impl IntoIterator<Item = &'a Alert>, looks: impl IntoIterator<Item = &'a Look>) -> Self {
        let mut world = Self {
            alerts: alerts.into_iter().collect(),
            objects: Vec::new(),
            events: Vec::new(),
            logs: Vec::new(),
            at: Timestamp::MIN,
        };
        let mut seen_at = Vec::new();
        let mut places: HashMap<(String, String, String), usize> = HashMap::new();
        for look in looks {
            let seen = observed(look);
            world.at = world.at.max(look.at);
            let room = EVENTS.saturating_sub(seen_at.len());
            seen_at.extend(seen.events.into_iter().take(room).map(|event| (event.seen_at(look.at), event)));
            if let Some(text) = seen.log.filter(|_| world.logs.len() < LOGS) {
                let argument =
                    |key: &str| look.call.arguments.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
                let container = argument("container");
                world.logs.push(Log { name: argument("name"), namespace: argument("namespace"), container, text });
            }
            for (told, object) in seen.objects {
                let part = |pointer: &str| text(&object, pointer).to_string();
                let key = (part("/kind").to_lowercase(), part("/metadata/namespace"), part("/metadata/name"));
                if let Some(known) = places.get(&key).and_then(|place| world.objects.get_mut(*place)) {
                    if told >= known.0 {
                        *known = (told, object);
                    }
                } else if world.objects.len() < OBJECTS {
                    places.insert(key, world.objects.len());
                    world.objects.push((told, object));
                }
            }
        }
        // A server lists events by their names, which say when something happened first. Of what has no time the order of
        // the answers is all that is known.
        seen_at.sort_by_key(|(at, _)| *at);
        world.events = seen_at.into_iter().map(|(_, event)| event).collect();
        world
    }

    /// Objects of a kind of which more than the name is known.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let known = self.objects.iter().filter(|(told, _)| *told != Detail::Listed);
        known.map(|(_, object)| object).filter(move |object| text(object, "/kind").eq_ignore_ascii_case(kind))
    }

    /// Objects of a kind that were seen whole, so that a field that is missing is not there.
    pub fn whole(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let known = self.objects.iter().filter(|(told, _)| *told == Detail::Full);
        known.map(|(_, object)| object).filter(move |object| text(object, "/kind").eq_ignore_ascii_case(kind))
    }

    /// All objects, whatever their kind, of which more than the name is known.
    pub fn all(&self) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(|(told, _)| *told != Detail::Listed).map(|(_, object)| object)
    }

    /// The object of this kind and name, in a namespace if the kind has one.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.of(kind).find(|object| {
            text(object, "/metadata/name") == name
                && (namespace.is_empty() || text(object, "/metadata/namespace") == namespace)
        })
    }

    /// The Deployment, StatefulSet or other controller above an object, as far as it was seen.
    pub fn workload(&self, object: &Value) -> Option<&Value> {
        let above = self.owner(object)?;
        Some(self.owner(above).unwrap_or(above))
    }

    fn owner(&self, object: &Value) -> Option<&Value> {
        let owner = list(object, "/metadata/ownerReferences").first()?;
        self.get(text(owner, "/kind"), text(object, "/metadata/namespace"), text(owner, "/name"))
    }

    /// Events about an object, the last first.
    pub fn told(&self, object: &Value) -> impl Iterator<Item = &Event> {
        let about = format!("{} {}", text(object, "/kind").to_lowercase(), text(object, "/metadata/name"));
        let namespace = text(object, "/metadata/namespace").to_string();
        // One of the same name in another namespace is another object.
        let own = move |event: &&Event| event.object == about && within(&event.namespace, &namespace);
        self.events.iter().rev().filter(own)
    }

    /// Warnings about an object, the last first.
    pub fn warnings(&self, object: &Value) -> impl Iterator<Item = &Event> {
        self.told(object).filter(|event| event.warning)
    }

    /// Warnings about what was not seen itself.
    pub fn strangers(&self) -> impl Iterator<Item = &Event> {
        // What has the name of something that was seen, in another namespace, is nobody's concern here.
        let known: std::collections::HashSet<String> = self
            .all()
            .map(|object| format!("{} {}", text(object, "/kind").to_lowercase(), text(object, "/metadata/name")))
            .collect();
        self.events.iter().filter(move |event| event.warning && !known.contains(&event.object))
    }

    /// Logs of a pod.
    pub fn logs(&self, pod: &Value) -> impl Iterator<Item = &Log> {
        let (name, namespace) = (text(pod, "/metadata/name"), text(pod, "/metadata/namespace"));
        self.logs.iter().filter(move |log| log.name == name && (log.namespace == namespace || log.namespace.is_empty()))
    }

    /// The latest log of a container that says anything. A log for which nobody named a container is that of the
    /// only one, or of the first.
    pub fn log(&self, pod: &Value, container: &Container<'_>) -> Option<&Log> {
        let name = container.name();
        let first = list(pod, "/spec/containers").first().is_none_or(|first| text(first, "/name") == name);
        let own = |log: &&Log| log.container == name || log.container.is_empty() && first;
        self.logs(pod).filter(own).filter(|log| !log.text.trim().is_empty()).last()
    }
}

/// Whether something of this namespace may be of that one; where either is not known it may. What has no namespace
/// itself has its events in one all the same.
fn within(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other
}

/// The containers of a pod: whether they run to their end before the others, what they are to be, what they are.
pub(super) fn containers(pod: &Value) -> impl Iterator<Item = Container<'_>> {
    [("initContainerStatuses", "initContainers", true), ("containerStatuses", "containers", false)]
        .into_iter()
        .flat_map(move |(statuses, specs, init)| {
            let specs = list(pod, &format!("/spec/{specs}"));
            list(pod, &format!("/status/{statuses}")).iter().take(32).map(move |status| {
                let spec = specs.iter().find(|spec| text(spec, "/name") == text(status, "/name"));
                Container { init, spec, status }
            })
        })
}

/// A container of a pod.
pub(super) struct Container<'a> {
    pub init: bool,
    pub spec: Option<&'a Value>,
    pub status: &'a Value,
}

impl Container<'_> {
    pub fn name(&self) -> &str {
        text(self.status, "/name")
    }

    /// What the pod was told to run; its status may hold a resolved name.
    pub fn image(&self) -> &str {
        let asked = self.spec.map(|spec| text(spec, "/image")).filter(|image| !image.is_empty());
        asked.unwrap_or_else(|| text(self.status, "/image"))
    }

    pub fn ready(&self) -> bool {
        self.status.pointer("/ready") == Some(&Value::Bool(true))
    }

    pub fn restarts(&self) -> u64 {
        self.status.pointer("/restartCount").and_then(Value::as_u64).unwrap_or_default()
    }

    /// Why it waits; empty where it does not.
    pub fn waits(&self) -> &str {
        text(self.status, "/state/waiting/reason")
    }

    /// How it ended, now or the last time: reason, exit code and message; none where it never did with a fault.
    pub fn ended(&self) -> Option<(&str, Option<i64>, &str)> {
        // What is to run on and ends without a fault again and again is at fault as well.
        let again = self.waits() == "CrashLoopBackOff";
        ["/state/terminated", "/lastState/terminated"].into_iter().find_map(|pointer| {
            let state = self.status.pointer(pointer)?;
            let code = state.get("exitCode").and_then(Value::as_i64);
            let reason = text(state, "/reason");
            let failed = code.is_some_and(|code| code != 0 || again)
                || matches!(reason, "OOMKilled" | "Error" | "ContainerCannotRun" | "StartError");
            failed.then(|| (reason, code, text(state, "/message")))
        })
    }
}
