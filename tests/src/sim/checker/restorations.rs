//! What takes something back, and what counts as help, read from the journal alone.

use serde_json::Value;
use tidegate::domain::entry::Purpose;
use tidegate::domain::incident::{ActionRecord, ActionState, Look};
use tidegate::domain::{ActionId, Fact, Incident, Origin, Outcome, RulingKind};

use super::Step;
use crate::sim::policies::CHECKED;

/// What the last look of a kind showed.
fn last(incident: &Incident, purpose: &Purpose) -> Option<Value> {
    let of = |look: &&Look| look.purpose == *purpose;
    let look = incident.looks.iter().rev().find(of).filter(|look| look.ok)?;
    serde_json::from_str(&look.text).ok()
}

/// An undo restores exactly what the host saw before the change, while nobody else has changed the
/// object since; else persons were asked about it and said yes.
pub fn undo_restores_what_was_seen(step: &Step<'_>) -> Result<(), String> {
    let Fact::Intent { action, .. } = &step.entry.fact else { return Ok(()) };
    let Some(record) = step.incident.action(action) else { return Ok(()) };
    let Origin::Undo { action: undone } = &record.action.origin else { return Ok(()) };
    let track = step.checker.tracks.get(&(step.id.clone(), action.clone()));
    let asked = track.and_then(|track| track.ruling.as_ref()).is_some_and(|ruling| ruling.kind == RulingKind::Ask);
    let yes = track.is_some_and(|track| track.yes.iter().any(|(_, digest, _)| *digest == record.action.digest));
    if asked && yes {
        return Ok(());
    }
    let look = |action: &ActionId, before: bool| {
        let action = action.clone();
        last(step.incident, &if before { Purpose::Before { action } } else { Purpose::After { action } })
    };
    let (Some(before), Some(after), Some(now)) = (look(undone, true), look(undone, false), look(action, true)) else {
        return Err(format!("nobody was asked about {action}, and nobody saw what stood there before {undone}"));
    };
    let arguments = &record.action.proposal.call.arguments;
    if record.action.tool() != "k.rollback"
        || before.get("mark").is_none()
        || arguments.get("mark") != before.get("mark")
    {
        return Err(format!("{action} restores {:?}, but {before} was seen before {undone}", arguments.get("mark")));
    }
    let generation = |seen: &Value| seen["metadata"]["generation"].as_u64();
    let once = generation(&before).map(|generation| generation + 1);
    match once.is_some() && once == generation(&after) && once == generation(&now) {
        true => Ok(()),
        false => Err(format!("{action} overwrites {now}, but {undone} made {after} of {before}")),
    }
}

/// Whether a look shows a service that is well.
pub fn is_healthy(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|seen| seen["health"] == "healthy")
}

/// That an action helped is shown by its alerts, or by a condition that the rules in force name and that
/// was seen to hold.
pub fn help_is_proven_by_the_host(step: &Step<'_>) -> Result<(), String> {
    let Fact::Verified { action, ok: true, .. } = &step.entry.fact else { return Ok(()) };
    let Some(record) = step.incident.action(action) else { return Ok(()) };
    if step.incident.all_resolved() {
        return Ok(());
    }
    let checked = CHECKED.contains(&record.action.tool());
    let own = match &record.action.origin {
        Origin::Policy { .. } => checked || record.action.proposal.verify.is_some(),
        _ => checked,
    };
    if !own {
        return Err(format!("only its proposer says how {action} is seen to help"));
    }
    match step.checker.tracks.get(&(step.id.clone(), action.clone())).is_some_and(|track| track.healthy) {
        true => Ok(()),
        false => Err(format!("nobody saw a healthy service after {action}")),
    }
}

/// What ends as fixed was done whole, and each part was seen to help; of alternatives one was.
pub fn fixed_is_proven(step: &Step<'_>) -> Result<(), String> {
    let Fact::Concluded { outcome: Outcome::Fixed, .. } = &step.entry.fact else { return Ok(()) };
    let done = step.incident.actions.iter().filter(|record| !matches!(record.action.origin, Origin::Undo { .. }));
    let helped = |record: &ActionRecord| record.state == ActionState::Verified;
    let group = |record: &ActionRecord| step.incident.alternatives_of(record).cloned();
    let chosen: Vec<_> = done.clone().filter(|record| helped(record)).filter_map(group).collect();
    // One that was denied, that a person did not want or that did not help was passed over before, and one that nobody ruled
    // on was not needed.
    let passed_over = |record: &ActionRecord| {
        use ActionState::{Denied, Proposed, Rejected, Unverified};
        matches!(record.state, Unverified | Denied | Rejected | Proposed)
            && group(record).is_some_and(|group| chosen.contains(&group))
    };
    let open: Vec<_> = done.clone().filter(|record| !helped(record) && !passed_over(record)).collect();
    match (done.count(), open.first()) {
        (0, _) => Err("it ends as fixed, and nothing was done".into()),
        (_, Some(record)) => Err(format!("it ends as fixed while {} is {:?}", record.action.id, record.state)),
        _ => Ok(()),
    }
}
