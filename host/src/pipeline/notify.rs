//! Fan-out: which targets are told, and one delivery attempt.
//!
//! At least once: a delivery is journaled before it is tried and its receipt after. Its id is the
//! same for every attempt. Retries back off with jitter and never faster than the target asked for.

use jiff::{SignedDuration, Timestamp};

use super::Services;
use crate::domain::delivery::{Delivery, DeliveryState, PERSONAL};
use crate::domain::incident::ActionRecord;
use crate::domain::{ActionId, Fact, Incident, Occasion};
use crate::ports::{JournalError, Message, NotifyError, Story};
use crate::report::message;
use crate::rules::Context;

/// Attempts after which a delivery is given up: about a day with the longest pause.
const ATTEMPTS: u32 = 60;
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(2);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(30);

/// The fact that people are to be told; none when no route leads to a target that exists.
pub fn tell(
    services: &Services,
    incident: &Incident,
    occasion: Occasion,
    action: Option<&ActionId>,
    context: &Context<'_>,
) -> Option<Fact> {
    let mut deliveries: Vec<Delivery> = Vec::new();
    let routed = services.policies.routes(incident, occasion, context);
    let routed = routed.into_iter().flat_map(|routed| {
        let route = routed.route;
        routed.targets.into_iter().map(move |target| (route.clone(), target))
    });
    let record = action.and_then(|action| incident.action(action)).filter(|_| occasion == Occasion::Approval);
    let personal = record.map(|record| asked(services, record)).unwrap_or_default();
    for (route, target) in routed.chain(personal) {
        if !services.notifiers.has(&target) {
            tracing::debug!(%target, %route, "the route names a target that is not configured");
            continue;
        }
        let of_action = action.map(|action| format!("-{action}")).unwrap_or_default();
        let id = format!("{}-{}{of_action}-{target}", incident.id, occasion.as_str());
        // What would be restored has changed since it was asked about: that is another question.
        let again = format!("{id}-again-");
        let asked = incident.deliveries.iter().filter(|known| known.id == id || known.id.starts_with(&again));
        let id = match (occasion, asked.count()) {
            (Occasion::Approval, n @ 1..) => format!("{again}{n}"),
            _ => id,
        };
        let known = incident.deliveries.iter().chain(&deliveries).any(|known| known.id == id);
        if !known && !deliveries.iter().any(|known| known.target == target) {
            let state = DeliveryState::Due { at: context.now };
            deliveries.push(Delivery { id, target, route, occasion, state, attempts: 0 });
        }
    }
    (!deliveries.is_empty()).then_some(Fact::Told { occasion, deliveries })
}

/// The targets that reach one person each, of those who are in a group that is asked.
fn asked(services: &Services, record: &ActionRecord) -> Vec<(String, String)> {
    let (Some(links), Some(ruling)) = (&services.links, &record.ruling) else { return Vec::new() };
    let (people, who) = (services.gate.people(), ruling.who());
    let asked = links.personal().iter().filter(|(_, name)| people.is_in_any(name, &who));
    asked.map(|(target, _)| (PERSONAL.to_string(), target.clone())).collect()
}

/// The link to a question: one that proves its reader goes only where nobody else reads.
fn link(services: &Services, incident: &Incident, record: &ActionRecord, target: &str) -> Option<String> {
    let links = services.links.as_ref()?;
    match links.personal().get(target) {
        Some(name) if services.gate.people().is_able(name) => links.personal_url(&incident.id, record, name),
        _ => links.url(&incident.id, record),
    }
}

/// Tries one delivery and journals the receipt or the failure.
///
/// # Errors
/// When the journal cannot take it; the delivery is then tried again.
pub async fn deliver(services: &Services, incident: &Incident, delivery: &Delivery) -> Result<(), JournalError> {
    let entries = services.store.entries(&incident.id)?;
    let story = Story { incident: incident.clone(), entries };
    let action = match delivery.occasion {
        Occasion::Approval => action_of(incident, delivery),
        Occasion::Report | Occasion::Resolved => None,
    };
    let record = action.as_ref().and_then(|action| incident.action(action));
    let link = record.and_then(|record| link(services, incident, record, &delivery.target));
    let text = message(&story, delivery.occasion, services.language, action.as_ref(), link.as_deref());
    let thread = incident.deliveries.iter().rev().find_map(|earlier| match &earlier.state {
        DeliveryState::Delivered { reference } if earlier.target == delivery.target => reference.clone(),
        _ => None,
    });
    let message = Message {
        delivery: delivery.id.clone(),
        incident: incident.id.clone(),
        occasion: delivery.occasion,
        title: text.title,
        severity: incident.severity().as_str().into(),
        outcome: incident.outcome().map(|outcome| outcome.as_str().to_string()).unwrap_or_default(),
        body: text.body,
        facts: text.facts,
        links: text.links,
        alerts: text.alerts,
        thread,
        language: services.language.as_str().into(),
    };
    let answer = services.notifiers.deliver(&delivery.target, &message, services.clock.now()).await;
    let fact = match answer {
        Ok(reference) => Fact::Delivered { delivery: delivery.id.clone(), reference },
        Err(NotifyError::Permanent(reason)) => {
            Fact::DeliveryFailed { delivery: delivery.id.clone(), reason, retry_at: None }
        }
        Err(NotifyError::Retry { reason, after }) => {
            let after = after.and_then(|after| SignedDuration::try_from(after).ok());
            let retry_at = (delivery.attempts + 1 < ATTEMPTS).then(|| retry_at(services, delivery.attempts, after));
            Fact::DeliveryFailed { delivery: delivery.id.clone(), reason, retry_at }
        }
    };
    services.store.append(&incident.id, vec![fact]).await
}

fn action_of(incident: &Incident, delivery: &Delivery) -> Option<ActionId> {
    let ids = incident.actions.iter().map(|record| &record.action.id);
    let prefix = |id: &ActionId| format!("{}-approval-{id}-", incident.id);
    ids.into_iter().find(|id| delivery.id.starts_with(&prefix(id))).cloned()
}

fn retry_at(services: &Services, attempts: u32, after: Option<SignedDuration>) -> Timestamp {
    let factor = 2_i32.saturating_pow(attempts.min(16));
    let pause = FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
    // Half fixed, half chance: a fleet of incidents does not come back in step.
    let half = u64::try_from(pause.as_millis() / 2).unwrap_or(0);
    let jittered = half + services.random.below(half + 1);
    let pause = SignedDuration::from_millis(i64::try_from(jittered).unwrap_or(i64::MAX));
    let pause = after.map_or(pause, |after| after.max(pause));
    services.clock.now().saturating_add(pause).unwrap_or(Timestamp::MAX)
}
