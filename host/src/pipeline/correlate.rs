//! Which incident an alert belongs to: repeats, joiners, newcomers, resolved ones. Pure.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::{Alert, Incident, IncidentId, Status};

/// Live incidents by alert and by group.
#[derive(Debug, Default)]
pub struct Index {
    /// Source, then fingerprint, to the incident and the alert's position in it.
    by_alert: HashMap<String, HashMap<String, (IncidentId, usize)>>,
    by_group: HashMap<String, IncidentId>,
}

impl Index {
    /// Takes an incident in, or its new alerts.
    pub fn insert(&mut self, incident: &Incident) {
        for (position, alert) in incident.alerts.iter().enumerate() {
            let place = (incident.id.clone(), position);
            self.by_alert.entry(alert.source.clone()).or_default().insert(alert.fingerprint.clone(), place);
        }
        if incident.conclusion.is_none() {
            self.by_group.insert(incident.group_key.clone(), incident.id.clone());
        } else {
            self.leave_group(incident);
        }
    }

    /// A concluded incident takes no new alerts in.
    pub fn leave_group(&mut self, incident: &Incident) {
        if self.by_group.get(&incident.group_key) == Some(&incident.id) {
            self.by_group.remove(&incident.group_key);
        }
    }

    /// Forgets an incident.
    pub fn remove(&mut self, incident: &Incident) {
        self.leave_group(incident);
        for alert in &incident.alerts {
            let Some(of_source) = self.by_alert.get_mut(&alert.source) else { continue };
            if of_source.get(&alert.fingerprint).is_some_and(|(id, _)| *id == incident.id) {
                of_source.remove(&alert.fingerprint);
            }
        }
    }
}

/// What a batch of alerts means.
#[derive(Debug, Default, PartialEq)]
pub struct Correlated {
    /// New incidents: group key and first alerts.
    pub opened: Vec<(String, Vec<Alert>)>,
    /// Alerts that join an incident or change in it.
    pub changed: BTreeMap<IncidentId, Vec<Alert>>,
    /// Incidents whose alerts were merely repeated, with how many.
    pub repeats: BTreeMap<IncidentId, u64>,
    /// Resolved alerts that nobody here knows.
    pub unknown_resolved: usize,
}

/// Sorts a batch of alerts. `group_key` names the group of a newcomer.
pub fn correlate(
    index: &Index,
    incidents: &HashMap<IncidentId, Arc<Incident>>,
    alerts: Vec<Alert>,
    group_key: &dyn Fn(&Alert) -> String,
) -> Correlated {
    let mut out = Correlated::default();
    let mut opened: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
    for alert in alerts {
        let place = index.by_alert.get(&alert.source).and_then(|of| of.get(&alert.fingerprint));
        let known = place.and_then(|(id, position)| {
            let incident = incidents.get(id)?;
            Some((incident, incident.alerts.get(*position)?))
        });
        match known {
            Some((incident, known)) if same(known, &alert) => {
                *out.repeats.entry(incident.id.clone()).or_default() += 1;
            }
            Some((incident, known)) => {
                let refires = alert.status == Status::Firing && known.status == Status::Resolved;
                if refires && incident.conclusion.is_some() {
                    opened.entry(group_key(&alert)).or_default().push(alert);
                } else {
                    out.changed.entry(incident.id.clone()).or_default().push(alert);
                }
            }
            None if alert.status == Status::Resolved => out.unknown_resolved += 1,
            None => {
                let key = group_key(&alert);
                match index.by_group.get(&key) {
                    Some(id) => out.changed.entry(id.clone()).or_default().push(alert),
                    None => opened.entry(key).or_default().push(alert),
                }
            }
        }
    }
    for (_, alerts) in &mut opened {
        dedup(alerts);
    }
    out.opened = opened.into_iter().collect();
    out
}

/// A repeat: annotations may differ, for many senders put the current value there.
fn same(known: &Alert, alert: &Alert) -> bool {
    known.status == alert.status
        && known.severity == alert.severity
        && (known.starts_at == alert.starts_at || alert.starts_at.is_none())
}

/// The last word of a sender counts when one body names an alert twice.
fn dedup(alerts: &mut Vec<Alert>) {
    let mut position: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Alert> = Vec::with_capacity(alerts.len());
    for alert in alerts.drain(..) {
        match position.get(&alert.fingerprint).and_then(|position| kept.get_mut(*position)) {
            Some(known) => *known = alert,
            None => {
                position.insert(alert.fingerprint.clone(), kept.len());
                kept.push(alert);
            }
        }
    }
    *alerts = kept;
}

/// The group key of an alert by configuration: its source and the values of these labels.
pub fn group_key(alert: &Alert, by: &[String]) -> String {
    let mut key = alert.source.clone();
    for label in by {
        let value = if label == "alertname" {
            alert.labels.get(label).unwrap_or(&alert.name)
        } else {
            match alert.labels.get(label) {
                Some(value) => value,
                None => continue,
            }
        };
        key.push('/');
        key.push_str(label);
        key.push('=');
        key.push_str(value);
    }
    key
}
