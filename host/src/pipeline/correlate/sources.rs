//! What several sources tell of one object: one incident, whoever told first.
//!
//! Alertmanager and a watched cluster see the same trouble, the one within seconds and the other when its rule has waited for
//! long enough. Where the configuration names both sources, because whoever may send to one of them keeps quiet what the other says,
//! an alert of another source joins the open incident about its object under the same conditions as one of the same
//! source. Where that is looked into already, asks somebody or was given to a person, it joins as well while what it is about
//! still fires: nobody looks, asks or tells twice. What is worse than what was decided about, and what comes after something was
//! done, is decided anew.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::subject::correlation::{CorrelationKey, CorrelationKeys};
use crate::domain::{Alert, Incident, IncidentId, Outcome, Severity, Status, conversation, schedule};

/// So long after it was opened an alert of another name belongs to an incident that a person has: rules of Prometheus wait for a
/// quarter of an hour, and are then sent with the next group.
const SAME_TROUBLE: SignedDuration = SignedDuration::from_mins(30);
/// Of an incident's alerts so many are looked at.
const LOOKED_AT: usize = 64;

/// How alerts of several sources come together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Sources of which the alerts of one join incidents of another.
    pub join_sources: BTreeSet<String>,
}

impl Scope {
    /// Whether an alert of a source may join an incident.
    pub(super) fn lets_join(&self, incident: &Incident, alert: &Alert) -> bool {
        self.joins(&incident.source, &alert.source)
    }

    /// Whether alerts of two sources about one object come together.
    pub(super) fn joins(&self, one: &str, other: &str) -> bool {
        one == other || self.is_joined(one) && self.is_joined(other)
    }

    fn is_joined(&self, source: &str) -> bool {
        by_object(source) && self.join_sources.contains(source)
    }

    /// Of incidents about an object, the oldest first, the latest one that tells of it already what this alert tells of it.
    pub(super) fn told_already<'a>(
        &self,
        about: impl DoubleEndedIterator<Item = &'a IncidentId>,
        incidents: &HashMap<IncidentId, Arc<Incident>>,
        (alert, tie): (&Alert, &CorrelationKey),
        now: Timestamp,
    ) -> Option<&'a IncidentId> {
        about.rev().find(|id| incidents.get(*id).is_some_and(|incident| self.tells(incident, (alert, tie), now)))
    }

    fn tells(&self, incident: &Incident, (alert, tie): (&Alert, &CorrelationKey), now: Timestamp) -> bool {
        if *incident.source == *alert.source || !self.lets_join(incident, alert) || !is_known_to_last(incident) {
            return false;
        }
        if incident.group_key.starts_with("group ") || is_worse(incident, alert) {
            return false;
        }
        let is_recent = now.duration_since(incident.opened_at) <= SAME_TROUBLE;
        incident.alerts.iter().take(LOOKED_AT).any(|known| {
            let same = || CorrelationKeys::of(known).object.is_some_and(|other| other == *tie);
            known.status == Status::Firing && (is_recent || known.name == alert.name) && same()
        })
    }
}

/// Whether an alert is worse than what the source of an incident says itself, about which it was decided.
pub(super) fn is_worse(incident: &Incident, alert: &Alert) -> bool {
    let own = incident.alerts.iter().take(LOOKED_AT).filter(|known| *known.source == *incident.source);
    alert.severity > own.map(|known| known.severity).max().unwrap_or(Severity::Info)
}

/// Whether nothing was done yet that may have ended the trouble: it is looked into, somebody is asked, or a person has it.
fn is_known_to_last(incident: &Incident) -> bool {
    let has_begun = |record: &ActionRecord| {
        use ActionState::{Asked, Denied, Expired, Observed, Proposed, Rejected};
        !matches!(record.state, Proposed | Asked | Denied | Rejected | Expired | Observed)
    };
    match incident.outcome() {
        None => {
            incident.decision.as_ref().is_some_and(|decision| decision.verdict.acts())
                && !incident.actions.iter().any(has_begun)
        }
        Some(Outcome::NeedsPerson) => true,
        Some(_) => false,
    }
}

/// Whether alerts of a source go by whom they are about: what people and the clock say goes by itself.
fn by_object(source: &str) -> bool {
    source != conversation::SOURCE && source != schedule::SOURCE
}
