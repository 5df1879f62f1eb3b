//! Who was denied how often in a row, counted from the data and the journal alone.

use tidegate::domain::gate_event::origin_key;
use tidegate::domain::{Entry, Fact, Incident, Mode, Origin, Risk, Ruling, RulingKind};

use super::{Step, WriteContext};
use crate::sim::world::State;

/// Takes in an entry that has just become durable.
pub fn take(state: &mut State, incident: &Incident, entry: &Entry, written: WriteContext) {
    let Fact::Ruled { action, ruling } = &entry.fact else { return };
    let Some(record) = incident.action(action) else { return };
    let Some(origin) = origin_key(incident, &record.action) else { return };
    let votes = state.plan.policies[written.policies].votes(&record.action);
    let denies = votes.is_empty() && ruling.rule == "builtin.default-deny"
        || votes.iter().any(|vote| vote.says == RulingKind::Deny);
    let Some(denied) = counts(ruling, denies) else { return };
    let now = state.mono();
    let counts = state.checker.denials.entry(origin).or_default();
    let count = if denied { counts.last().map_or(0, |(_, count)| *count) + 1 } else { 0 };
    counts.push((now, count));
    state.stats.denied += u64::from(denied);
}

/// Whether a ruling is one more denial, or ends the row; none when it is neither.
fn counts(ruling: &Ruling, denies: bool) -> Option<bool> {
    match (ruling.mode, ruling.kind) {
        (Mode::Observe, _) => None,
        (_, RulingKind::Deny) => denies.then_some(true),
        _ => Some(false),
    }
}

/// Nothing is let through or asked, and nothing starts, for an origin whose last proposals were all
/// denied.
pub fn denied_origins_are_stopped(step: &Step<'_>) -> Result<(), String> {
    let action = match &step.entry.fact {
        Fact::Intent { action, .. } => action,
        Fact::Ruled { action, ruling } if ruling.kind != RulingKind::Deny => action,
        _ => return Ok(()),
    };
    let Some(record) = step.incident.action(action) else { return Ok(()) };
    let limit = step.plan.temper.denied_after;
    if limit == 0 || record.action.risk == Risk::Read || matches!(record.action.origin, Origin::Undo { .. }) {
        return Ok(());
    }
    let origin = origin_key(step.incident, &record.action).unwrap_or_default();
    let counts = step.checker.denials.get(&origin).map_or(&[][..], Vec::as_slice);
    // What became durable since the entry was written may or may not have been known.
    let known = match counts.partition_point(|(at, _)| *at < step.written.mono) {
        0 => &[],
        known => &counts[known - 1..],
    };
    let least = known.iter().map(|(_, count)| *count).min().unwrap_or(0);
    if least >= limit { Err(format!("{origin} was denied {least} times in a row")) } else { Ok(()) }
}
