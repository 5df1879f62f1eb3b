//! To which incident a newcomer goes.
//!
//! A group that a policy or the configuration names is that group and nothing else. By default alerts go by whom they are
//! about: those of a workload and of its pods are one incident, whatever their names, and so are those of a node that is
//! lost; all others are together by name, cluster and namespace. Where more than a few workloads of a namespace
//! come in with the same alert at once, in what a sender groups together, what they have in common is the trouble: they are
//! one incident as well.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::sources::is_worse;
use super::{CorrelatedBatch, Index, configured_key, part};
use crate::domain::subject::correlation::{CorrelationKey, CorrelationKeys};
use crate::domain::{Alert, Incident, IncidentId, Verdict, inspection, schedule};

/// So many workloads of a namespace have each an incident of their own when the same alert comes in about them at once.
const APART: usize = 3;

/// Of an incident's alerts so many from each end are looked at for a name.
const LOOKED_AT: usize = 32;

/// How the group of an alert is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// A policy or the configuration names it.
    Named(String),
    /// By whom the alert is about.
    BySubject,
}

impl From<String> for Group {
    fn from(key: String) -> Self {
        Self::Named(key)
    }
}

/// The group of an alert: the one that a policy gives it, else by these labels where the configuration names any,
/// else by whom it is about.
pub fn group(of_policy: Option<String>, alert: &Alert, by: Option<&[String]>) -> Group {
    // Each digest, and each who is silent, is told of by itself.
    if alert.source == schedule::SOURCE {
        return Group::Named(format!("{}/{}", schedule::SOURCE, part(&alert.fingerprint)));
    }
    // Each run of an inspection is told of by itself.
    if alert.source == inspection::SOURCE && alert.name == inspection::REPORT {
        return Group::Named(format!("{}/run={}", inspection::SOURCE, part(&alert.fingerprint)));
    }
    match (of_policy, by) {
        (None, None) => Group::BySubject,
        (of_policy, by) => Group::Named(super::group_key(of_policy, alert, by.unwrap_or_default())),
    }
}

/// Finds the group of an alert.
pub type GroupOf = dyn Fn(&Alert) -> Group + Send + Sync;

/// The key of the group that an alert would open alone.
pub(super) fn key(group: Group, alert: &Alert) -> String {
    match group {
        Group::Named(key) => key,
        Group::BySubject => match CorrelationKeys::with_namespace(alert) {
            (CorrelationKeys { object: Some(tie), .. }, _) => of_object(alert, &tie),
            (_, namespace) => of_name(alert, namespace.as_deref()),
        },
    }
}

fn of_object(alert: &Alert, tie: &CorrelationKey) -> String {
    let mut key = part(&alert.source).into_owned();
    for (label, value) in [("cluster", &tie.cluster), ("namespace", &tie.namespace), (tie.kind, &tie.name)] {
        if !value.is_empty() {
            for piece in ["/", label, "=", &part(value)] {
                key.push_str(piece);
            }
        }
    }
    key
}

fn of_name(alert: &Alert, namespace: Option<&str>) -> String {
    let mut key = configured_key(alert, &["alertname", "cluster"]);
    if let Some(namespace) = namespace {
        key.push_str("/namespace=");
        key.push_str(&part(namespace));
    }
    key
}

/// Where the first alert of a batch about an object went.
enum Place {
    /// Into an incident that is open.
    Open(IncidentId),
    /// Into a group that the batch opens.
    Opened { key: String, source: String },
}

/// Puts newcomers to open incidents, and groups those for which there is none.
pub(super) fn place(
    index: &Index,
    incidents: &HashMap<IncidentId, Arc<Incident>>,
    (newcomers, now): (Vec<(Alert, Group)>, Timestamp),
    out: &mut CorrelatedBatch,
) -> BTreeMap<String, Vec<Alert>> {
    let mut opened: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
    let mut tied: Vec<(Alert, CorrelationKey, String)> = Vec::new();
    for (alert, group) in newcomers {
        match group {
            Group::Named(key) => to_group(index, key, alert, &mut opened, out),
            Group::BySubject => {
                let (ties, namespace) = CorrelationKeys::with_namespace(&alert);
                let together = of_name(&alert, namespace.as_deref());
                match ties.object {
                    Some(tie) => tied.push((alert, tie, together)),
                    None => to_group(index, together, alert, &mut opened, out),
                }
            }
        }
    }
    let mut workloads: HashMap<&str, BTreeSet<&CorrelationKey>> = HashMap::new();
    for (_, tie, together) in &tied {
        workloads.entry(together).or_default().insert(tie);
    }
    let wide: BTreeSet<String> =
        workloads.into_iter().filter(|(_, of)| of.len() > APART).map(|(together, _)| together.to_string()).collect();
    // What many share comes first, so that what else is said of one of them goes there.
    tied.sort_by_key(|(_, _, together)| !wide.contains(together));
    let mut placed: HashMap<CorrelationKey, Place> = HashMap::new();
    for (alert, tie, together) in tied {
        let open = index.objects.about(&tie).rev().find(|id| takes_in(index, incidents, id, &alert));
        let told = || {
            let about = index.objects.concluded_about(&tie).chain(index.objects.about(&tie));
            // What begins anew or rises leaves the incident that knew it.
            let about = about.filter(|id| !out.hands_over(id, &alert));
            index.scope().told_already(about, incidents, (&alert, &tie), now)
        };
        if let Some(id) = open.or_else(told) {
            out.join(id, &alert, &tie, incidents);
            out.changed.entry(id.clone()).or_default().push(alert);
            continue;
        }
        match placed.get(&tie) {
            Some(Place::Opened { key, source }) if index.scope().joins(source, &alert.source) => {
                opened.entry(key.clone()).or_default().push(alert);
                continue;
            }
            Some(Place::Open(id)) if takes_in(index, incidents, id, &alert) => {
                out.join(id, &alert, &tie, incidents);
                out.changed.entry(id.clone()).or_default().push(alert);
                continue;
            }
            _ => {}
        }
        let group = index.group(&together);
        if wide.contains(&together) || group.is_some_and(|id| takes_in(index, incidents, id, &alert)) {
            let opens = || Place::Opened { key: together.clone(), source: alert.source.clone() };
            placed.insert(tie, group.cloned().map_or_else(opens, Place::Open));
            to_group(index, together, alert, &mut opened, out);
            continue;
        }
        let key = of_object(&alert, &tie);
        placed.insert(tie, Place::Opened { key: key.clone(), source: alert.source.clone() });
        opened.entry(key).or_insert_with(|| Vec::with_capacity(1)).push(alert);
    }
    opened
}

fn to_group(
    index: &Index,
    key: String,
    alert: Alert,
    opened: &mut BTreeMap<String, Vec<Alert>>,
    out: &mut CorrelatedBatch,
) {
    match index.group(&key) {
        Some(id) => out.changed.entry(id.clone()).or_default().push(alert),
        None => opened.entry(key).or_insert_with(|| Vec::with_capacity(1)).push(alert),
    }
}

/// Whether an open incident takes this alert in. One that is decided was decided about what it had: another kind
/// of alert is decided by itself.
fn takes_in(index: &Index, incidents: &HashMap<IncidentId, Arc<Incident>>, id: &IncidentId, alert: &Alert) -> bool {
    let Some(incident) = incidents.get(id).filter(|incident| incident.conclusion.is_none()) else { return false };
    // A policy says which alerts its group holds.
    if incident.group_key.starts_with("group ") || !index.scope().lets_join(incident, alert) {
        return false;
    }
    let undecided = incident.actions.is_empty()
        && incident.decision.as_ref().is_none_or(|decision| matches!(decision.verdict, Verdict::Hold { .. }));
    let is_own = *incident.source == *alert.source;
    undecided || has_named(incident, &alert.name) && (is_own || !is_worse(incident, alert))
}

/// Whether an incident has an alert of this name, among the first and the last that came in.
pub(super) fn has_named(incident: &Incident, name: &str) -> bool {
    let alerts = &incident.alerts;
    alerts.iter().take(LOOKED_AT).chain(alerts.iter().rev().take(LOOKED_AT)).any(|known| known.name == name)
}
