//! Fan-out: which targets are told, and who is told where one of them does not take it.
//!
//! At least once: a delivery is journaled before it is tried and its receipt after. Its id is the
//! same for every attempt.

mod attempt;

use super::Services;
use crate::domain::delivery::{Delivery, DeliveryState, Overtaken, PERSONAL};
use crate::domain::incident::{ActionRecord, answered, fallbacks, overtaken};
use crate::domain::{ActionId, Fact, Incident, Occasion};
use crate::rules::Context;

pub use attempt::{Attempt, broke_off, deliver};

/// The fact that people are to be told; none when no route leads to a target that exists.
pub fn notification(
    services: &Services,
    incident: &Incident,
    occasion: Occasion,
    action: Option<&ActionId>,
    context: &Context<'_>,
) -> Option<Fact> {
    let mut deliveries: Vec<Delivery> = Vec::new();
    let routed = services.policies.routes(incident, occasion, context);
    let routed = routed.into_iter().flat_map(|routed| {
        let (route, fallback) = (routed.route, routed.fallback);
        routed.targets.into_iter().map(move |target| (route.clone(), target, fallback.clone()))
    });
    let record = action.and_then(|action| incident.action(action)).filter(|_| occasion == Occasion::Approval);
    let personal = record.map(|record| asked(services, record)).unwrap_or_default();
    let personal = personal.into_iter().map(|(route, target)| (route, target, None));
    for (route, target, fallback) in routed.chain(personal) {
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
            let action = action.filter(|_| occasion == Occasion::Approval).cloned();
            let delivery = Delivery::new(id, target, route, occasion, context.now);
            deliveries.push(Delivery { action, fallback, ..delivery });
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

/// Facts about messages whose time is over: those that are pointless by now, those in whose place others
/// are told, and questions that are to be shown as over. `busy` are under way and left alone.
pub fn tidy(services: &Services, incident: &Incident, busy: impl Fn(&str) -> bool) -> Vec<Fact> {
    let now = services.clock.now();
    let left = incident.deliveries.iter().filter(|delivery| !busy(&delivery.id));
    let pointless = left.filter_map(|delivery| Some((delivery, overtaken(incident, delivery, now)?)));
    let pointless = pointless.map(|(delivery, by)| Fact::DeliveryOvertaken { delivery: delivery.id.clone(), by });
    let mut facts: Vec<Fact> = pointless.collect();
    let (ready, _) = fallbacks(incident, now);
    let mut told: Vec<Delivery> = Vec::new();
    for delivery in ready {
        let deliveries = instead(services, incident, delivery, &told);
        told.extend(deliveries.iter().cloned());
        facts.extend(told_instead(delivery, deliveries));
    }
    let updates: Vec<Delivery> = answered(incident, now).map(|question| update(services, question)).collect();
    if !updates.is_empty() {
        facts.push(Fact::Told { occasion: Occasion::Answered, deliveries: updates });
    }
    facts
}

/// The message that shows a question as over where it was asked. The routes have no say in it: whoever has
/// the question on the screen must not answer it in vain.
fn update(services: &Services, question: &Delivery) -> Delivery {
    let (target, route) = (question.target.clone(), question.route.clone());
    let id = format!("{}-answered", question.id);
    let told = Delivery::new(id, target, route, Occasion::Answered, services.clock.now());
    let state = match services.notifiers.has(&question.target) {
        true => told.state.clone(),
        // The configuration has lost the target since, and with it what could be changed.
        false => DeliveryState::Overtaken { by: Overtaken::Ended },
    };
    Delivery { action: question.action.clone(), updates: Some(question.id.clone()), state, ..told }
}

/// What is sent to others in place of a target that has not taken its message; nothing where there is nobody who is not told
/// anyway, be it by what is `told` in the same moment.
fn instead(services: &Services, incident: &Incident, delivery: &Delivery, told: &[Delivery]) -> Vec<Delivery> {
    let Some(fallback) = &delivery.fallback else { return Vec::new() };
    let told_anyway = |target: &String| {
        let mut others = incident.deliveries.iter().chain(told);
        others.any(|other| {
            let same = other.occasion == delivery.occasion && other.action == delivery.action;
            other.target == *target && same && !matches!(other.state, DeliveryState::Abandoned { .. })
        })
    };
    let exists = |target: &String| {
        let exists = services.notifiers.has(target);
        if !exists {
            tracing::warn!(%target, route = %delivery.route, "the fallback of the route is not configured");
        }
        exists
    };
    let targets = fallback.to.iter().filter(|target| !told_anyway(target) && exists(target));
    targets
        .map(|target| {
            let id = format!("{}-fallback-{target}", delivery.id);
            let (route, now) = (delivery.route.clone(), services.clock.now());
            let told = Delivery::new(id, target.clone(), route, delivery.occasion, now);
            Delivery { action: delivery.action.clone(), instead_of: Some(delivery.id.clone()), ..told }
        })
        .collect()
}

fn told_instead(delivery: &Delivery, deliveries: Vec<Delivery>) -> Option<Fact> {
    (!deliveries.is_empty()).then_some(Fact::Told { occasion: delivery.occasion, deliveries })
}
