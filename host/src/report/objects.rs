//! What alerts are about, as a person names it: the one reading for messages and reports.

use std::collections::BTreeSet;

use crate::domain::message::AffectedObject;
use crate::domain::{Alert, Incident, Status, Subject};

/// What an alert is about: its own name where its labels name nobody.
pub(super) fn of(alert: &Alert) -> AffectedObject {
    match Subject::of(alert) {
        Some(subject) => AffectedObject {
            kind: subject.kind.to_string(),
            namespace: subject.namespace.unwrap_or_default(),
            name: subject.name,
        },
        None => AffectedObject { kind: String::new(), namespace: String::new(), name: alert.name.clone() },
    }
}

/// All of an incident, each once: those of the worst alerts that fire first.
pub(super) fn all(incident: &Incident) -> Vec<AffectedObject> {
    let mut known = BTreeSet::new();
    worst_first(incident).into_iter().map(of).filter(|object| known.insert(object.clone())).collect()
}

/// Firing before resolved, then the worse first; what is equal stays in the order in which it came.
pub(super) fn worst_first(incident: &Incident) -> Vec<&Alert> {
    let mut alerts: Vec<&Alert> = incident.alerts.iter().collect();
    alerts.sort_by_key(|alert| (alert.status != Status::Firing, std::cmp::Reverse(alert.severity)));
    alerts
}
