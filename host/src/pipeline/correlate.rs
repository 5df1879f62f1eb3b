//! Which incident an alert belongs to: repeats, joiners, newcomers, resolved and late ones. Pure.
//!
//! What an open incident hears of its alerts simply counts. One that is concluded was decided about what
//! there was: an alert of it that becomes worse than that or begins anew is decided anew, where a newcomer
//! would be; what is less bad or older is a repeat, so that a severity that goes up and down opens one more
//! incident and no third.

mod change;
pub mod ended;
pub mod grouping;
mod index;
mod objects;
mod sources;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::counted::{Mark, Marks};
use crate::domain::handover::Handover;
use crate::domain::subject::correlation::CorrelationKey;
use crate::domain::text::letters::is_invisible;
use crate::domain::{Alert, Incident, IncidentId, Status};

pub use grouping::{Group, GroupOf, group};
pub use index::{Identity, Index};
pub use sources::Scope;

use ended::EndedAlert;

use change::{Change, SEVERITY, adds_cluster, change, other_labels, says_less};

/// What a batch of alerts means.
#[derive(Debug, Default, PartialEq)]
pub struct CorrelatedBatch {
    /// New incidents: group key and first alerts.
    pub opened: Vec<(String, Vec<Alert>)>,
    /// Alerts that join an incident or change in it.
    pub changed: BTreeMap<IncidentId, Vec<Alert>>,
    /// Incidents whose alerts were merely repeated, with how many.
    pub repeats: BTreeMap<IncidentId, u64>,
    /// Alerts that were counted and have resolved.
    pub uncounted: BTreeMap<IncidentId, Marks>,
    /// Messages about an alert of which the same batch says something later.
    pub folded: usize,
    /// Alerts that join an incident to which nothing of their name or source came in before.
    pub joined: BTreeMap<IncidentId, Vec<Joiner>>,
    /// Resolved alerts that nobody here knows.
    pub unknown_resolved: usize,
    /// Messages that are older than what is known: of a beginning whose end has come in already, or of an
    /// end that came before the beginning that is known.
    pub late: usize,
    /// What leaves a concluded incident; each is among the newcomers too.
    pub handed_over: BTreeMap<IncidentId, Vec<Handover>>,
    /// What has ended.
    pub ended: Vec<(Identity, EndedAlert)>,
}

/// Why an alert joins an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joiner {
    /// Its name.
    pub name: String,
    /// Its source, where nothing of that has come in before.
    pub source: Option<String>,
    /// What they share.
    pub object: String,
}

/// So many reasons for joining one incident are told of one batch.
const JOINED: usize = 20;

impl CorrelatedBatch {
    /// Whether an incident lets go of an alert.
    fn hands_over(&self, id: &IncidentId, alert: &Alert) -> bool {
        let is_meant = |one: &Handover| one.source == alert.source && one.fingerprint == alert.fingerprint;
        self.handed_over.get(id).is_some_and(|all| all.iter().any(is_meant))
    }

    /// Remembers why an alert of another kind, or of another source, joins an incident.
    fn join(
        &mut self,
        id: &IncidentId,
        alert: &Alert,
        tie: &CorrelationKey,
        incidents: &HashMap<IncidentId, Arc<Incident>>,
    ) {
        let Some(incident) = incidents.get(id) else { return };
        let is_new = !incident.sources().contains(&alert.source.as_str());
        if !is_new && grouping::has_named(incident, &alert.name) {
            return;
        }
        let source = is_new.then(|| alert.source.clone());
        let joined = Joiner { name: alert.name.clone(), source, object: tie.to_string() };
        let all = self.joined.entry(id.clone()).or_default();
        if all.len() < JOINED && !all.contains(&joined) {
            all.push(joined);
        }
    }
}

/// Sorts a batch of alerts that came in now. `group_of` finds the group of a newcomer. The last word of a
/// sender counts when one body names an alert more than once.
pub fn correlate(
    index: &Index,
    incidents: &HashMap<IncidentId, Arc<Incident>>,
    alerts: Vec<Alert>,
    group_of: &dyn Fn(&Alert) -> Group,
    now: Timestamp,
) -> CorrelatedBatch {
    let mut out = CorrelatedBatch::default();
    let mut newcomers: Vec<(Alert, Group)> = Vec::new();
    let (alerts, folded) = last_words(alerts);
    out.folded = folded;
    for (alert, shares) in alerts {
        let (mut alert, known) = known(index, incidents, alert, shares, group_of);
        if let (Status::Resolved, Some((_, known))) = (alert.status, known) {
            // How an end is called says nothing of how bad it was.
            alert.severity = alert.severity.max(known.severity);
        }
        // The end of what was opened again may name its first beginning, and ends the latest.
        let again = known.and_then(|(_, known)| known.starts_at);
        let began = alert.starts_at.max(again.filter(|began| alert.ends_at.is_none_or(|end| *began < end)));
        // An end that does not say what it ends is that of all that began before it.
        if let (Status::Resolved, Some(began)) = (alert.status, began.or(alert.ends_at.map(|end| end.min(now)))) {
            let end = EndedAlert { began, severity: alert.severity, heard: now };
            out.ended.push((Identity::from(&alert), end));
        }
        let fires = alert.status == Status::Firing;
        if fires && known.is_none_or(|(_, known)| known.status == Status::Resolved) && index.is_late(&alert, now) {
            out.late += 1;
            continue;
        }
        let Some((incident, known)) = known else {
            match index.counts(&alert) {
                Some(id) if fires => *out.repeats.entry(id.clone()).or_default() += 1,
                Some(id) => {
                    out.uncounted.entry(id.clone()).or_default().insert(Mark::of(&alert));
                }
                None if fires => newcomers.push(newcomer(alert, group_of)),
                None => out.unknown_resolved += 1,
            }
            continue;
        };
        match change(incident, known, &alert) {
            Change::Repeat => *out.repeats.entry(incident.id.clone()).or_default() += 1,
            Change::Late => out.late += 1,
            Change::Counts => {
                let alert = if incident.conclusion.is_some() { as_handled(known, alert) } else { alert };
                out.changed.entry(incident.id.clone()).or_default().push(alert);
            }
            Change::FiresAgain => newcomers.push(newcomer(alert, group_of)),
            Change::Newcomer(because) => {
                let handover = Handover::of(&alert, because);
                out.handed_over.entry(incident.id.clone()).or_default().push(handover);
                newcomers.push(newcomer(alert, group_of));
            }
        }
    }
    out.opened = grouping::place(index, incidents, (newcomers, now), &mut out).into_iter().collect();
    out
}

fn newcomer(alert: Alert, group_of: &dyn Fn(&Alert) -> Group) -> (Alert, Group) {
    let group = group_of(&alert);
    (alert, group)
}

/// An alert's incident, and the alert as it stands there.
type KnownAlert<'a> = Option<(&'a Arc<Incident>, &'a Alert)>;

/// What is known of an alert. A fingerprint that a sender uses for alerts of two groups, or in one body with two
/// sets of labels (`shares`), names two alerts: the second is told from the first by its group or its labels, so that
/// neither is taken for a repeat of the other. A message that merely leaves labels out, as acknowledgements and repeats
/// of some senders do, is about the alert that has them.
fn known<'a>(
    index: &Index,
    incidents: &'a HashMap<IncidentId, Arc<Incident>>,
    mut alert: Alert,
    shares: bool,
    group_of: &dyn Fn(&Alert) -> Group,
) -> (Alert, KnownAlert<'a>) {
    let find = |alert: &Alert| {
        let incident = incidents.get(index.place(alert)?)?;
        let place = incident.alerts.place(&alert.source, &alert.fingerprint)?;
        Some((incident, incident.alerts.get(place)?))
    };
    let first = find(&alert);
    let other = first.filter(|(_, known)| other_labels(known, &alert));
    if first.is_some() && other.is_none() || other.is_none() && !shares && !index.has_shared() {
        return (alert, first);
    }
    let plain = alert.fingerprint.clone();
    alert.fingerprint = format!("{plain}~{}", Identity::of_labels(&alert.labels));
    let by_labels = find(&alert);
    if by_labels.is_some() || shares {
        return (alert, by_labels);
    }
    alert.fingerprint.clone_from(&plain);
    let Some((_, known)) = other else { return (alert, None) };
    if says_less(known, &alert) {
        return (completed(known, alert), first);
    }
    if adds_cluster(known, &alert) {
        return (alert, first);
    }
    let group = grouping::key(group_of(&alert), &alert);
    if grouping::key(group_of(known), known) == group {
        return (alert, first);
    }
    alert.fingerprint = format!("{plain}~{}", Identity::of(&alert.source, &group));
    let second = find(&alert);
    if second.is_none() && alert.status == Status::Resolved {
        // Some senders write labels otherwise when something has ended.
        alert.fingerprint = plain;
        return (alert, first);
    }
    (alert, second)
}

/// What a message with fewer labels says of the alert: what it leaves out stands as it was.
fn completed(known: &Alert, mut alert: Alert) -> Alert {
    if alert.labels.get(SEVERITY).is_none() {
        // Where it was left out as well, a word that stands for none is no news.
        alert.severity = alert.severity.max(known.severity);
    }
    let left_out = known.labels.iter().filter(|(name, _)| alert.labels.get(name).is_none());
    let left_out: Vec<(String, String)> = left_out.map(|(name, value)| (name.into(), value.into())).collect();
    alert.labels.extend(left_out);
    if alert.annotations.is_empty() {
        alert.annotations.clone_from(&known.annotations);
    }
    alert
}

/// A concluded incident shows an alert as bad as it was when it was handled, however it goes up and down.
fn as_handled(known: &Alert, mut alert: Alert) -> Alert {
    if alert.status == Status::Firing {
        alert.severity = alert.severity.max(known.severity);
        alert.starts_at = known.starts_at.or(alert.starts_at);
    }
    alert
}

/// Each alert once, in its last form, with whether another one of the batch has its fingerprint; and how many
/// messages were left out for that. Fingerprints are unique within their source only, and where a batch gives one to
/// two sets of labels not even there.
fn last_words(alerts: Vec<Alert>) -> (Vec<(Alert, bool)>, usize) {
    let mut named: HashMap<Identity, Vec<usize>> = HashMap::with_capacity(alerts.len());
    let mut kept: Vec<(Alert, bool)> = Vec::with_capacity(alerts.len());
    let mut folded = 0;
    for alert in alerts.into_iter().rev() {
        let places = named.entry(Identity::from(&alert)).or_default();
        let same = |place: &usize| kept.get(*place).is_some_and(|(later, _)| !other_labels(later, &alert));
        if places.iter().any(same) {
            folded += 1;
            continue;
        }
        places.push(kept.len());
        let shares = places.len() > 1;
        kept.push((alert, shares));
        if shares {
            for place in places.iter() {
                if let Some((_, shares)) = kept.get_mut(*place) {
                    *shares = true;
                }
            }
        }
    }
    kept.reverse();
    (kept, folded)
}

/// The key of the group that an alert belongs to: the one that a policy gave it, or by
/// configuration its source and the values of these labels. Two alerts have the same key only if all
/// of that is the same, whatever their labels hold.
pub fn group_key(of_policy: Option<String>, alert: &Alert, by: &[String]) -> String {
    // No key by configuration begins like this: a source with a space in its name is quoted.
    of_policy.map_or_else(|| configured_key(alert, by), |key| format!("group {key}"))
}

fn configured_key(alert: &Alert, by: &[impl AsRef<str>]) -> String {
    let mut key = part(&alert.source).into_owned();
    for label in by.iter().map(AsRef::as_ref) {
        let value = if label == "alertname" {
            alert.labels.get(label).unwrap_or(&alert.name)
        } else {
            match alert.labels.get(label) {
                Some(value) => value,
                None => continue,
            }
        };
        for piece in ["/", &part(label), "=", &part(value)] {
            key.push_str(piece);
        }
    }
    key
}

/// A part of a key: as it is where nothing in it could be taken for something else, otherwise in
/// quotes.
fn part(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':')) {
        return text.into();
    }
    let plain = |c: char| !c.is_whitespace() && !is_invisible(c) && !matches!(c, '/' | '=' | '"' | '\\');
    if text.chars().all(plain) { text.into() } else { serde_json::Value::from(text).to_string().into() }
}

#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod source_tests;
#[cfg(test)]
mod tests;
