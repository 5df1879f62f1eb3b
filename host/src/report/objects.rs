//! What alerts are about, as a person names it: the one reading for messages and reports.

use std::collections::BTreeSet;

use crate::domain::message::Object;
use crate::domain::{Alert, Incident, Status};

/// Labels that name the object that an alert is about, the most telling first: where an exporter's own pod
/// stands beside the job or the claim that it tells of, that is what the alert is about.
const OBJECTS: [&str; 14] = [
    "job_name",
    "cronjob",
    "persistentvolumeclaim",
    "deployment",
    "statefulset",
    "daemonset",
    "pod",
    "service",
    "node",
    "instance",
    "host",
    "hostname",
    "container",
    "name",
];

/// What an alert is about: its own name where no label says more.
pub(super) fn of(alert: &Alert) -> Object {
    let found = OBJECTS.iter().find_map(|key| Some((*key, alert.labels.get(key)?)));
    let Some((key, value)) = found else {
        return Object { kind: String::new(), namespace: String::new(), name: alert.name.clone() };
    };
    Object {
        kind: key.trim_end_matches("_name").to_string(),
        namespace: alert.labels.get("namespace").unwrap_or_default().to_string(),
        name: value.to_string(),
    }
}

/// All of an incident, each once: those of the worst alerts that fire first.
pub(super) fn all(incident: &Incident) -> Vec<Object> {
    let mut known = BTreeSet::new();
    worst_first(incident).into_iter().map(of).filter(|object| known.insert(object.clone())).collect()
}

/// Firing before resolved, then the worse first; what is equal stays in the order in which it came.
pub(super) fn worst_first(incident: &Incident) -> Vec<&Alert> {
    let mut alerts: Vec<&Alert> = incident.alerts.iter().collect();
    alerts.sort_by_key(|alert| (alert.status != Status::Firing, std::cmp::Reverse(alert.severity)));
    alerts
}
