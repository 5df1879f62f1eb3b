//! Incidents that wait for another one: both entries, the conclusion of the one and the end of the other's wait, stand
//! in one append, so that no restart finds one without the other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::handover::add;
use super::live::Live;
use crate::domain::subject::ties::Ties;
use crate::domain::{Fact, Incident, IncidentId, Outcome, Sealed};
use crate::ports::JournalError;

/// Of an incident's alerts so many are looked at for what they share with others.
const LOOKED_AT: usize = 32;

/// An incident waits for one that waits for another, and so on, at most so often.
const DEPTH: usize = 16;

/// Has new incidents wait for open ones that handle the same, or what explains them.
pub(super) fn block(
    live: &mut Live,
    opened: &[IncidentId],
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<(), JournalError> {
    // What explains nothing waits first: a cause does not wait for what comes of it.
    let explains = |live: &Live, id: &IncidentId| {
        let incident = live.incidents.get(id);
        incident.is_some_and(|incident| first(incident).any(|ties| !ties.explains.is_empty()))
    };
    let (causes, others): (Vec<&IncidentId>, Vec<&IncidentId>) = opened.iter().partition(|id| explains(live, id));
    for id in others.into_iter().chain(causes) {
        let Some((by, object)) = blocker(live, id) else { continue };
        live.blocked.entry(by.clone()).or_default().push(id.clone());
        add(live, id, Fact::BlockedBy { incident: by, object }, now, sealed)?;
    }
    Ok(())
}

/// The oldest incident that this one has to wait for, and what they share.
fn blocker(live: &Live, id: &IncidentId) -> Option<(IncidentId, String)> {
    let incident = live.incidents.get(id).filter(|incident| incident.counted.collecting.is_none())?;
    let mut found: Option<(IncidentId, String)> = None;
    for ties in first(incident) {
        for (by, tie) in live.index.tied(&ties) {
            let open = live.incidents.get(by).is_some_and(|other| other.conclusion.is_none());
            if by != id && open && found.as_ref().is_none_or(|(oldest, _)| by < oldest) && !waits_for(live, by, id) {
                found = Some((by.clone(), tie.to_string()));
            }
        }
    }
    found
}

fn first(incident: &Incident) -> impl Iterator<Item = Ties> {
    incident.alerts.iter().take(LOOKED_AT).map(Ties::of)
}

/// Whether an incident waits for another one, at once or in the end.
fn waits_for(live: &Live, id: &IncidentId, other: &IncidentId) -> bool {
    let mut at = id;
    for _ in 0..DEPTH {
        match live.incidents.get(at).and_then(|incident| incident.blocked.as_ref()) {
            Some(blocked) if blocked.by == *other => return true,
            Some(blocked) => at = &blocked.by,
            None => return false,
        }
    }
    true
}

/// How an incident has ended, if it has.
pub(super) fn ends(fact: &Fact) -> Option<Outcome> {
    match fact {
        Fact::Concluded { outcome, .. } => Some(*outcome),
        _ => None,
    }
}

/// Ends the wait of all that wait for an incident which has ended, and names them.
pub(super) fn release(
    live: &mut Live,
    ended: &IncidentId,
    outcome: Outcome,
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<Vec<IncidentId>, JournalError> {
    let mut waited = live.blocked.remove(ended).unwrap_or_default();
    waited.retain(|id| live.incidents.get(id).is_some_and(|incident| incident.conclusion.is_none()));
    for id in &waited {
        add(live, id, Fact::Unblocked { incident: ended.clone(), outcome }, now, sealed)?;
    }
    Ok(waited)
}

/// Records why alerts of other names joined incidents.
pub(super) fn join(
    live: &mut Live,
    joined: BTreeMap<IncidentId, Vec<(String, String)>>,
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<(), JournalError> {
    for (id, all) in joined {
        let mut by_object: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, object) in all {
            by_object.entry(object).or_default().push(name);
        }
        for (object, alerts) in by_object {
            add(live, &id, Fact::Joined { alerts, object }, now, sealed)?;
        }
    }
    Ok(())
}
