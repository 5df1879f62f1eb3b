//! What must hold when a call reaches the cluster.

use tidegate::domain::incident::ActionState;
use tidegate::domain::{ActionId, Call, Entry, Fact, Incident, IncidentId, Risk};
use tidegate::gate::Permit;

use super::Checker;
use crate::sim::cluster::catalogue;
use crate::sim::world::State;

/// One attempt, from its intent on.
pub struct Attempt {
    incident: IncidentId,
    action: ActionId,
    target: String,
    risk: Risk,
    arrived: u64,
}

/// Keeps attempts, spends and changes as they are announced.
pub fn take_intent(checker: &mut Checker, incident: &Incident, entry: &Entry) {
    let Fact::Intent { action, attempt, spends, .. } = &entry.fact else { return };
    let Some(record) = incident.action(action) else { return };
    let target = record.action.touches.to_string();
    checker.spends.extend(spends.iter().map(|key| (key.clone(), entry.at, attempt.clone())));
    if record.action.risk != Risk::Read {
        checker.changes.push((target.clone(), entry.at, incident.id.clone()));
    }
    checker.attempts.entry(attempt.clone()).or_insert(Attempt {
        incident: incident.id.clone(),
        action: action.clone(),
        target,
        risk: record.action.risk,
        arrived: 0,
    });
}

/// Takes in what a tool said about an attempt: it is as good as a look.
pub fn take_probe(checker: &mut Checker, attempt: &str) {
    let Some(Attempt { incident, action, .. }) = checker.attempts.get(attempt) else { return };
    if let Some(track) = checker.tracks.get_mut(&(incident.clone(), action.clone())) {
        track.seen += 1;
    }
}

/// Takes in a call that reaches the cluster now.
pub fn take_call(state: &mut State, permit: &Permit, call: &Call) {
    state.stats.calls += 1;
    state.note(|| format!("  CALL {} {}", permit.attempt(), call.tool));
    let checker = &state.checker;
    let checks = [
        ("effect_needs_durable_intent", effect_needs_durable_intent(checker, permit, call)),
        ("attempt_arrives_once", attempt_arrives_once(checker, permit, call)),
        ("one_change_per_target", one_change_per_target(checker, permit)),
    ];
    for (name, result) in checks {
        if let Err(text) = result {
            state.violate(name, text);
        }
    }
    if let Some(attempt) = state.checker.attempts.get_mut(permit.attempt()) {
        attempt.arrived += 1;
    }
}

/// The journal holds an intent for exactly this attempt of exactly this call, still without result.
fn effect_needs_durable_intent(checker: &Checker, permit: &Permit, call: &Call) -> Result<(), String> {
    let name = permit.attempt();
    let record = checker.incidents.get(permit.incident()).and_then(|incident| incident.action(permit.action()));
    let record = record.ok_or_else(|| format!("{name} is of an action that the journal does not know"))?;
    if record.state != ActionState::Started || record.attempt.as_deref() != Some(name) {
        let known = record.state.as_str();
        return Err(format!("{name} arrives, but in the journal the action is {known} as {:?}", record.attempt));
    }
    match record.action.proposal.call == *call {
        true => Ok(()),
        false => Err(format!("{name} arrives with another call than the journal says")),
    }
}

/// One attempt reaches the cluster once, unless its tool declares repeats harmless.
fn attempt_arrives_once(checker: &Checker, permit: &Permit, call: &Call) -> Result<(), String> {
    let arrived = checker.attempts.get(permit.attempt()).map_or(0, |attempt| attempt.arrived);
    let repeatable = catalogue(0).get(&call.tool).is_some_and(|tool| tool.repeatable);
    match arrived == 0 || repeatable {
        true => Ok(()),
        false => Err(format!("{} arrives a second time", permit.attempt())),
    }
}

/// While one incident changes a target, from the call to the verdict about it, no other does.
fn one_change_per_target(checker: &Checker, permit: &Permit) -> Result<(), String> {
    let Some(mine) = checker.attempts.get(permit.attempt()) else { return Ok(()) };
    if mine.risk == Risk::Read {
        return Ok(());
    }
    let under_way = |other: &&Attempt| {
        let incident = checker.incidents.get(&other.incident);
        let record = incident.filter(|incident| incident.conclusion.is_none());
        record.and_then(|incident| incident.action(&other.action)).is_some_and(|record| {
            use ActionState::{Allowed, Done, Started};
            matches!(record.state, Started | Done | Allowed)
        })
    };
    let mut others = checker.attempts.values().filter(|other| {
        other.target == mine.target && other.incident != mine.incident && other.risk != Risk::Read && other.arrived > 0
    });
    match others.find(under_way) {
        Some(other) => Err(format!("{} is changed by {} of {} already", other.target, other.action, other.incident)),
        None => Ok(()),
    }
}

/// A look leaves the cluster as it was.
pub fn looks_change_nothing(state: &mut State, effects_before: u64) {
    if state.cluster.effects != effects_before {
        state.violate("looks_change_nothing", "a look had an effect".into());
    }
}
