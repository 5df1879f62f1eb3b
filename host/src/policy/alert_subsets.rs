//! An incident whose alerts have different names, where no rule fits them all: it is decided by some of
//! its alerts, the worst first. Alerts that one trouble raises stand together, and whoever wrote a
//! rule for one of them need not know what else may be raised with it.

use super::query::Query;
use super::values::VerdictKind;
use crate::domain::{Alert, Incident};

/// Of an incident so many names are tried by themselves.
const NAMES: usize = 8;

/// Some of the alerts of an incident.
#[derive(Debug)]
pub(super) struct AlertSubset {
    /// The incident with these alerts only.
    pub incident: Incident,
    /// Their names, each once.
    pub names: Vec<String>,
}

impl AlertSubset {
    fn new(whole: &Incident, alerts: Vec<&Alert>) -> Self {
        let names = names(&alerts).into_iter().map(str::to_string).collect();
        let alerts: Vec<Alert> = alerts.into_iter().cloned().collect();
        let mut incident = Incident { alerts: alerts.into(), ..whole.clone() };
        // What is only counted has no names, and its severity is not that of these.
        incident.counted = Default::default();
        Self { incident, names }
    }

    /// By whom it decides.
    pub fn whose(&self) -> String {
        format!("the alerts {}; the others belong to the same incident", self.names.join(", "))
    }
}

/// The alerts by which an incident is decided where no rule fits all that fire: those of the worst severity; then those of
/// each name by itself, the worst and oldest first. None where all have one name.
pub(super) fn of(query: &Query<'_>) -> Vec<AlertSubset> {
    let all = &query.facts.alerts;
    let Some(worst) = all.iter().map(|alert| alert.severity).max().filter(|_| names(all).len() > 1) else {
        return Vec::new();
    };
    // Stable: of one severity those that came first stay first.
    let mut ordered = all.clone();
    ordered.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
    let worst: Vec<&Alert> = all.iter().copied().filter(|alert| alert.severity == worst).collect();
    let mut tried: Vec<Vec<&Alert>> = Vec::new();
    let by_name = names(&ordered).into_iter().take(NAMES);
    let by_name = by_name.map(|name| all.iter().copied().filter(|alert| alert.name == name).collect());
    for alerts in std::iter::once(worst).chain(by_name) {
        if alerts.len() < all.len() && !tried.contains(&alerts) {
            tried.push(alerts);
        }
    }
    tried.into_iter().map(|alerts| AlertSubset::new(query.incident, alerts)).collect()
}

/// Whether a verdict counts that was found by some of the alerts only. What keeps people from hearing of an incident must
/// have been written for all of it.
pub(super) fn counts(says: &VerdictKind) -> bool {
    match says {
        VerdictKind::Escalate
        | VerdictKind::Investigate
        | VerdictKind::Remediate(_)
        | VerdictKind::Alternatives(_)
        | VerdictKind::Plan(_) => true,
        VerdictKind::Suppress | VerdictKind::Hold(_) => false,
    }
}

fn names<'a>(alerts: &[&'a Alert]) -> Vec<&'a str> {
    let mut seen = std::collections::HashSet::new();
    alerts.iter().map(|alert| alert.name.as_str()).filter(|name| seen.insert(*name)).collect()
}
