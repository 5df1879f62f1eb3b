//! Incidents that wait for another one: both entries, the conclusion of the one and the end of the other's wait, stand
//! in one append, so that no restart finds one without the other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::handover::add;
use super::live::Live;
use crate::domain::subject::correlation::CorrelationKeys;
use crate::domain::{Fact, Incident, IncidentId, Outcome, Sealed};
use crate::pipeline::correlate::Joiner;
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
    let tied = opened.iter().map(|id| (id, live.incidents.get(id).map(|incident| first(incident)).unwrap_or_default()));
    // What explains nothing waits first: a cause does not wait for what comes of it.
    let explains = |(_, ties): &(&IncidentId, Vec<CorrelationKeys>)| ties.iter().any(|ties| !ties.explains.is_empty());
    let (causes, others): (Vec<_>, Vec<_>) = tied.partition(explains);
    for (id, ties) in others.into_iter().chain(causes) {
        let Some((by, object)) = blocker(live, id, &ties) else { continue };
        wait_for(live, id, by, object, now, sealed)?;
    }
    Ok(())
}

/// The oldest incident that this one has to wait for, and what they share.
fn blocker(live: &Live, id: &IncidentId, ties: &[CorrelationKeys]) -> Option<(IncidentId, String)> {
    let mut found: Option<(IncidentId, String)> = None;
    for ties in ties {
        for (by, tie) in live.index.tied(ties) {
            if by != id
                && live.incidents.get(by).is_some_and(|other| is_at_work(other))
                && found.as_ref().is_none_or(|(oldest, _)| by < oldest)
                && !waits_for(live, by, id)
            {
                found = Some((by.clone(), tie.to_string()));
            }
        }
    }
    found
}

/// Whether an incident is being handled. One that is held back, such as by a silence, keeps nobody from it.
fn is_at_work(incident: &Incident) -> bool {
    incident.conclusion.is_none() && (!incident.is_held() || incident.blocked.is_some())
}

fn first(incident: &Incident) -> Vec<CorrelationKeys> {
    if incident.counted.collecting.is_some() {
        return Vec::new();
    }
    incident.alerts.iter().take(LOOKED_AT).map(CorrelationKeys::of).collect()
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

/// Ends the wait of all that wait for an incident which has ended, and names them. Those that share something with an older
/// one among them wait for that one next: side by side they would plan the same change.
pub(super) fn release(
    live: &mut Live,
    ended: &IncidentId,
    outcome: Outcome,
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<Vec<IncidentId>, JournalError> {
    let mut waited = live.blocked.remove(ended).unwrap_or_default();
    waited.retain(|id| live.incidents.get(id).is_some_and(|incident| incident.conclusion.is_none()));
    waited.sort();
    for (place, id) in waited.iter().enumerate() {
        add(live, id, Fact::Unblocked { incident: ended.clone(), outcome }, now, sealed)?;
        let older = waited.get(..place).unwrap_or_default();
        if let Some((by, object)) = shares_with(live, id, older) {
            wait_for(live, id, by, object, now, sealed)?;
        }
    }
    Ok(waited)
}

/// An incident that has waited for the longest time begins although the other has not ended: those that wait for the same
/// one and share something with it wait for it instead. They are named.
pub(super) fn pass(
    live: &mut Live,
    begins: &IncidentId,
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<Vec<IncidentId>, JournalError> {
    let blocked = live.incidents.get(begins).and_then(|incident| incident.blocked.as_ref());
    let Some(by) = blocked.map(|blocked| blocked.by.clone()) else { return Ok(Vec::new()) };
    let mut moved = Vec::new();
    for id in live.blocked.get(&by).cloned().unwrap_or_default() {
        let waits = live.incidents.get(&id).is_some_and(|incident| !acts(incident) && incident.conclusion.is_none());
        if id == *begins || !waits || waits_for(live, begins, &id) {
            continue;
        }
        if let Some((next, object)) = shares_with(live, &id, std::slice::from_ref(begins)) {
            if let Some(all) = live.blocked.get_mut(&by) {
                all.retain(|other| *other != id);
            }
            wait_for(live, &id, next, object, now, sealed)?;
            moved.push(id);
        }
    }
    Ok(moved)
}

/// Whether an incident has been decided to look, plan or change.
pub(super) fn acts(incident: &Incident) -> bool {
    incident.decision.as_ref().is_some_and(|decision| decision.verdict.acts())
}

/// The first of these incidents with which this one has an object in common, and the object.
fn shares_with(live: &Live, id: &IncidentId, others: &[IncidentId]) -> Option<(IncidentId, String)> {
    let ties = live.incidents.get(id).map(|incident| first(incident)).unwrap_or_default();
    let shared = ties.iter().flat_map(|ties| live.index.tied(ties)).filter(|(by, _)| others.contains(by));
    shared.min_by(|(a, _), (b, _)| a.cmp(b)).map(|(by, tie)| (by.clone(), tie.to_string()))
}

fn wait_for(
    live: &mut Live,
    id: &IncidentId,
    by: IncidentId,
    object: String,
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<(), JournalError> {
    live.blocked.entry(by.clone()).or_default().push(id.clone());
    add(live, id, Fact::BlockedBy { incident: by, object }, now, sealed)
}

/// Records why alerts of other names or sources joined incidents.
pub(super) fn join(
    live: &mut Live,
    joined: BTreeMap<IncidentId, Vec<Joiner>>,
    now: Timestamp,
    sealed: &mut Vec<Sealed>,
) -> Result<(), JournalError> {
    for (id, all) in joined {
        let mut by_object: BTreeMap<(String, Option<String>), Vec<String>> = BTreeMap::new();
        for Joiner { name, source, object } in all {
            by_object.entry((object, source)).or_default().push(name);
        }
        for ((object, source), alerts) in by_object {
            add(live, &id, Fact::Joined { alerts, object, source }, now, sealed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
