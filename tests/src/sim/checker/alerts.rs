//! What must hold when a sender hears that its alerts were accepted.

use std::collections::BTreeMap;

use tidegate::domain::{Alert, IncidentId, Status};

use super::incidents::same;
use crate::sim::world::State;

/// Every form of every alert that the journal holds, with its place there.
#[derive(Default)]
pub struct Versions {
    journaled: BTreeMap<(String, String), Vec<Version>>,
    /// Ends that were sent, whatever became of them.
    ends: BTreeMap<(String, String), Vec<Alert>>,
}

type Version = (usize, IncidentId, Alert);

impl Versions {
    /// Keeps alerts of an entry.
    pub fn take(&mut self, place: usize, id: &IncidentId, alerts: &[Alert]) {
        for alert in alerts {
            self.journaled.entry(alert.identity()).or_default().push((place, id.clone(), alert.clone()));
        }
    }
}

/// Takes in that a batch is on its way.
pub fn take_sending(state: &mut State, alerts: &[Alert]) {
    for alert in alerts.iter().filter(|alert| alert.status == Status::Resolved) {
        state.checker.versions.ends.entry(alert.identity()).or_default().push(alert.clone());
    }
}

/// Takes in that a batch was accepted; `seen` is the length of the journal when it was sent.
pub fn take_acknowledgement(state: &mut State, alerts: &[Alert], seen: usize) {
    state.note(|| format!("SENDER hears that {} alerts were accepted", alerts.len()));
    for (place, alert) in alerts.iter().enumerate() {
        // The last word of a sender counts when one batch names an alert twice.
        if alerts[place + 1..].iter().any(|later| later.identity() == alert.identity()) {
            continue;
        }
        if let Err(text) = acknowledged_alerts_are_in_the_journal(state, alert, seen) {
            state.violate("acknowledged_alerts_are_in_the_journal", text);
        }
    }
}

/// What was accepted is durable: the journal's latest word about the alert was this at some moment
/// between the request and the answer. Only the end of something unknown needs no entry.
fn acknowledged_alerts_are_in_the_journal(state: &State, alert: &Alert, seen: usize) -> Result<(), String> {
    let versions = state.checker.versions.journaled.get(&alert.identity()).map(Vec::as_slice).unwrap_or_default();
    let earlier = versions.iter().rev().find(|(place, ..)| *place < seen);
    let during = versions.iter().filter(|(place, ..)| *place >= seen);
    let worst = versions.iter().map(|(_, _, known)| known.severity).max();
    let concluded = |id: &IncidentId| state.checker.incidents.get(id).is_none_or(|one| one.conclusion.is_some());
    let nothing_new = |known: &Alert, id: &IncidentId| match (known.status, alert.status) {
        (Status::Firing, Status::Firing) if concluded(id) => {
            known.severity >= alert.severity && known.starts_at >= alert.starts_at
        }
        (Status::Firing, Status::Firing) => known.severity == alert.severity && known.starts_at >= alert.starts_at,
        // The end of what was before.
        (Status::Firing, Status::Resolved) => alert.ends_at.is_some() && alert.ends_at <= known.starts_at,
        (Status::Resolved, Status::Resolved) => concluded(id) || known.starts_at >= alert.starts_at,
        (Status::Resolved, Status::Firing) => false,
    };
    if during.chain(earlier).any(|(_, id, known)| same(known, alert) || nothing_new(known, id)) {
        return Ok(());
    }
    // A beginning whose end was sent as well may have been overtaken by it, if it is not worse. The end of
    // what was opened again may name its first beginning, and ends the latest.
    let mut ends = state.checker.versions.ends.get(&alert.identity()).into_iter().flatten();
    let ended = |end: &Alert| {
        let again = |known: &Alert| {
            known.starts_at >= alert.starts_at && end.ends_at.is_none_or(|at| known.starts_at < Some(at))
        };
        end.starts_at >= alert.starts_at || versions.iter().any(|(_, _, known)| again(known))
    };
    let overtaken = ends.any(|end| ended(end) && alert.severity <= end.severity.max(worst.unwrap_or(end.severity)));
    if alert.status == Status::Firing && overtaken {
        return Ok(());
    }
    let over = |id: &IncidentId| state.checker.incidents.get(id).is_none_or(|incident| incident.closed.is_some());
    let earlier = versions.iter().rev().find(|(place, ..)| *place < seen);
    if alert.status == Status::Resolved && earlier.is_none_or(|(_, id, _)| over(id)) {
        return Ok(());
    }
    let known = versions.last().map(|(_, id, known)| format!("{:?} in {id}", known.status));
    let (status, name) = (alert.status, &alert.fingerprint);
    Err(format!("{} {name} was accepted as {status:?}; the journal says {known:?}", alert.source))
}
