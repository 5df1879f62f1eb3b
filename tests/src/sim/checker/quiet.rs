//! What must hold whenever nothing is on its way to the disk, and when the world has gone quiet.

use std::collections::BTreeMap;

use tidegate::domain::delivery::DeliveryState;
use tidegate::domain::incident::due;
use tidegate::domain::{Incident, IncidentId, next};

use crate::sim::host::Host;
use crate::sim::world::State;

/// The live state is what the journal says, for every incident and nothing else.
pub fn live_state_is_the_journal(host: &Host) {
    if host.store.broken().is_some() {
        return;
    }
    let live = host.store.all();
    let mut state = host.world.state();
    if !state.disk.at_rest() || state.dead {
        return;
    }
    let wrong = live.iter().find(|incident| state.checker.incidents.get(&incident.id) != Some(incident.as_ref()));
    if let Some(incident) = wrong {
        let text = format!("{} is not what its entries make of it", incident.id);
        return state.violate("live_state_is_the_journal", text);
    }
    let unsettled = state
        .checker
        .incidents
        .values()
        .find(|incident| !incident.settled() && !live.iter().any(|live| live.id == incident.id));
    if let Some(incident) = unsettled {
        let text = format!("{} is not settled, and nobody looks after it", incident.id);
        state.violate("live_state_is_the_journal", text);
    }
}

/// Reading the journal anew gives what following it gave.
pub fn check_replay(state: &mut State, replayed: &BTreeMap<IncidentId, Incident>) {
    if let Err(text) = replay_is_deterministic(state, replayed) {
        state.violate("replay_is_deterministic", text);
    }
}

fn replay_is_deterministic(state: &State, replayed: &BTreeMap<IncidentId, Incident>) -> Result<(), String> {
    match *replayed == state.checker.incidents {
        true => Ok(()),
        false => Err("two readings of one journal differ".into()),
    }
}

/// Left in peace, everything comes to its end: says what does not.
pub fn incidents_come_to_an_end(host: &Host) -> Result<(), String> {
    let live = host.store.all();
    let Some(incident) = live.iter().min_by_key(|incident| incident.id.clone()) else {
        let waiting = host.world.state().outbox.batches.len();
        return if waiting == 0 { Ok(()) } else { Err(format!("{waiting} senders are not heard")) };
    };
    let now = host.world.state().wall();
    let limits = tidegate::domain::incident::Limits::default();
    let (ready, later) = due(incident, now);
    Err(format!(
        "{} is {}; next: {:?}; {} deliveries are due, more at {later:?}",
        incident.id,
        incident.state().as_str(),
        next(incident, now, &limits),
        ready.len()
    ))
}

/// What the journal calls delivered has arrived, and nothing is given up without a reason.
pub fn told_means_delivered(state: &State) -> Result<(), String> {
    for incident in state.checker.incidents.values() {
        for delivery in &incident.deliveries {
            let key = (delivery.target.clone(), delivery.id.clone());
            match &delivery.state {
                DeliveryState::Delivered { .. } if state.mailboxes.taken.contains_key(&key) => {}
                DeliveryState::Delivered { .. } => return Err(format!("{} never arrived", delivery.id)),
                DeliveryState::Abandoned { reason } if reason == "no such channel" => {}
                DeliveryState::Abandoned { reason } => {
                    return Err(format!("{} was given up although its target is up: {reason}", delivery.id));
                }
                DeliveryState::Due { .. } => return Err(format!("{} is still due", delivery.id)),
            }
        }
    }
    Ok(())
}
