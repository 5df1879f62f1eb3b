//! The incident's fields, each made when a rule first reads it.

use std::sync::OnceLock;

use jiff::Timestamp;
use rhai::{Array, Dynamic, Map};

use super::{SHOWN, alert, findings, seconds_since};
use crate::domain::incident::Alerts;
use crate::domain::{Alert, Incident, Labels, Status};

/// All names.
pub(super) const FIELDS: [&str; 19] = [
    "id",
    "title",
    "name",
    "severity",
    "source",
    "group_key",
    "opened_at",
    "age",
    "labels",
    "annotations",
    "count",
    "more",
    "alerts",
    "firing",
    "now",
    "findings",
    "state",
    "outcome",
    "rule",
];

/// An incident as it stood when the view was made, and what was read of it.
#[derive(Debug)]
pub(super) struct Deferred {
    incident: Incident,
    now: Timestamp,
    made: [OnceLock<Dynamic>; FIELDS.len()],
    alerts: OnceLock<Vec<Dynamic>>,
}

impl Deferred {
    pub fn new(incident: &Incident, now: Timestamp) -> Self {
        let made = [const { OnceLock::new() }; FIELDS.len()];
        Self { incident: incident.clone(), now, made, alerts: OnceLock::new() }
    }

    /// The field of this name.
    pub fn get(&self, field: &str) -> Option<Dynamic> {
        let place = FIELDS.iter().position(|name| *name == field)?;
        Some(self.made.get(place)?.get_or_init(|| self.make(field)).clone())
    }

    fn make(&self, field: &str) -> Dynamic {
        let (incident, now) = (&self.incident, self.now);
        match field {
            "id" => incident.id.0.as_ref().into(),
            "title" => incident.title().into(),
            "name" => incident.alerts.first().map(|alert| alert.name.as_str()).unwrap_or_default().into(),
            "severity" => incident.severity().as_str().into(),
            "source" => incident.source.as_ref().into(),
            "group_key" => incident.group_key.as_ref().into(),
            "opened_at" => incident.opened_at.to_string().into(),
            "age" => seconds_since(incident.opened_at, now).into(),
            "labels" => common(&incident.alerts, |alert| &alert.labels),
            "annotations" => common(&incident.alerts, |alert| &alert.annotations),
            "count" => count(incident.firing_count()),
            "more" => count(incident.alert_count().saturating_sub(incident.alerts.len().min(SHOWN))),
            "alerts" => Dynamic::from_array(self.alerts().to_vec()),
            "firing" => Dynamic::from_array(self.firing()),
            "now" => now.to_string().into(),
            "findings" => findings(incident),
            "state" => incident.state().as_str().into(),
            "outcome" => incident.outcome().map(|outcome| outcome.as_str()).unwrap_or_default().into(),
            "rule" => {
                let decision = incident.decision.as_ref();
                decision.and_then(|decision| decision.rule.as_deref()).unwrap_or_default().into()
            }
            _ => Dynamic::UNIT,
        }
    }

    /// A list that is too long fails in whatever a rule does with it, and the next rule would decide.
    fn alerts(&self) -> &[Dynamic] {
        let view = |one: &Alert| Dynamic::from(alert(one, self.incident.opened_at, self.now));
        self.alerts.get_or_init(|| self.incident.alerts.iter().take(SHOWN).map(view).collect())
    }

    /// The same views as in all of them, which costs nothing but a count.
    fn firing(&self) -> Array {
        let all = self.incident.alerts.iter().zip(self.alerts());
        all.filter(|(one, _)| one.status == Status::Firing).map(|(_, view)| view.clone()).collect()
    }
}

fn count(number: usize) -> Dynamic {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// What all alerts have.
fn common(alerts: &Alerts, of: impl Fn(&Alert) -> &Labels) -> Dynamic {
    let Some(first) = alerts.first() else { return Dynamic::from_map(Map::new()) };
    let all = |(key, value): &(&str, &str)| alerts.iter().all(|other| of(other).get(key) == Some(*value));
    let shared = of(first).iter().filter(all);
    Dynamic::from_map(shared.map(|(key, value)| (key.into(), value.into())).collect())
}
