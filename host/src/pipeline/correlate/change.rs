//! What it means that a known alert comes in again.

use jiff::SignedDuration;

use crate::domain::handover::HandoverReason;
use crate::domain::{Alert, Incident, Labels, Status};

/// What another message about a known alert means.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// Nothing new.
    Repeat,
    /// An end that came before the beginning that is known.
    Late,
    /// Its incident takes it in.
    Counts,
    /// It had come to its end in a concluded incident.
    FiresAgain,
    /// It fires on in a concluded incident, and is another matter now.
    Newcomer(HandoverReason),
}

/// What `alert` means where `known` stands in `incident`. Annotations may differ, for many senders put the
/// current value there.
pub(super) fn change(incident: &Incident, known: &Alert, alert: &Alert) -> Change {
    let concluded = incident.conclusion.is_some();
    match (known.status, alert.status) {
        (Status::Resolved, Status::Firing) if concluded => Change::FiresAgain,
        (Status::Resolved, Status::Firing) => Change::Counts,
        (Status::Firing, Status::Resolved) if ended_before(known, alert) => Change::Late,
        (Status::Firing, Status::Resolved) => Change::Counts,
        (Status::Resolved, Status::Resolved) => {
            let same = known.severity == alert.severity && !later(known, alert);
            if same || concluded { Change::Repeat } else { Change::Counts }
        }
        (Status::Firing, Status::Firing) if concluded => of_concluded(known, alert),
        (Status::Firing, Status::Firing) => {
            let same = known.severity == alert.severity && !later(known, alert) && !other_labels(known, alert);
            if same { Change::Repeat } else { Change::Counts }
        }
    }
}

fn of_concluded(known: &Alert, alert: &Alert) -> Change {
    if alert.severity > known.severity {
        return Change::Newcomer(HandoverReason::Worse { from: known.severity, to: alert.severity });
    }
    if let Some(at) = alert.starts_at.filter(|at| known.starts_at.is_some_and(|known| known < *at)) {
        return Change::Newcomer(HandoverReason::BeganAnew { at });
    }
    if other_labels(known, alert) { Change::Counts } else { Change::Repeat }
}

/// What is known of when it began is not taken back: of two senders one may be late.
fn later(known: &Alert, alert: &Alert) -> bool {
    alert.starts_at.is_some_and(|at| known.starts_at.is_none_or(|known| known < at))
}

/// Whether an end is that of what was before. Where it does not say when that began, it has to be older by more than
/// a sender rounds its times.
fn ended_before(known: &Alert, resolved: &Alert) -> bool {
    let (Some(began), Some(end)) = (known.starts_at, resolved.ends_at) else { return false };
    match resolved.starts_at {
        Some(other) => other < began && end <= began,
        None => began.duration_since(end) > ROUNDED,
    }
}

/// The coarsest unit in which senders write times.
const ROUNDED: SignedDuration = SignedDuration::from_mins(1);

/// The label that [`Alert::severity`] was read from, which is compared by itself.
pub(super) const SEVERITY: &str = "severity";

/// Labels but for that one.
pub(super) fn without_severity(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    labels.iter().filter(|(name, _)| *name != SEVERITY)
}

/// Whether labels differ other than in their severity.
pub(super) fn other_labels(known: &Alert, alert: &Alert) -> bool {
    if known.labels == alert.labels {
        return false;
    }
    let mut names = known.labels.keys().chain(alert.labels.keys());
    names.any(|name| name != SEVERITY && known.labels.get(name) != alert.labels.get(name))
}

/// Whether `alert` says the same in its labels as `known` does, and besides in which cluster it is: the configuration has named
/// that for its source since then.
pub(super) fn adds_cluster(known: &Alert, alert: &Alert) -> bool {
    let of_alert = without_severity(&alert.labels).filter(|(name, _)| *name != "cluster");
    !known.labels.contains_key("cluster")
        && alert.labels.contains_key("cluster")
        && without_severity(&known.labels).eq(of_alert)
}

/// Whether `alert` says nothing else in its labels than `known` does, and less.
pub(super) fn says_less(known: &Alert, alert: &Alert) -> bool {
    alert.labels.len() < known.labels.len()
        && without_severity(&alert.labels).all(|(name, value)| known.labels.get(name) == Some(value))
}
