//! What was seen of one thing, whatever form the answer had.

use super::container::Container;
use super::event::{self, Event};
use super::short;

/// An object and its state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ObjectSummary {
    /// As the API writes it: `Pod`; empty where the answer does not say.
    pub kind: String,
    pub namespace: String,
    pub name: String,
    /// Its phase and why, in the API's words; empty where it has none.
    pub status: String,
    /// Its phase or reason alone.
    pub phase: String,
    /// The storage class that a claim names.
    pub class: String,
    /// Further lines, the most telling first.
    pub facts: Vec<String>,
    pub conditions: Vec<Condition>,
    pub containers: Vec<Container>,
    pub events: Vec<Event>,
}

/// A condition as the API states it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Condition {
    pub kind: String,
    pub status: String,
    pub reason: String,
    pub message: String,
}

/// Conditions of a node by which something presses it.
pub(crate) const NODE_PRESSURES: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

/// Conditions that are well when they are false; all others are well when they are true.
const WELL_WHEN_FALSE: [&str; 14] = [
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "NetworkUnavailable",
    "ReplicaFailure",
    "ScalingLimited",
    "Failed",
    "FailureTarget",
    "Stalled",
    "DisruptionTarget",
    "PodHasNetwork",
    "FileSystemResizePending",
    "Resizing",
    "Suspended",
];

impl Condition {
    /// Whether it is not as it should be.
    pub fn wrong(&self) -> bool {
        let expected = if WELL_WHEN_FALSE.contains(&self.kind.as_str()) { "False" } else { "True" };
        !self.status.is_empty() && !self.status.eq_ignore_ascii_case(expected) && !self.harmless()
    }

    /// A pod that has ended is not ready, and that is right.
    fn harmless(&self) -> bool {
        self.reason == "PodCompleted"
    }

    /// Reason and message, as far as there are any.
    pub fn why(&self) -> String {
        match (self.reason.is_empty(), self.message.is_empty()) {
            (true, true) => String::new(),
            (false, true) => short(&self.reason),
            (true, false) => short(&self.message),
            (false, false) => format!("{}: {}", short(&self.reason), short(&self.message)),
        }
    }
}

impl ObjectSummary {
    /// `pod shop/web-1`.
    pub fn object(&self) -> String {
        let kind = if self.kind.is_empty() { String::new() } else { format!("{} ", self.kind.to_lowercase()) };
        let namespace = if self.namespace.is_empty() { String::new() } else { format!("{}/", self.namespace) };
        short(&format!("{kind}{namespace}{}", self.name))
    }

    /// Kind and name, as events name what they are about: `pod web-1`.
    pub fn object_of_events(&self) -> String {
        format!("{} {}", self.kind.to_lowercase(), self.name)
    }

    /// The observations, the most telling first.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.name.is_empty() {
            let status = if self.status.is_empty() { String::new() } else { format!(": {}", short(&self.status)) };
            lines.push(format!("{}{status}", self.object()));
        }
        lines.extend(self.facts.iter().cloned());
        lines.extend(self.containers.iter().flat_map(Container::lines));
        let (mut told, bare): (Vec<&Condition>, Vec<&Condition>) =
            self.conditions.iter().filter(|condition| condition.wrong()).partition(|one| !one.why().is_empty());
        // The others follow from these.
        told.sort_by_key(|one| !matches!(one.kind.as_str(), "Ready" | "Available" | "PodScheduled"));
        // Two conditions that say the same in the same words are one observation.
        let mut said: Vec<String> = Vec::new();
        for condition in told {
            let why = condition.why();
            if !said.contains(&why) {
                lines.push(format!("condition {} is {}: {why}", short(&condition.kind), short(&condition.status)));
                said.push(why);
            }
        }
        if !bare.is_empty() {
            let names: Vec<String> =
                bare.iter().map(|one| format!("{} is {}", short(&one.kind), short(&one.status))).collect();
            lines.push(format!("conditions: {}", names.join(", ")));
        }
        lines.extend(event::lines(&self.events));
        lines
    }
}
