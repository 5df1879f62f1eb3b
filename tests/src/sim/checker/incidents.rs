//! What must hold for an incident as a whole.

use jiff::SignedDuration;
use tidegate::domain::delivery::{Delivery, DeliveryState};
use tidegate::domain::{Alert, Fact, Incident, Occasion, Outcome, Verdict};

use super::Step;

/// More entries than this no incident of these small worlds can need.
const MANY: u64 = 2_000;

/// An alert that only repeats what is known is not written.
pub fn repeats_write_nothing(step: &Step<'_>) -> Result<(), String> {
    let Fact::AlertsChanged { alerts } = &step.entry.fact else { return Ok(()) };
    for alert in alerts {
        let known = step.incident.alerts.iter().find(|known| known.identity() == alert.identity());
        if known.is_some_and(|known| same(known, alert)) {
            return Err(format!("{} {} was known already", alert.source, alert.fingerprint));
        }
    }
    Ok(())
}

/// Whether nothing that counts has changed.
pub fn same(known: &Alert, alert: &Alert) -> bool {
    known.status == alert.status
        && known.severity == alert.severity
        && (known.starts_at == alert.starts_at || alert.starts_at.is_none())
}

/// What ends as resolved has no alert that fires.
pub fn conclusions_fit_the_alerts(step: &Step<'_>) -> Result<(), String> {
    let all_resolved = step.incident.all_resolved();
    match &step.entry.fact {
        Fact::Concluded { outcome: Outcome::Resolved, .. } if !all_resolved => {
            Err("it ends as resolved while an alert fires".into())
        }
        Fact::Closed { reason } if reason.contains("resolved") && !all_resolved => {
            Err("it is closed as resolved while an alert fires".into())
        }
        _ => Ok(()),
    }
}

/// Behind a conclusion nothing is decided, proposed or done; behind the end nothing but receipts.
pub fn concluded_once_and_for_all(step: &Step<'_>) -> Result<(), String> {
    // Of a message that is on its way already: it arrived or not, is pointless by now, or goes to somebody else.
    let receipt = match &step.entry.fact {
        Fact::Delivered { .. } | Fact::DeliveryFailed { .. } | Fact::DeliveryOvertaken { .. } => true,
        Fact::Told { deliveries, .. } => deliveries.iter().all(|delivery| stands_in(step, delivery)),
        _ => false,
    };
    // A person may answer about an action that is over; that changes nothing.
    let answer = matches!(&step.entry.fact, Fact::Approved { .. } | Fact::Rejected { .. });
    // A denial may be the end and open a breaker, which is known when the denial is durable.
    let after = matches!(
        &step.entry.fact,
        Fact::AlertsChanged { .. }
            | Fact::AlertsCounted { .. }
            | Fact::HandedOver { .. }
            | Fact::TakenOver { .. }
            | Fact::BreakerOpened { .. }
            | Fact::Reported { .. }
            | Fact::Told { .. }
            | Fact::ClockSetBack { .. }
            | Fact::Closed { .. }
    );
    match (&step.incident.closed, &step.incident.conclusion) {
        (Some(_), _) if !receipt && !answer => Err("something happens to it after its end".into()),
        (None, Some(_)) if !receipt && !answer && !after => Err("it goes on after its conclusion".into()),
        _ => Ok(()),
    }
}

/// Whether it says what a known message says, to somebody else.
fn stands_in(step: &Step<'_>, delivery: &Delivery) -> bool {
    let missed = delivery.instead_of.as_ref();
    step.incident.deliveries.iter().any(|known| {
        missed == Some(&known.id) && (known.occasion, &known.action) == (delivery.occasion, &delivery.action)
    }) || shows_an_end(step, delivery)
}

/// Whether it shows a question as over to whoever has taken it.
fn shows_an_end(step: &Step<'_>, delivery: &Delivery) -> bool {
    let asked = |known: &&Delivery| delivery.updates.as_ref() == Some(&known.id);
    delivery.occasion == Occasion::Answered
        && step.incident.deliveries.iter().find(asked).is_some_and(|known| {
            known.target == delivery.target && matches!(known.state, DeliveryState::Delivered { reference: Some(_) })
        })
}

/// Alerts of one group that arrive while its incident is being handled belong to it.
pub fn one_open_incident_per_group(step: &Step<'_>) -> Result<(), String> {
    let Fact::Opened { group_key, .. } = &step.entry.fact else { return Ok(()) };
    let mut open = step.checker.incidents.values().filter(|other| other.conclusion.is_none() && other.closed.is_none());
    // What is decided takes in no other kind of alert about its object: that one waits for it.
    let takes_no_more = |other: &Incident| {
        let decided = other.decision.as_ref().is_some_and(|decision| !matches!(decision.verdict, Verdict::Hold { .. }));
        group_key.contains("/workload=") && (decided || !other.actions.is_empty())
    };
    match open.find(|other| *other.group_key == **group_key && other.id != *step.id && !takes_no_more(other)) {
        Some(other) => Err(format!("{} is open for the group {group_key}", other.id)),
        None => Ok(()),
    }
}

/// While an incident waits for another one it looks at nothing, asks nobody and proposes nothing.
pub fn what_waits_for_another_does_nothing(step: &Step<'_>) -> Result<(), String> {
    let acts = matches!(
        &step.entry.fact,
        Fact::Planned { .. }
            | Fact::Answered { .. }
            | Fact::Collected { .. }
            | Fact::Proposed { .. }
            | Fact::Intent { .. }
    );
    let mut after = step.incident.clone();
    after.apply(step.entry);
    match &after.blocked {
        // A decision may come a second before its end.
        Some(blocked) if acts && step.entry.at + SignedDuration::from_secs(2) < blocked.until => {
            Err(format!("it waits for {} until {}", blocked.by, blocked.until))
        }
        _ => Ok(()),
    }
}

/// An action's name stands for one action.
pub fn action_ids_are_unique(step: &Step<'_>) -> Result<(), String> {
    let Fact::Proposed { action } = &step.entry.fact else { return Ok(()) };
    match step.incident.next_action_id() == action.id {
        true => Ok(()),
        false => Err(format!("{} is proposed where {} comes next", action.id, step.incident.next_action_id())),
    }
}

/// No incident goes on for ever.
pub fn nobody_runs_in_circles(step: &Step<'_>) -> Result<(), String> {
    match step.incident.version < MANY {
        true => Ok(()),
        false => Err(format!("it has {MANY} entries")),
    }
}
