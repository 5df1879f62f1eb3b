//! What should happen to an incident's messages: which are due, which are pointless by now, and for
//! which people must be told elsewhere. Independent of everything else that happens to the incident,
//! so that a dead target delays nobody.

use jiff::{SignedDuration, Timestamp};

use super::{ActionState, Incident};
use crate::domain::delivery::{Delivery, DeliveryState, Occasion, Overtaken};

/// Deliveries that are due, and when the next one will be.
pub fn due(incident: &Incident, now: Timestamp) -> (Vec<&Delivery>, Option<Timestamp>) {
    let mut ready = Vec::new();
    let mut later: Option<Timestamp> = None;
    for delivery in incident.deliveries.iter().filter(|delivery| !delivery.settled()) {
        match delivery.wait(now) {
            None => ready.push(delivery),
            Some(wait) => {
                let at = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
                later = Some(later.map_or(at, |earliest| earliest.min(at)));
            }
        }
    }
    (ready, later)
}

/// Why a message that was not delivered need not be sent any more; none when it still says something.
pub fn overtaken(incident: &Incident, delivery: &Delivery, now: Timestamp) -> Option<Overtaken> {
    if delivery.settled() { None } else { pointless(incident, delivery, now) }
}

/// Questions that their targets have taken and can change, and that nobody needs to answer any more. What
/// has returned no reference cannot be changed, so nothing is said about it.
pub fn answered(incident: &Incident, now: Timestamp) -> impl Iterator<Item = &Delivery> {
    incident.deliveries.iter().filter(move |delivery| {
        delivery.occasion == Occasion::Approval
            && matches!(&delivery.state, DeliveryState::Delivered { reference: Some(_) })
            && !incident.deliveries.iter().any(|other| other.updates.as_ref() == Some(&delivery.id))
            && pointless(incident, delivery, now).is_some()
    })
}

/// Why a message says nothing any more, sent or not.
fn pointless(incident: &Incident, delivery: &Delivery, now: Timestamp) -> Option<Overtaken> {
    // A fallback is a copy of the message that it stands in for, to somebody else.
    let same_target = |other: &&Delivery| other.target == delivery.target && other.id != delivery.id;
    let mut behind = incident.deliveries.iter().skip_while(|other| other.id != delivery.id).filter(same_target);
    match delivery.occasion {
        Occasion::Approval => {
            let asked_anew = |other: &Delivery| {
                other.occasion == Occasion::Approval
                    && other.action == delivery.action
                    && other.instead_of.is_none() == delivery.instead_of.is_none()
            };
            over(incident, delivery, now).or_else(|| behind.any(asked_anew).then_some(Overtaken::Later))
        }
        Occasion::Report => behind.any(|other| other.occasion == Occasion::Resolved).then_some(Overtaken::Later),
        Occasion::Resolved | Occasion::Answered => None,
    }
}

/// How a question ended.
fn over(incident: &Incident, delivery: &Delivery, now: Timestamp) -> Option<Overtaken> {
    let record = delivery.action.as_ref().and_then(|action| incident.action(action))?;
    let ended = incident.conclusion.is_some() || incident.closed.is_some();
    match record.state {
        ActionState::Asked if ended => Some(Overtaken::Ended),
        ActionState::Asked => record.expires.is_some_and(|until| until <= now).then_some(Overtaken::Expired),
        // What would be restored has changed: the gate rules again, and may ask again.
        ActionState::Proposed => Some(Overtaken::Ended),
        ActionState::Expired => Some(Overtaken::Expired),
        ActionState::Denied | ActionState::Observed => Some(Overtaken::Ended),
        ActionState::Allowed
        | ActionState::Approved
        | ActionState::Rejected
        | ActionState::Started
        | ActionState::NotBegun
        | ActionState::Done
        | ActionState::Failed
        | ActionState::Uncertain
        | ActionState::Verified
        | ActionState::Unverified => Some(Overtaken::Answered),
    }
}

/// Deliveries in whose place others must be told now, and when the next one will be one of them.
pub fn fallbacks(incident: &Incident, now: Timestamp) -> (Vec<&Delivery>, Option<Timestamp>) {
    let severity = incident.severity();
    let (mut ready, mut later) = (Vec::new(), None::<Timestamp>);
    for delivery in &incident.deliveries {
        // Whoever is on it has heard of it.
        let Some(fallback) = delivery.fallback.as_ref().filter(|_| incident.deciding.by_people.acknowledged.is_none())
        else {
            continue;
        };
        if incident.deliveries.iter().any(|other| other.instead_of.as_ref() == Some(&delivery.id)) {
            continue;
        }
        match &delivery.state {
            DeliveryState::Abandoned { .. } => ready.push(delivery),
            DeliveryState::Due { .. } if delivery.presses(severity) && overtaken(incident, delivery, now).is_none() => {
                let Some(told_at) = delivery.told_at else { continue };
                let after = SignedDuration::from_millis(i64::try_from(fallback.after_ms).unwrap_or(i64::MAX));
                let at = told_at.saturating_add(after).unwrap_or(Timestamp::MAX);
                // A clock that was set back: rather told twice than too late.
                if at <= now || now < told_at {
                    ready.push(delivery);
                } else {
                    later = Some(later.map_or(at, |earliest| earliest.min(at)));
                }
            }
            _ => {}
        }
    }
    (ready, later)
}
