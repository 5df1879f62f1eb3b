//! What must hold whenever nothing is on its way to the disk, and when the world has gone quiet.

use std::collections::BTreeMap;

use tidegate::domain::delivery::{Delivery, DeliveryState};
use tidegate::domain::incident::{ActionState, due};
use tidegate::domain::{Incident, IncidentId, Occasion, next};

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
        let state = host.world.state();
        let (waiting, unread) = (state.outbox.batches.len(), state.bus.unread());
        return match (waiting, unread) {
            (0, 0) => Ok(()),
            (0, _) => Err(format!("{unread} messages of the bus are not acknowledged")),
            _ => Err(format!("{waiting} senders are not heard")),
        };
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
                DeliveryState::Abandoned { reason } if FINAL.contains(&reason.as_str()) => {
                    instead(incident, delivery)?;
                }
                DeliveryState::Abandoned { reason } => {
                    return Err(format!("{} was given up although its target is up: {reason}", delivery.id));
                }
                DeliveryState::Overtaken { .. } if overtaken_by_something(incident, delivery) => {}
                DeliveryState::Overtaken { by } => {
                    return Err(format!("{} was not sent, as if it were {}", delivery.id, by.as_str()));
                }
                DeliveryState::Due { .. } => return Err(format!("{} is still due", delivery.id)),
            }
        }
    }
    Ok(())
}

/// What of a message says that no attempt can succeed.
const FINAL: [&str; 2] = ["no such channel", "refused as malformed"];

/// In place of a message that was given up somebody else was told, where the route names somebody.
fn instead(incident: &Incident, delivery: &Delivery) -> Result<(), String> {
    let Some(fallback) = &delivery.fallback else { return Ok(()) };
    let told = incident.deliveries.iter().any(|other| {
        fallback.to.contains(&other.target)
            && other.occasion == delivery.occasion
            && other.action == delivery.action
            && other.instead_of.as_ref().is_none_or(|of| incident.deliveries.iter().any(|known| known.id == *of))
    });
    if told { Ok(()) } else { Err(format!("{} was given up, and nobody was told instead", delivery.id)) }
}

/// A question that nobody is asked any more, or a report behind which the same target heard more.
fn overtaken_by_something(incident: &Incident, delivery: &Delivery) -> bool {
    let later = incident.deliveries.iter().skip_while(|other| other.id != delivery.id).skip(1);
    let mut later = later.filter(|other| other.target == delivery.target);
    let record = delivery.action.as_ref().and_then(|action| incident.action(action));
    let over = record.is_some_and(|record| record.state != ActionState::Asked || incident.conclusion.is_some());
    match delivery.occasion {
        Occasion::Approval => over || later.any(|other| other.occasion == Occasion::Approval),
        Occasion::Report => later.any(|other| other.occasion == Occasion::Resolved),
        // Its target exists, so it is sent.
        Occasion::Resolved | Occasion::Answered => false,
    }
}
