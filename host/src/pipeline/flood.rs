//! What keeps a flood of alerts from filling memory and disk. Pure.
//!
//! A source has so many live incidents of its own and no more, and one request opens only some of them. What
//! is sent beyond stands together in one incident for each severity, and an incident keeps so many alerts in full and counts the rest: nobody
//! reads ten thousand incidents at night, but everybody must see that there are so many. The worst come
//! first, and a part of the room is theirs alone. Nothing is dropped: what can no longer even be counted is
//! refused, and the sender sends it again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::correlate::{CorrelatedBatch, Index};
use crate::domain::counted::CountedChange;
use crate::domain::{Alert, Incident, IncidentId, Severity};

/// Bounds of what is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloodLimits {
    /// Live incidents of one source. Errors and critical alerts get a quarter more.
    pub incidents: usize,
    /// Incidents that one request opens. Errors and critical alerts get a quarter more.
    pub at_once: usize,
    /// Alerts of one incident that are kept in full.
    pub alerts: usize,
    /// Alerts that are counted, of all incidents together.
    pub counted: usize,
}

impl Default for FloodLimits {
    fn default() -> Self {
        Self { incidents: 100_000, at_once: 2_000, alerts: 1_000, counted: 250_000 }
    }
}

/// Alerts that an incident is opened with, or that come to it.
#[derive(Debug, Default, PartialEq)]
pub struct Intake {
    /// Those that are kept in full.
    pub alerts: Vec<Alert>,
    /// The others; none where there are none.
    pub counted: Option<CountedChange>,
}

/// A batch within the bounds.
#[derive(Debug, Default, PartialEq)]
pub struct BoundedBatch {
    /// New incidents: group key and alerts.
    pub opened: Vec<(String, Intake)>,
    /// What comes to incidents that there are.
    pub changed: BTreeMap<IncidentId, Intake>,
    /// Alerts that are counted from now on.
    pub counted: usize,
}

/// Brings what a batch means within the bounds.
///
/// # Errors
/// When there are more alerts than can be counted: a sentence for the sender, who must send it again.
pub fn contain(
    batch: CorrelatedBatch,
    index: &Index,
    incidents: &HashMap<IncidentId, Arc<Incident>>,
    bounds: &FloodLimits,
) -> Result<BoundedBatch, String> {
    let CorrelatedBatch { opened, mut changed, uncounted, .. } = batch;
    let mut out = BoundedBatch::default();
    let mut collected: BTreeMap<(String, Severity), Vec<Alert>> = BTreeMap::new();
    let (own, beyond) = split(opened, incidents.len(), index, bounds);
    for alert in beyond {
        match index.collecting(&alert.source, alert.severity) {
            Some(id) => changed.entry(id.clone()).or_default().push(alert),
            None => collected.entry((alert.source.clone(), alert.severity)).or_default().push(alert),
        }
    }
    for (group_key, alerts) in own {
        out.opened.push((group_key, kept(alerts, 0, bounds)));
    }
    for ((source, severity), alerts) in collected {
        let mut intake = kept(alerts, 0, bounds);
        intake.counted.get_or_insert_default().collecting = Some(severity);
        out.opened.push((format!("{source}: more groups of severity {severity}"), intake));
    }
    for (id, alerts) in changed {
        let (known, fresh): (Vec<_>, Vec<_>) = alerts.into_iter().partition(|alert| index.holds(&id, alert));
        let there = incidents.get(&id).map_or(0, |incident| incident.alerts.len());
        let mut intake = kept(fresh, there, bounds);
        intake.alerts.splice(0..0, known);
        out.changed.insert(id, intake);
    }
    for (id, marks) in uncounted {
        out.changed.entry(id).or_default().counted.get_or_insert_default().resolved = marks;
    }
    let all = out.opened.iter().map(|(_, intake)| intake).chain(out.changed.values());
    out.counted = all.filter_map(|intake| intake.counted.as_ref()).map(|counted| counted.firing.len()).sum();
    let (before, most) = (index.counted(), bounds.counted);
    if out.counted > 0 && before + out.counted > most {
        return Err(format!(
            "overloaded: {before} alerts beyond the bounds of [limits] are counted already, and {most} can be; try again later"
        ));
    }
    Ok(out)
}

/// Groups that get an incident of their own, and the alerts of the others.
type Split = (Vec<(String, Vec<Alert>)>, Vec<Alert>);

fn split(opened: Vec<(String, Vec<Alert>)>, live: usize, index: &Index, bounds: &FloodLimits) -> Split {
    if live + opened.len() <= bounds.incidents && opened.len() <= bounds.at_once {
        return (opened, Vec::new());
    }
    // Live ones, and those that this request opens.
    let mut own_of: HashMap<String, (usize, usize)> = HashMap::new();
    // In the order of the batch among equals.
    let mut opened: Vec<_> = opened.into_iter().map(|(key, alerts)| (worst(&alerts), key, alerts)).collect();
    opened.sort_by_key(|(severity, ..)| std::cmp::Reverse(*severity));
    let (mut own, mut beyond) = (Vec::new(), Vec::new());
    for (severity, key, alerts) in opened {
        let source = alerts.first().map(|alert| alert.source.clone()).unwrap_or_default();
        let (there, fresh) = own_of.entry(source).or_insert_with_key(|source| (index.own(source), 0));
        let room = |bound: usize| if severity >= Severity::Error { bound.saturating_add(bound / 4) } else { bound };
        if *there < room(bounds.incidents) && *fresh < room(bounds.at_once) {
            (*there, *fresh) = (*there + 1, *fresh + 1);
            own.push((key, alerts));
        } else {
            beyond.extend(alerts);
        }
    }
    (own, beyond)
}

fn worst(alerts: &[Alert]) -> Severity {
    alerts.iter().map(|alert| alert.severity).max().unwrap_or(Severity::Warning)
}

/// As many as there is room for are kept, the worst first.
fn kept(mut alerts: Vec<Alert>, there: usize, bounds: &FloodLimits) -> Intake {
    let room = bounds.alerts.saturating_sub(there);
    if alerts.len() <= room {
        return Intake { alerts, counted: None };
    }
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
    let mut counted = CountedChange::default();
    alerts.split_off(room).iter().for_each(|alert| counted.fires(alert));
    Intake { alerts, counted: Some(counted) }
}

#[cfg(test)]
mod tests;
