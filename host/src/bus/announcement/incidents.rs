//! Incidents: that they are opened, ask, are concluded and closed.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::reports::of_alert;
use super::{Announcement, TEXT, Topic};
use crate::domain::decision::RulingKind;
use crate::domain::event::{self, ObjectRef};
use crate::domain::text::truncate;
use crate::domain::{ActionId, Alert, Fact, Incident};

/// Alerts of an incident that are told with it.
const ALERTS: usize = 20;

/// What is told of an entry about an incident, its alerts included.
pub(super) fn of_fact(
    id: &str,
    at: Timestamp,
    fact: &Fact,
    topics: &[Topic],
    incident: &dyn Fn(&str) -> Option<Incident>,
) -> Vec<Announcement> {
    let mut all = Vec::new();
    if let Fact::Opened { alerts, .. } | Fact::AlertsChanged { alerts } = fact
        && topics.contains(&Topic::Alerts)
    {
        let of_events = alerts.iter().filter(|alert| alert.source == event::SOURCE);
        all.extend(of_events.map(|alert| of_alert(id, at, alert)));
    }
    if !topics.contains(&Topic::Incidents) {
        return all;
    }
    let why = |reason: &str| Map::from_iter([("why".to_string(), Value::from(truncate(reason, TEXT)))]);
    let said = match fact {
        Fact::Opened { .. } => Some(("tidegate.incident.opened", "opened", Map::new())),
        Fact::Ruled { action, ruling } if ruling.kind == RulingKind::Ask => {
            let mut rest = why(&ruling.reason);
            rest.insert("rule".into(), ruling.rule.as_str().into());
            rest.insert("until".into(), ruling.until.map(|until| until.to_string()).into());
            Some(("tidegate.action.asked", "asked", of_action(action, incident(id).as_ref(), rest)))
        }
        Fact::Concluded { outcome, reason } => {
            let mut rest = why(reason);
            rest.insert("outcome".into(), outcome.as_str().into());
            Some(("tidegate.incident.concluded", "concluded", rest))
        }
        Fact::Closed { reason } => Some(("tidegate.incident.closed", "closed", why(reason))),
        _ => None,
    };
    if let Some((kind, observation, rest)) = said {
        let known = incident(id);
        let alerts = match fact {
            Fact::Opened { alerts, .. } => alerts.iter().take(ALERTS).map(summary).collect(),
            _ => Vec::new(),
        };
        all.push(of_incident(id, at, (kind, observation), known.as_ref(), alerts, rest));
    }
    all
}

fn of_incident(
    id: &str,
    at: Timestamp,
    (kind, observation): (&'static str, &'static str),
    incident: Option<&Incident>,
    alerts: Vec<Value>,
    rest: Map<String, Value>,
) -> Announcement {
    let mut data = Map::new();
    let mut say = |name: &str, value: Value| drop(data.insert(name.into(), value));
    say("incident", id.into());
    say("status", observation.into());
    if let Some(incident) = incident {
        say("title", truncate(&incident.title(), TEXT).into());
        say("severity", incident.severity().as_str().into());
        say("source", incident.source.as_ref().into());
        say("alert_count", incident.alert_count().into());
        say("outcome", incident.outcome().map(|outcome| outcome.as_str()).into());
    }
    if !alerts.is_empty() {
        say("alerts", alerts.into());
    }
    rest.into_iter().for_each(|(name, value)| say(&name, value));
    let cluster = incident.and_then(Incident::subject).and_then(|subject| subject.cluster).unwrap_or_default();
    let object = ObjectRef { cluster, namespace: String::new(), kind: "incident".into(), name: id.into() };
    Announcement::new(kind, at, object, observation, data.into())
}

/// What is asked about an action: what it would change, and not with which arguments.
fn of_action(id: &ActionId, incident: Option<&Incident>, mut rest: Map<String, Value>) -> Map<String, Value> {
    rest.insert("action".into(), id.to_string().into());
    if let Some(record) = incident.and_then(|incident| incident.action(id)) {
        rest.insert("tool".into(), record.action.proposal.call.tool.as_str().into());
        rest.insert("target".into(), truncate(&record.action.touches.to_string(), TEXT).into());
        rest.insert("digest".into(), record.action.digest.as_str().into());
    }
    rest
}

fn summary(alert: &Alert) -> Value {
    let labels: Map<String, Value> =
        alert.labels.iter().map(|(key, value)| (key.to_string(), Value::from(value))).collect();
    json!({
        "name": alert.name, "status": alert.status, "severity": alert.severity.as_str(), "labels": labels,
        "message": truncate(alert.annotations.get("summary").unwrap_or_default(), TEXT),
    })
}
