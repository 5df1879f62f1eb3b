//! Where alerts and groups are known. What is put in costs what is put in, whatever its incident holds
//! besides.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::change::without_severity;
use super::ended::{EndedAlert, RecentEnds};
use super::objects::Objects;
use super::sources::Scope;
use crate::domain::counted::{CountedChange, Mark};
use crate::domain::subject::correlation::{CorrelationKey, CorrelationKeys};
use crate::domain::{Alert, Incident, IncidentId, Labels, Outcome, Severity, Status};

/// What stands for a text of any length; as good as never the same for two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity([u64; 2]);

impl Identity {
    /// The identity of an alert: fingerprints are unique within their source only.
    pub fn of(source: &str, fingerprint: &str) -> Self {
        Self::hash(&[source, fingerprint])
    }

    /// What stands for several texts together.
    pub fn of_parts(parts: &[&str]) -> Self {
        Self::hash(parts)
    }

    /// What stands for labels, without their severity.
    pub fn of_labels(labels: &Labels) -> Self {
        let parts: Vec<&str> = without_severity(labels).flat_map(|(name, value)| [name, value]).collect();
        Self::hash(&parts)
    }

    fn hash(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let word = |from: usize| digest.iter().skip(from).take(8).fold(0, |word, byte| word << 8 | u64::from(*byte));
        Self([word(0), word(8)])
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([first, _]) = self;
        write!(f, "{first:016x}")
    }
}

impl From<&Alert> for Identity {
    fn from(alert: &Alert) -> Self {
        Self::of(&alert.source, &alert.fingerprint)
    }
}

/// Where an alert is known.
#[derive(Debug)]
struct AlertLocation {
    incident: IncidentId,
    /// How much this incident has to say about the alert.
    weight: Precedence,
}

/// Whose word about an alert counts when several live incidents know it, least first: where it has
/// come to its end, where it may fire again, where it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Over,
    Open,
    Firing,
}

/// Live incidents by alert and by group.
#[derive(Debug, Default)]
pub struct Index {
    by_alert: HashMap<Identity, AlertLocation>,
    by_group: HashMap<Identity, IncidentId>,
    /// Alerts that are counted and fire.
    by_mark: HashMap<Mark, IncidentId>,
    /// Incidents that collect, by source and severity.
    collecting: HashMap<(String, Severity), IncidentId>,
    /// How many incidents of its own each source has.
    own: HashMap<String, usize>,
    ended: RecentEnds,
    /// Open incidents by what they are about.
    pub(super) objects: Objects,
    /// Whether some fingerprint stands for more than one alert.
    shared: bool,
}

impl Index {
    /// One in which alerts of several sources come together like this.
    pub fn new(scope: Scope) -> Self {
        Self { objects: Objects::new(scope), ..Self::default() }
    }

    /// How alerts of several sources come together.
    pub fn scope(&self) -> &Scope {
        &self.objects.scope
    }

    /// Takes a new incident in with all its alerts.
    pub fn insert(&mut self, incident: &Incident) {
        self.take(incident, incident.alerts.iter());
        if let Some(severity) = incident.counted.collecting {
            // It goes on collecting when people have been told of it.
            self.collecting.insert((incident.source.to_string(), severity), incident.id.clone());
            return;
        }
        *self.own.entry(incident.source.to_string()).or_default() += 1;
        match incident.outcome() {
            None => drop(self.by_group.insert(group(incident), incident.id.clone())),
            Some(Outcome::NeedsPerson) => self.objects.conclude(incident),
            Some(_) => {}
        }
    }

    /// Takes in how these alerts of an incident stand now. An alert that another incident has taken over
    /// since stays there: the order in which incidents come in makes no difference.
    pub fn take<'a>(&mut self, incident: &Incident, alerts: impl Iterator<Item = &'a Alert>) {
        let open = incident.conclusion.is_none();
        for alert in alerts {
            let weight = match alert.status {
                Status::Firing => Precedence::Firing,
                Status::Resolved if open => Precedence::Open,
                Status::Resolved => Precedence::Over,
            };
            let identity = Identity::from(alert);
            self.shared |= alert.fingerprint.contains('~');
            if open && incident.counted.collecting.is_none() {
                self.objects.take(&incident.id, alert);
            }
            let elsewhere = self.by_alert.get(&identity).filter(|place| place.incident != incident.id);
            if elsewhere
                .is_none_or(|place| place.weight < weight || place.weight == weight && place.incident < incident.id)
            {
                self.by_alert.insert(identity, AlertLocation { incident: incident.id.clone(), weight });
            }
        }
    }

    /// Takes in that an alert has ended.
    pub fn end(&mut self, alert: Identity, end: EndedAlert) {
        self.ended.insert(alert, end);
    }

    /// Whether this firing alert is an old message about something that has ended since.
    pub fn is_late(&self, alert: &Alert, now: Timestamp) -> bool {
        let late = |began| self.ended.covers(&Identity::from(alert), began, alert.severity, now);
        alert.starts_at.is_some_and(late)
    }

    /// The incident that has most to say about an alert that is kept in full.
    pub fn place(&self, alert: &Alert) -> Option<&IncidentId> {
        self.place_of(&Identity::from(alert))
    }

    /// The same, of an alert that is merely named.
    pub fn place_of(&self, alert: &Identity) -> Option<&IncidentId> {
        self.by_alert.get(alert).map(|place| &place.incident)
    }

    /// The incident that counts an alert.
    pub fn counts(&self, alert: &Alert) -> Option<&IncidentId> {
        self.by_mark.get(&Mark::of(alert))
    }

    /// Forgets where an alert is: it goes on somewhere else.
    pub fn release(&mut self, source: &str, fingerprint: &str) {
        self.by_alert.remove(&Identity::of(source, fingerprint));
    }

    /// The open incident of a group.
    pub fn group(&self, key: &str) -> Option<&IncidentId> {
        self.by_group.get(&Identity::hash(&[key]))
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

    /// How many incidents of its own a source has.
    pub fn own(&self, source: &str) -> usize {
        self.own.get(source).copied().unwrap_or(0)
    }

    /// Whether some fingerprint stands for more than one alert.
    pub fn has_shared(&self) -> bool {
        self.shared
    }

    /// Open incidents about the same as an alert, or tied to its trouble, with what they share.
    pub fn tied<'a>(&'a self, ties: &'a CorrelationKeys) -> impl Iterator<Item = (&'a IncidentId, &'a CorrelationKey)> {
        self.objects.tied(ties)
    }

    /// Whether an incident keeps this alert in full.
    pub fn holds(&self, incident: &IncidentId, alert: &Alert) -> bool {
        self.place(alert) == Some(incident)
    }

    /// A concluded incident takes no new alerts in, and its word about alerts that are over counts less.
    pub fn conclude(&mut self, incident: &Incident) {
        self.take(incident, incident.alerts.iter().filter(|alert| alert.status == Status::Resolved));
        if incident.counted.collecting.is_none() {
            self.leave_group(incident);
            if incident.outcome() == Some(Outcome::NeedsPerson) {
                self.objects.conclude(incident);
            }
        }
    }

    fn leave_group(&mut self, incident: &Incident) {
        self.objects.leave(&incident.id);
        let key = group(incident);
        if self.by_group.get(&key) == Some(&incident.id) {
            self.by_group.remove(&key);
        }
    }

    /// Forgets an incident that was inserted.
    pub fn remove(&mut self, incident: &Incident) {
        self.leave_group(incident);
        match incident.counted.collecting {
            Some(_) => self.collecting.retain(|_, id| *id != incident.id),
            None => {
                if let Some(own) = self.own.get_mut(&*incident.source) {
                    *own = own.saturating_sub(1);
                }
                self.own.retain(|_, own| *own > 0);
            }
        }
        for mark in incident.counted.firing.iter() {
            if self.by_mark.get(&mark) == Some(&incident.id) {
                self.by_mark.remove(&mark);
            }
        }
        for alert in incident.alerts.iter() {
            let identity = Identity::from(alert);
            if self.by_alert.get(&identity).is_some_and(|place| place.incident == incident.id) {
                self.by_alert.remove(&identity);
            }
        }
    }
}

fn group(incident: &Incident) -> Identity {
    Identity::hash(&[&incident.group_key])
}
