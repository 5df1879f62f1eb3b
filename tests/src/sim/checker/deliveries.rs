//! What must hold for messages to people.

use std::time::Duration;

use tidegate::domain::delivery::DeliveryState;
use tidegate::domain::{Entry, Fact, IncidentId};

use super::Step;
use crate::sim::world::State;

/// The one target that always works is told within this time.
const PROMPT: Duration = Duration::from_secs(180);

/// A message that the journal says is to be delivered.
pub struct TrackedDelivery {
    pub incident: IncidentId,
    pub target: String,
    at: Duration,
    /// What explains a delay: crashes and journal failures so far.
    troubles: u64,
    attempted: bool,
}

fn troubles(state: &State) -> u64 {
    state.life + state.disk.failures
}

/// Keeps what is to be delivered.
pub fn take_told(state: &mut State, entry: &Entry) {
    let Fact::Told { deliveries, .. } = &entry.fact else { return };
    let (at, troubles) = (state.mono(), troubles(state));
    for delivery in deliveries {
        let incident = IncidentId(delivery.id.split('-').next().unwrap_or_default().into());
        let told = TrackedDelivery { incident, target: delivery.target.clone(), at, troubles, attempted: false };
        state.checker.told.insert(delivery.id.clone(), told);
    }
}

/// Takes in an attempt to deliver.
pub fn take_delivery(state: &mut State, target: &str, id: &str) {
    state.stats.deliveries += 1;
    state.note(|| format!("  TELL {id}"));
    let checks = [
        ("delivery_ids_are_stable", delivery_ids_are_stable(state, target, id)),
        ("receipts_are_final", receipts_are_final(state, id)),
        ("dead_targets_delay_nobody", dead_targets_delay_nobody(state, target, id)),
    ];
    for (name, result) in checks {
        if let Err(text) = result {
            state.violate(name, text);
        }
    }
    if let Some(told) = state.checker.told.get_mut(id) {
        told.attempted = true;
    }
}

/// Each attempt carries an id that the journal holds, for the target that it is meant for.
fn delivery_ids_are_stable(state: &State, target: &str, id: &str) -> Result<(), String> {
    match state.checker.told.get(id) {
        Some(told) if told.target == target => Ok(()),
        Some(told) => Err(format!("{id} goes to {target} instead of {}", told.target)),
        None => Err(format!("the journal does not hold {id}")),
    }
}

/// What was delivered or given up is not tried again.
fn receipts_are_final(state: &State, id: &str) -> Result<(), String> {
    let Some(told) = state.checker.told.get(id) else { return Ok(()) };
    let incident = state.checker.incidents.get(&told.incident);
    let delivery = incident.and_then(|incident| incident.deliveries.iter().find(|delivery| delivery.id == id));
    match delivery.map(|delivery| &delivery.state) {
        Some(DeliveryState::Due { .. }) | None => Ok(()),
        Some(state) => Err(format!("{id} is tried again although it is {state:?}")),
    }
}

/// However dead the other targets are, the steady one is told soon.
fn dead_targets_delay_nobody(state: &State, target: &str, id: &str) -> Result<(), String> {
    let Some(told) = state.checker.told.get(id).filter(|told| !told.attempted) else { return Ok(()) };
    let late = state.mono().saturating_sub(told.at);
    match target != "steady" || told.troubles != troubles(state) || late < PROMPT {
        true => Ok(()),
        false => Err(format!("{id} is tried only {} s after it was due", late.as_secs())),
    }
}

/// A delivery's id is given once.
pub fn delivery_ids_are_unique(step: &Step<'_>) -> Result<(), String> {
    let Fact::Told { deliveries, .. } = &step.entry.fact else { return Ok(()) };
    let known = deliveries.iter().find(|delivery| step.checker.told.contains_key(&delivery.id));
    known.map_or(Ok(()), |delivery| Err(format!("{} exists already", delivery.id)))
}
