//! Alerts that leave a handled incident for another one: both timelines say so.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::live::Live;
use super::seal;
use crate::domain::handover::Handover;
use crate::domain::{Entry, Fact, IncidentId, Sealed};
use crate::pipeline::correlate::Identity;
use crate::ports::JournalError;

/// Forgets where these alerts were, so that the incident that takes them in is the one that knows them.
pub(super) fn release(live: &mut Live, handed_over: &BTreeMap<IncidentId, Vec<Handover>>) {
    for handover in handed_over.values().flatten() {
        live.index.release(&handover.source, &handover.fingerprint);
    }
}

/// Records in both incidents that alerts have gone on, when they are where they went. Names whom it concerns.
pub(super) fn record(
    live: &mut Live,
    handed_over: BTreeMap<IncidentId, Vec<Handover>>,
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<Vec<IncidentId>, JournalError> {
    let mut touched = Vec::new();
    for (from, handovers) in handed_over {
        let mut by_place: BTreeMap<Option<IncidentId>, Vec<Handover>> = BTreeMap::new();
        for handover in handovers {
            let identity = Identity::of(&handover.source, &handover.fingerprint);
            by_place.entry(live.index.place_of(&identity).cloned()).or_default().push(handover);
        }
        for (to, alerts) in by_place.into_iter().filter(|(to, _)| to.as_ref() != Some(&from)) {
            if let Some(to) = &to {
                let fact = Fact::TakenOver { alerts: alerts.clone(), from: from.clone() };
                add(live, to, fact, now, sealed)?;
            }
            add(live, &from, Fact::HandedOver { alerts, to }, now, sealed)?;
        }
        touched.push(from);
    }
    Ok(touched)
}

/// Records a fact in an incident, if it is live.
pub(super) fn add(
    live: &mut Live,
    id: &IncidentId,
    fact: Fact,
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<(), JournalError> {
    let Some(incident) = live.incidents.get_mut(id) else { return Ok(()) };
    let incident = Arc::make_mut(incident);
    let entry = Entry { at: now, fact };
    incident.apply(&entry);
    sealed.push(seal(incident, &entry)?);
    live.history.note(incident, [&entry.fact]);
    Ok(())
}
