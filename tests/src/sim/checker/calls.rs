//! What must hold when a call reaches the cluster.

use serde_json::Value;
use tidegate::domain::incident::ActionState;
use tidegate::domain::{ActionId, Call, Entry, Fact, Incident, IncidentId, Origin, Risk, RulingKind};
use tidegate::gate::Permit;

use super::{Checker, Step};
use crate::sim::cluster::{MOST, catalogue};
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

/// Forgets what an attempt announced that could not begin: nothing of it counts.
pub fn take_not_begun(checker: &mut Checker, incident: &Incident, entry: &Entry) {
    let Fact::NotBegun { action, attempt: Some(attempt), .. } = &entry.fact else { return };
    let Some(record) = incident.action(action).filter(|record| record.attempt.is_none()) else { return };
    checker.spends.retain(|(_, _, by)| by != attempt);
    checker.rests.retain(|(.., by)| by != attempt);
    let target = record.action.touches.to_string();
    if let Some(last) = checker.changes.iter().rposition(|(known, _, by)| *known == target && *by == incident.id) {
        checker.changes.remove(last);
    }
}

/// Of what could not begin nothing has arrived, but for an attempt that goes on.
pub(super) fn what_was_sent_was_begun(step: &Step<'_>) -> Result<(), String> {
    let Fact::NotBegun { attempt: Some(attempt), .. } = &step.entry.fact else { return Ok(()) };
    let arrived = step.checker.attempts.get(attempt).map_or(0, |attempt| attempt.arrived);
    let intents =
        step.checker.tracks.values().map(|track| track.intents.iter().filter(|known| *known == attempt).count());
    match arrived < intents.sum::<usize>() as u64 {
        true => Ok(()),
        false => Err(format!("{attempt} has arrived {arrived} times, and is called not begun")),
    }
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
        ("calls_fit_their_tools", calls_fit_their_tools(call)),
        ("undo_leads_back", undo_leads_back(state, permit, call)),
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

/// What arrives has the arguments that its tool takes.
pub fn calls_fit_their_tools(call: &Call) -> Result<(), String> {
    let whole = |value: &Value| value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let mark = |value: &Value| whole(value) && value.as_f64().is_some_and(|mark| (0.0..=MOST as f64).contains(&mark));
    let wrong = call.arguments.iter().find(|(key, value)| match key.as_str() {
        "name" => !value.is_string(),
        "namespace" | "context" => !value.is_string() && !value.is_null(),
        "mark" => !mark(value) && !value.is_null(),
        "limit" => !whole(value) && !value.is_null(),
        _ => false,
    });
    match wrong {
        Some((key, value)) => Err(format!("{} arrives with {key}: {value}", call.tool)),
        None => Ok(()),
    }
}

/// What takes something back without a question brings back what stood there before the latest change that
/// a look showed, by the cluster's own record.
fn undo_leads_back(state: &State, permit: &Permit, call: &Call) -> Result<(), String> {
    let key = (permit.incident().clone(), permit.action().clone());
    let record = state.checker.incidents.get(&key.0).and_then(|incident| incident.action(&key.1));
    let Some(record) = record.filter(|record| matches!(record.action.origin, Origin::Undo { .. })) else {
        return Ok(());
    };
    if state.cluster.done.contains(permit.attempt()) {
        // A repeat of what has arrived, with the same call: that one was held against what stood there.
        return Ok(());
    }
    let track = state.checker.tracks.get(&key);
    let asked = track.and_then(|track| track.ruling.as_ref()).is_some_and(|ruling| ruling.kind == RulingKind::Ask);
    if asked && track.is_some_and(|track| track.yes.iter().any(|(_, digest, _)| *digest == record.action.digest)) {
        return Ok(());
    }
    let (mark, stood) = (call.arguments.get("mark").and_then(Value::as_u64), state.cluster.before_what_was_shown(call));
    match call.tool == "k.rollback" && mark.is_some() && mark == stood {
        true => Ok(()),
        false => {
            Err(format!("{} arrives with {mark:?}, where {stood:?} stood before, and nobody was asked", call.tool))
        }
    }
}

/// A look leaves the cluster as it was.
pub fn looks_change_nothing(state: &mut State, effects_before: u64) {
    if state.cluster.effects != effects_before {
        state.violate("looks_change_nothing", "a look had an effect".into());
    }
}
