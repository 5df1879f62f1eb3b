//! What happened before, as data that policies may count in.

use jiff::Timestamp;

use super::action::Origin;
use super::alert::{Labels, Severity};
use super::incident::{ActionState, Incident, IncidentId, Outcome};

/// One incident of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Which incident.
    pub incident: IncidentId,
    /// The rule that decided; empty for the default.
    pub rule: String,
    /// What its alerts shared.
    pub group_key: String,
    /// The first alert's name.
    pub name: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How it ended; none while it is open.
    pub outcome: Option<Outcome>,
    /// Executed actions: target and whether it was seen to help.
    pub fixes: Vec<(String, bool)>,
}

impl Past {
    /// What later decisions may know of an incident.
    pub fn of(incident: &Incident) -> Self {
        let rule = incident.decision.as_ref().and_then(|decision| decision.rule.clone());
        Self {
            incident: incident.id.clone(),
            rule: rule.unwrap_or_default(),
            group_key: incident.group_key.clone(),
            name: incident.alerts.first().map(|alert| alert.name.clone()).unwrap_or_default(),
            opened_at: incident.opened_at,
            outcome: incident.outcome(),
            fixes: fixes(incident),
        }
    }
}

/// Executed actions whose effect is known: target and whether it was seen to help.
pub fn fixes(incident: &Incident) -> Vec<(String, bool)> {
    let repairs = incident.actions.iter().filter(|record| !matches!(record.action.origin, Origin::Undo { .. }));
    let known = repairs.filter_map(|record| {
        use ActionState::{Failed, Uncertain, Unverified, Verified};
        let helped = match record.state {
            Verified => true,
            Failed | Unverified | Uncertain => false,
            _ => return None,
        };
        (record.attempts > 0).then(|| (record.action.target(), helped))
    });
    known.collect()
}

/// One alert that fires now, of any incident; what inhibitions look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Active {
    /// Its incident.
    pub incident: IncidentId,
    /// The source that decoded it.
    pub source: String,
    /// What fired.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// Its labels.
    pub labels: Labels,
}

impl Active {
    /// The firing alerts of an incident that is not closed.
    pub fn of(incident: &Incident) -> Vec<Self> {
        if incident.closed.is_some() {
            return Vec::new();
        }
        let active = incident.firing().map(|alert| Self {
            incident: incident.id.clone(),
            source: alert.source.clone(),
            name: alert.name.clone(),
            severity: alert.severity,
            labels: alert.labels.clone(),
        });
        active.collect()
    }
}

/// The past as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Incidents, oldest first.
    pub past: Vec<Past>,
    /// Every firing alert of every incident that is not closed.
    pub active: Vec<Active>,
}

impl History {
    /// The past of an incident: all others, oldest first.
    pub fn others(&self, incident: &IncidentId) -> impl DoubleEndedIterator<Item = &Past> {
        self.past.iter().filter(move |past| past.incident != *incident)
    }
}
