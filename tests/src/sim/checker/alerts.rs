//! What must hold when a sender hears that its alerts were accepted.

use std::collections::BTreeMap;

use tidegate::domain::{Alert, IncidentId, Status};

use super::incidents::same;
use crate::sim::world::State;

/// Every form of every alert that the journal holds, with its place there.
#[derive(Default)]
pub struct Versions(BTreeMap<(String, String), Vec<Version>>);

type Version = (usize, IncidentId, Alert);

impl Versions {
    /// Keeps alerts of an entry.
    pub fn take(&mut self, place: usize, id: &IncidentId, alerts: &[Alert]) {
        for alert in alerts {
            self.0.entry(alert.identity()).or_default().push((place, id.clone(), alert.clone()));
        }
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
    let versions = state.checker.versions.0.get(&alert.identity()).map(Vec::as_slice).unwrap_or_default();
    let earlier = versions.iter().rev().find(|(place, ..)| *place < seen);
    let during = versions.iter().filter(|(place, ..)| *place >= seen);
    if during.chain(earlier).any(|(_, _, known)| same(known, alert)) {
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
