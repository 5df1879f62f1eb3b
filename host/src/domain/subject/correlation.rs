//! What ties an alert to the trouble of others: the object that it is about, what its trouble explains, and
//! what would explain it. As far as labels and names tell.

use std::fmt;

use super::read::SubjectLabels;
use super::{HOST, Subject};
use crate::domain::Alert;

/// Something that two alerts can have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CorrelationKey {
    /// The cluster; empty where the alert names none.
    pub cluster: String,
    /// The namespace; empty where there is none.
    pub namespace: String,
    /// `workload` for all that runs pods, `quota` for the room of a namespace, else the kind of the object.
    pub kind: &'static str,
    /// The name; empty for the room of a namespace.
    pub name: String,
}

/// `workload shop/web`.
impl fmt::Display for CorrelationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> =
            [self.namespace.as_str(), &self.name].into_iter().filter(|part| !part.is_empty()).collect();
        write!(f, "{} {}", self.kind, parts.join("/"))
    }
}

/// All ties of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorrelationKeys {
    /// The object whose alerts are one trouble, whatever their names: a workload with its pods, a node that is
    /// lost. None for all others: a host with a full disk and a wrong clock has two troubles.
    pub object: Option<CorrelationKey>,
    /// What its trouble explains: the pods of a node that is gone, what a claim keeps from starting.
    pub explains: Vec<CorrelationKey>,
    /// What would explain its trouble.
    pub explained_by: Vec<CorrelationKey>,
}

/// Alerts of a node whose pods suffer with it.
const NODE_IS_LOST: [&str; 11] = [
    "KubeNodeNotReady",
    "KubeNodeUnreachable",
    "KubeNodePressure",
    "KubeNodeEviction",
    "KubeNodeReadinessFlapping",
    "KubeletInstanceUnreachable",
    "KubernetesNodeNotReady",
    "KubernetesNodeMemoryPressure",
    "KubernetesNodeDiskPressure",
    "NodeDown",
    "NodeNotReady",
];

/// Alerts of a quota that keeps pods from being made.
const NO_ROOM: [&str; 2] = ["KubeQuotaFullyUsed", "KubeQuotaExceeded"];

/// Ends of names of alerts about pods that are not there.
const PODS_ARE_MISSING: [&str; 5] =
    ["ReplicasMismatch", "RolloutStuck", "NotScheduled", "JobNotCompleted", "NotEnoughHealthyPods"];

impl CorrelationKeys {
    /// The ties of an alert.
    pub fn of(alert: &Alert) -> Self {
        let read = SubjectLabels::of(&alert.labels);
        let subject = Subject::read(&alert.name, &read);
        subject.map(|subject| Self::of_subject(alert, &read, &subject)).unwrap_or_default()
    }

    /// The same, and the namespace that the alert is about ([`super::namespace`]).
    pub fn with_namespace(alert: &Alert) -> (Self, Option<String>) {
        let read = SubjectLabels::of(&alert.labels);
        let subject = Subject::read(&alert.name, &read);
        let namespace = super::namespace_in(&read, subject.as_ref());
        (subject.map(|subject| Self::of_subject(alert, &read, &subject)).unwrap_or_default(), namespace)
    }

    fn of_subject(alert: &Alert, read: &SubjectLabels<'_>, subject: &Subject) -> Self {
        let mut ties = Self::default();
        if subject.workload().is_some() {
            ties.object = Some(CorrelationKey::of(subject));
        }
        let tie = |kind, name: &str| CorrelationKey {
            cluster: subject.cluster.clone().unwrap_or_default(),
            namespace: match kind {
                "node" => String::new(),
                _ => subject.namespace.clone().unwrap_or_default(),
            },
            kind,
            name: name.to_string(),
        };
        match subject.kind {
            "node" | HOST if NODE_IS_LOST.contains(&alert.name.as_str()) => {
                ties.explains.push(tie("node", &subject.name));
                ties.object = Some(tie("node", &subject.name));
            }
            "resourcequota" if NO_ROOM.contains(&alert.name.as_str()) => ties.explains.push(tie("quota", "")),
            "persistentvolumeclaim" => {
                ties.explains.extend(users_of_claim(&subject.name).map(|name| tie("workload", name)));
            }
            "horizontalpodautoscaler" => ties.explained_by.push(tie("workload", without(&subject.name, "-hpa"))),
            "poddisruptionbudget" => ties.explained_by.push(tie("workload", without(&subject.name, "-pdb"))),
            _ => {}
        }
        if subject.workload().is_some()
            && let Some((_, node)) = read.of_kinds(&["node"])
        {
            ties.explained_by.push(tie("node", &node));
        }
        if PODS_ARE_MISSING.iter().any(|end| alert.name.ends_with(end)) {
            ties.explained_by.push(tie("quota", ""));
        }
        ties
    }
}

impl CorrelationKey {
    /// What is one for two alerts about this object: pods and their workload are.
    pub fn of(subject: &Subject) -> Self {
        let (kind, name) = match subject.workload() {
            Some(workload) => ("workload", workload.name),
            None => (subject.kind, subject.name.clone()),
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self { cluster: text(&subject.cluster), namespace: text(&subject.namespace), kind, name }
    }
}

/// A StatefulSet's claim is called `<template>-<pod>`: what the set may be called, the likeliest first.
fn users_of_claim(claim: &str) -> impl Iterator<Item = &str> {
    let set = claim
        .rsplit_once('-')
        .filter(|(_, number)| (1..=4).contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit()));
    let set = set.map_or("", |(set, _)| set);
    set.match_indices('-').filter_map(move |(at, _)| set.get(at + 1..)).take(8)
}

fn without<'a>(name: &'a str, end: &str) -> &'a str {
    name.strip_suffix(end).unwrap_or(name)
}
