//! The body that Alertmanager posts, version 4, for receivers that know it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tidegate_plugin::notifier::{Alert, Moment, Notification, Purpose, Stage, Status, object, rfc3339};
use tidegate_plugin::text::{Limit, cut};

/// Bytes of a body, as of the other one.
const BYTES: usize = 1_000_000;
const TEXT: Limit = Limit::bytes(16_000);
/// How Go writes no time.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// The body of one message, with as many alerts as fit into a request; the others are counted.
pub(crate) fn fitting(message: &Notification) -> Value {
    let mut alerts = message.alerts.len();
    loop {
        let body = with(message, alerts);
        if body.to_string().len() <= BYTES || alerts == 0 {
            return body;
        }
        alerts /= 2;
    }
}

fn with(message: &Notification, most: usize) -> Value {
    let shown: Vec<&Alert> = message.alerts.iter().take(most).collect();
    let left_out = message.alerts.len() - shown.len();
    let common_labels = common(shown.iter().map(|alert| alert.prometheus_labels()));
    let mut common_annotations = common(shown.iter().map(|alert| alert.annotations.clone()));
    common_annotations.extend(own(message));
    common_annotations.insert("tidegate_text".into(), cut(&message.body_markdown, TEXT).into_owned());
    let group_labels: Map<String, Value> =
        common_labels.get("alertname").map(|name| ("alertname".to_string(), json!(name))).into_iter().collect();
    let resolved = !shown.is_empty() && shown.iter().all(|alert| alert.status == Status::Resolved);
    json!({
        "version": "4",
        "groupKey": format!("tidegate:{}", message.incident_key()),
        "truncatedAlerts": usize::try_from(message.alerts_left_out).unwrap_or(usize::MAX).saturating_add(left_out),
        "status": status(resolved || message.stage == Stage::End),
        "receiver": "tidegate",
        "groupLabels": group_labels,
        "commonLabels": common_labels,
        "commonAnnotations": common_annotations,
        "externalURL": incident_url(message),
        "alerts": shown.iter().map(|alert| one(alert, message)).collect::<Vec<_>>(),
    })
}

fn status(over: bool) -> &'static str {
    if over { "resolved" } else { "firing" }
}

fn one(alert: &Alert, message: &Notification) -> Value {
    let over = alert.status == Status::Resolved || message.stage == Stage::End;
    let mut annotations: BTreeMap<String, String> = alert.annotations.iter().cloned().collect();
    annotations.extend(own(message));
    let ends = alert.ends_at.as_ref().and_then(Moment::rfc3339).unwrap_or_else(|| rfc3339(message.now_ms));
    json!({
        "status": status(over),
        "labels": object(&alert.prometheus_labels()),
        "annotations": annotations,
        "startsAt": alert.starts_at.as_ref().and_then(Moment::rfc3339).unwrap_or_else(|| NO_TIME.into()),
        "endsAt": if over { ends } else { NO_TIME.into() },
        "generatorURL": alert.prometheus_link(),
        "fingerprint": alert.fingerprint.as_deref().unwrap_or_default(),
    })
}

/// What the host adds, under names of its own.
fn own(message: &Notification) -> Vec<(String, String)> {
    let pairs = [
        ("tidegate_incident", message.incident_id.clone()),
        ("tidegate_message", message.title_line()),
        ("tidegate_outcome", message.outcome.clone()),
        ("tidegate_url", incident_url(message)),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_string(), value)).collect()
}

fn incident_url(message: &Notification) -> String {
    let incident = message.buttons().into_iter().find(|button| button.purpose == Purpose::Incident);
    incident.map(|button| button.link.url).unwrap_or_default()
}

/// The pairs that all have.
fn common(mut all: impl Iterator<Item = Vec<(String, String)>>) -> BTreeMap<String, String> {
    let mut common = all.next().unwrap_or_default();
    for pairs in all {
        common.retain(|pair| pairs.contains(pair));
    }
    common.into_iter().collect()
}
