//! Which incident an alert belongs to: repeats, joiners, newcomers, resolved ones. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::counted::{CountedChange, Mark, Marks};
use crate::domain::text::letters::is_invisible;
use crate::domain::{Alert, Incident, IncidentId, Severity, Status};

/// Where an alert is known.
#[derive(Debug)]
struct Place {
    incident: IncidentId,
    position: usize,
    /// How much this incident has to say about the alert.
    weight: Weight,
}

/// Whose word about an alert counts when several live incidents know it, least first: where it has
/// come to its end, where it may fire again, where it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Over,
    Open,
    Firing,
}

/// Live incidents by alert and by group.
#[derive(Debug, Default)]
pub struct Index {
    /// Source, then fingerprint, to the alert's place.
    by_alert: HashMap<String, HashMap<String, Place>>,
    by_group: HashMap<String, IncidentId>,
    /// Alerts that are counted and fire.
    by_mark: HashMap<Mark, IncidentId>,
    /// Incidents that collect, by source and severity.
    collecting: HashMap<(String, Severity), IncidentId>,
}

impl Index {
    /// Takes an incident in, or its new alerts. An alert that another incident has taken over since
    /// stays there: the order in which incidents come in makes no difference.
    pub fn insert(&mut self, incident: &Incident) {
        let open = incident.conclusion.is_none();
        for (position, alert) in incident.alerts.iter().enumerate() {
            let weight = match alert.status {
                Status::Firing => Weight::Firing,
                Status::Resolved if open => Weight::Open,
                Status::Resolved => Weight::Over,
            };
            let of_source = self.by_alert.entry(alert.source.clone()).or_default();
            let elsewhere = of_source.get(&alert.fingerprint).filter(|place| place.incident != incident.id);
            if elsewhere
                .is_none_or(|place| place.weight < weight || place.weight == weight && place.incident < incident.id)
            {
                let place = Place { incident: incident.id.clone(), position, weight };
                of_source.insert(alert.fingerprint.clone(), place);
            }
        }
        if let Some(severity) = incident.counted.collecting {
            // It goes on collecting when people have been told of it.
            self.collecting.insert((incident.source.clone(), severity), incident.id.clone());
        } else if incident.conclusion.is_none() {
            self.by_group.insert(incident.group_key.clone(), incident.id.clone());
        } else {
            self.leave_group(incident);
        }
    }

    /// Takes in which alerts of an incident are counted from now on, and which no longer.
    pub fn count(&mut self, incident: &IncidentId, change: &CountedChange) {
        self.by_mark.extend(change.firing.iter().map(|mark| (mark, incident.clone())));
        for mark in change.resolved.iter() {
            self.by_mark.remove(&mark);
        }
    }

    /// Takes in all that is counted of an incident.
    pub fn count_all(&mut self, incident: &Incident) {
        self.by_mark.extend(incident.counted.firing.iter().map(|mark| (mark, incident.id.clone())));
    }

    /// How many alerts are counted.
    pub fn counted(&self) -> usize {
        self.by_mark.len()
    }

    /// The incident that collects what a source sends beyond its bound.
    pub fn collecting(&self, source: &str, severity: Severity) -> Option<&IncidentId> {
        self.collecting.get(&(source.to_string(), severity))
    }

    /// Whether an incident keeps this alert in full.
    pub fn holds(&self, incident: &IncidentId, alert: &Alert) -> bool {
        let place = self.by_alert.get(&alert.source).and_then(|of| of.get(&alert.fingerprint));
        place.is_some_and(|place| place.incident == *incident)
    }

    /// A concluded incident takes no new alerts in.
    pub fn conclude(&mut self, incident: &Incident) {
        // Its word about alerts that are over counts less from now on.
        self.insert(incident);
    }

    fn leave_group(&mut self, incident: &Incident) {
        if self.by_group.get(&incident.group_key) == Some(&incident.id) {
            self.by_group.remove(&incident.group_key);
        }
    }

    /// Forgets an incident.
    pub fn remove(&mut self, incident: &Incident) {
        self.leave_group(incident);
        self.collecting.retain(|_, id| *id != incident.id);
        for mark in incident.counted.firing.iter() {
            if self.by_mark.get(&mark) == Some(&incident.id) {
                self.by_mark.remove(&mark);
            }
        }
        for alert in &incident.alerts {
            let Some(of_source) = self.by_alert.get_mut(&alert.source) else { continue };
            if of_source.get(&alert.fingerprint).is_some_and(|place| place.incident == incident.id) {
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
    /// Alerts that were counted and have resolved.
    pub uncounted: BTreeMap<IncidentId, Marks>,
    /// Resolved alerts that nobody here knows.
    pub unknown_resolved: usize,
}

/// Sorts a batch of alerts. `group_key` names the group of a newcomer. The last word of a sender
/// counts when one body names an alert more than once.
pub fn correlate(
    index: &Index,
    incidents: &HashMap<IncidentId, Arc<Incident>>,
    alerts: Vec<Alert>,
    group_key: &dyn Fn(&Alert) -> String,
) -> Correlated {
    let mut out = Correlated::default();
    let mut opened: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
    for alert in last_words(alerts) {
        let place = index.by_alert.get(&alert.source).and_then(|of| of.get(&alert.fingerprint));
        let known = place.and_then(|place| {
            let incident = incidents.get(&place.incident)?;
            Some((incident, incident.alerts.get(place.position)?))
        });
        match known {
            Some((incident, known)) if same(known, &alert) => {
                *out.repeats.entry(incident.id.clone()).or_default() += 1;
            }
            Some((incident, known)) => {
                let refires = alert.status == Status::Firing && known.status == Status::Resolved;
                if refires && incident.conclusion.is_some() {
                    join(index, group_key, alert, &mut out.changed, &mut opened);
                } else {
                    out.changed.entry(incident.id.clone()).or_default().push(alert);
                }
            }
            None => match index.by_mark.get(&Mark::of(&alert)) {
                Some(id) if alert.status == Status::Firing => *out.repeats.entry(id.clone()).or_default() += 1,
                Some(id) => {
                    out.uncounted.entry(id.clone()).or_default().insert(Mark::of(&alert));
                }
                None if alert.status == Status::Resolved => out.unknown_resolved += 1,
                None => join(index, group_key, alert, &mut out.changed, &mut opened),
            },
        }
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

/// Puts a newcomer to its group: an incident that is being handled, or a new one.
fn join(
    index: &Index,
    group_key: &dyn Fn(&Alert) -> String,
    alert: Alert,
    changed: &mut BTreeMap<IncidentId, Vec<Alert>>,
    opened: &mut BTreeMap<String, Vec<Alert>>,
) {
    let key = group_key(&alert);
    match index.by_group.get(&key) {
        Some(id) => changed.entry(id.clone()).or_default().push(alert),
        None => opened.entry(key).or_insert_with(|| Vec::with_capacity(1)).push(alert),
    }
}

/// Each alert once, in its last form. Fingerprints are unique within their source only.
fn last_words(alerts: Vec<Alert>) -> Vec<Alert> {
    let mut named = HashSet::new();
    let mut kept: Vec<Alert> = Vec::with_capacity(alerts.len());
    for alert in alerts.into_iter().rev() {
        if named.insert(alert.identity()) {
            kept.push(alert);
        }
    }
    kept.reverse();
    kept
}

/// The key of the group that an alert belongs to: the one that a policy gave it, or by
/// configuration its source and the values of these labels. Two alerts have the same key only if all
/// of that is the same, whatever their labels hold.
pub fn group_key(of_policy: Option<String>, alert: &Alert, by: &[String]) -> String {
    // No key by configuration begins like this: a source with a space in its name is quoted.
    of_policy.map_or_else(|| configured_key(alert, by), |key| format!("group {key}"))
}

fn configured_key(alert: &Alert, by: &[String]) -> String {
    let mut key = part(&alert.source).into_owned();
    for label in by {
        let value = if label == "alertname" {
            alert.labels.get(label).unwrap_or(&alert.name)
        } else {
            match alert.labels.get(label) {
                Some(value) => value,
                None => continue,
            }
        };
        key.push_str(&format!("/{}={}", part(label), part(value)));
    }
    key
}

/// A part of a key: as it is where nothing in it could be taken for something else, otherwise in
/// quotes.
fn part(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !c.is_whitespace() && !is_invisible(c) && !matches!(c, '/' | '=' | '"' | '\\');
    if text.chars().all(plain) { text.into() } else { serde_json::Value::from(text).to_string().into() }
}

#[cfg(test)]
mod tests;
