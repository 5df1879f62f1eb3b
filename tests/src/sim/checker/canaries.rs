//! What canaries let through, counted from the data and the journal alone.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate::domain::entry::Resolution;
use tidegate::domain::{Action, ActionId, Entry, Fact, Incident, IncidentId};

use super::intents::count;
use super::{Step, WriteContext};
use crate::sim::plan::Plan;
use crate::sim::world::State;

/// What was let through, and how often in a row it has helped.
#[derive(Default)]
pub struct Canaries {
    /// Keys of the canaries that let an action through.
    heard: BTreeMap<(IncidentId, ActionId), Vec<String>>,
    /// The counts of each key since they became durable, oldest first.
    counts: BTreeMap<String, Vec<(Duration, u32)>>,
}

/// Gate and server, how often it must have helped, and how many persons are asked until then.
fn canaries(plan: &Plan, written: WriteContext, action: &Action) -> Vec<(String, u32, u32)> {
    let votes = plan.policies[written.policies].votes(action).into_iter();
    let keys = votes.filter_map(|vote| {
        let after = vote.canary.as_ref()?.after;
        Some((format!("{}|{}", vote.gate, action.touches.server), after, vote.approvals))
    });
    keys.collect()
}

/// Takes in an entry that has just become durable.
pub fn take(state: &mut State, incident: &Incident, entry: &Entry, written: WriteContext) {
    let now = state.mono();
    let plan = state.plan.clone();
    let canaries = &mut state.checker.canaries;
    let (action, helped) = match &entry.fact {
        Fact::Intent { action, .. } => {
            let Some(record) = incident.action(action) else { return };
            let keys = self::canaries(&plan, written, &record.action).into_iter().map(|(key, ..)| key);
            canaries.heard.insert((incident.id.clone(), action.clone()), keys.collect());
            return;
        }
        Fact::Verified { action, ok, .. } => (action, *ok),
        Fact::Result { action, ok: false, .. } => (action, false),
        Fact::Uncertain { action, resolution: Resolution::Person, .. } => (action, false),
        _ => return,
    };
    for key in canaries.heard.get(&(incident.id.clone(), action.clone())).into_iter().flatten() {
        let counts = canaries.counts.entry(key.clone()).or_default();
        let count = if helped { counts.last().map_or(0, |(_, count)| *count) + 1 } else { 0 };
        counts.push((now, count));
        state.stats.proven += u64::from(helped);
    }
}

/// Without a person's yes nothing happens that a canary has not seen to help often enough.
pub fn canaries_ask_until_proven(step: &Step<'_>) -> Result<(), String> {
    let Fact::Intent { action, .. } = &step.entry.fact else { return Ok(()) };
    let Some(record) = step.incident.action(action) else { return Ok(()) };
    let track = step.checker.tracks.get(&(step.id.clone(), action.clone()));
    let yes = track.into_iter().flat_map(|track| &track.yes);
    let yes: Vec<&Option<String>> =
        yes.filter(|(_, digest, _)| *digest == record.action.digest).map(|(person, ..)| person).collect();
    for (key, after, approvals) in canaries(step.plan, step.written, &record.action) {
        let counts = step.checker.canaries.counts.get(&key).map_or(&[][..], Vec::as_slice);
        // What became durable since the intent was written may or may not have been known.
        let known = counts.partition_point(|(at, _)| *at < step.written.mono).saturating_sub(1);
        let best = counts[known.min(counts.len())..].iter().map(|(_, count)| *count).max().unwrap_or(0);
        let given = count(yes.iter().copied(), approvals);
        if best < after && given < approvals as usize {
            return Err(format!("{key} has seen {best} of {after}, and {given} of {approvals} persons said yes",));
        }
    }
    Ok(())
}
