//! Whose fixes failed how often in a row, counted from the journal alone.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate::domain::entry::Resolution;
use tidegate::domain::gate_event::origin_key;
use tidegate::domain::{Entry, Fact, Incident, Origin, Risk};

use super::Step;
use crate::sim::world::State;

/// Failures in a row by origin, since each became durable, oldest first.
#[derive(Default)]
pub struct Failures(BTreeMap<String, Vec<(Duration, u32)>>);

/// Takes in an entry that has just become durable. That what helped is proven, another invariant says.
pub fn take(state: &mut State, incident: &Incident, entry: &Entry) {
    let (action, helped) = match &entry.fact {
        Fact::Verified { action, ok, .. } => (action, *ok),
        Fact::Result { action, ok: false, .. } => (action, false),
        Fact::Uncertain { action, resolution: Resolution::Person, .. } => (action, false),
        _ => return,
    };
    let Some(record) = incident.action(action) else { return };
    let Some(origin) = origin_key(incident, &record.action) else { return };
    let now = state.mono();
    let counts = state.checker.failures.0.entry(origin).or_default();
    let count = if helped { 0 } else { counts.last().map_or(0, |(_, count)| *count) + 1 };
    counts.push((now, count));
}

/// Nothing starts for an origin whose last fixes all failed.
pub fn failing_origins_are_stopped(step: &Step<'_>) -> Result<(), String> {
    let Fact::Intent { action, .. } = &step.entry.fact else { return Ok(()) };
    let Some(record) = step.incident.action(action) else { return Ok(()) };
    let limit = step.plan.temper.breaker_after;
    if limit == 0 || record.action.risk == Risk::Read || matches!(record.action.origin, Origin::Undo { .. }) {
        return Ok(());
    }
    let origin = origin_key(step.incident, &record.action).unwrap_or_default();
    let counts = step.checker.failures.0.get(&origin).map_or(&[][..], Vec::as_slice);
    // What became durable since the entry was written may or may not have been known.
    let known = match counts.partition_point(|(at, _)| *at < step.written.mono) {
        0 => &[],
        known => &counts[known - 1..],
    };
    let least = known.iter().map(|(_, count)| *count).min().unwrap_or(0);
    if least >= limit { Err(format!("the last {least} fixes of {origin} did not help")) } else { Ok(()) }
}
