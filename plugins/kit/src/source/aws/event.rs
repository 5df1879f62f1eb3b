//! EventBridge's events. Those that are known are in tables (`known`, `security`, `health`); any other one that a rule
//! sends here is an alert too, because somebody chose to send it.

use std::borrow::Cow;

use super::{Missing, alarm, health, known, security};
use crate::source::{Alert, Decoded, Node, first_sentence};

/// One event.
pub fn decode(event: Node<'_>, missing: Missing) -> Result<Decoded, String> {
    let kind = event.get("detail-type").need_text()?;
    match kind.trim() {
        "CloudWatch Alarm State Change" => alarm::of_event(event, missing),
        "CloudWatch Alarm Configuration Change" | "Scheduled Event" => Ok(Decoded::nothing()),
        "AWS Health Event" | "AWS Health Abuse Event" => Ok(health::decode(event).into()),
        "GuardDuty Finding" => Ok(security::guard_duty(event).into()),
        "Inspector2 Finding" => Ok(security::inspector(event).into()),
        "Security Hub Findings - Imported" | "Security Hub Findings - Custom Action" => security::hub(event),
        kind => Ok(other(event, kind).into()),
    }
}

fn other(event: Node<'_>, kind: &str) -> Option<Alert> {
    let detail = event.get("detail");
    let known = known::of(kind);
    let (status, word) = known::status(kind, detail, known)?;
    let objects: Vec<(&str, Cow<'_, str>)> = known
        .iter()
        .flat_map(|known| known.objects)
        .filter_map(|path| Some((*path, detail.path(path).text()?)))
        .collect();
    let resources: Vec<Cow<'_, str>> = event.get("resources").items().filter_map(Node::text).collect();
    // Runs and executions have names of their own; what they are runs of stays the same.
    let whom = if objects.is_empty() {
        resources.join(",")
    } else {
        objects.iter().map(|(_, name)| name.as_ref()).collect::<Vec<_>>().join("/")
    };
    let source = event.get("source").text().unwrap_or_default();
    let account = event.get("account").text().unwrap_or_default();
    let region = event.get("region").text().unwrap_or_default();
    let name = known::name(kind);
    let summary = detail.first(&SUMMARIES).map_or_else(
        || Cow::Owned(format!("{kind}{}{}", if whom.is_empty() { "" } else { ": " }, whom)),
        |text| Cow::Owned(first_sentence(&text).into_owned()),
    );
    let mut alert = common(event, Alert::firing(name))
        .status(status)
        .severity_of(known::severity(kind, detail, word.as_deref()), detail.get("severity").text())
        .annotation("summary", Some(summary))
        .changed(event.get("time").text());
    for (path, text) in &objects {
        alert = alert.label(path.rsplit('.').next().unwrap_or(path), Some(text.clone()));
    }
    let objects_of =
        |whom: String| if whom.is_empty() { None } else { Some(format!("{source}/{name}/{account}/{region}/{whom}")) };
    Some(details(alert.fingerprint(objects_of(whom).map(Cow::Owned)), detail).usual_names())
}

/// Where events say in words what happened.
const SUMMARIES: [&str; 10] = [
    "title",
    "Message",
    "message",
    "stoppedReason",
    "statusReason",
    "reason",
    "StatusMessage",
    "description",
    "errorMessage",
    "cause",
];

/// What every event has.
pub fn common(event: Node<'_>, alert: Alert) -> Alert {
    let resources: Vec<Cow<'_, str>> = event.get("resources").items().filter_map(Node::text).collect();
    alert
        .label("event_source", event.get("source").text())
        .label("account", event.get("account").text())
        .label("region", event.get("region").text())
        .annotation("detail_type", event.get("detail-type").text())
        .annotation("resources", Some(resources.join(", ").into()))
        .annotation("event_id", event.get("id").text())
}

/// What an event says besides, for people: at most so many members, because an event of an API call may have hundreds.
pub fn details(mut alert: Alert, detail: Node<'_>) -> Alert {
    for (key, text) in detail.flat(".").into_iter().take(40) {
        alert = alert.annotation(&format!("detail.{key}"), Some(text.into()));
    }
    alert
}
