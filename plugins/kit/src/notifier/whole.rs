//! The whole message as one JSON object, for programs. Its shape only grows; `version` changes if a field ever must not.

use serde_json::{Map, Value, json};

use super::{Action, Alert, Cause, Link, Moment, Notification, Object, Purpose, Sent, Stage, Status};
use crate::text::{Limit, cut};

impl Notification {
    /// The whole message. Equal for every attempt at the same message, so that a receiver can compare repeats.
    ///
    /// It has so many bytes at most: alerts are left out from the end, and counted, until it does; then the text is cut.
    pub fn whole(&self, most: usize) -> Value {
        let (mut alerts, mut bytes) = (self.alerts.len(), self.body_markdown.len());
        loop {
            let body = with(self, alerts, bytes);
            if body.to_string().len() <= most || (alerts, bytes) == (0, 0) {
                return body;
            }
            if alerts > 0 { alerts /= 2 } else { bytes /= 2 }
        }
    }
}

/// The body with so many of the alerts and so many bytes of the text.
fn with(message: &Notification, alerts: usize, bytes: usize) -> Value {
    let left_out = message.alerts.len().saturating_sub(alerts);
    json!({
        "version": 1,
        "delivery_id": message.delivery_id,
        "message_id": message.message_id,
        "incident_id": message.incident_id,
        "occasion": message.occasion.name(),
        "stage": match message.stage {
            Stage::First => "first",
            Stage::Update => "update",
            Stage::End => "end",
        },
        "earlier": message.earlier.iter().map(sent).collect::<Vec<_>>(),
        "title": message.title,
        "summary": message.summary,
        "description": message.description,
        "objects": message.objects.iter().map(affected).collect::<Vec<_>>(),
        "objects_left_out": message.objects_left_out,
        "cause": message.cause.as_ref().map(cause),
        "actions": message.actions.iter().map(action).collect::<Vec<_>>(),
        "severity": message.severity,
        "outcome": message.outcome,
        "language": message.language,
        "body_markdown": cut(&message.body_markdown, Limit::bytes(bytes)),
        // A list, because the order is the host's and objects lose it in many languages.
        "facts": message.facts.iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect::<Vec<_>>(),
        "links": message.links.iter().map(link).collect::<Vec<_>>(),
        "alerts": message.alerts.iter().take(alerts).map(alert).collect::<Vec<_>>(),
        "alerts_left_out": usize::try_from(message.alerts_left_out).unwrap_or(usize::MAX).saturating_add(left_out),
        "extra": object(&message.extra),
    })
}

fn sent(sent: &Sent) -> Value {
    json!({"message_id": sent.message_id, "occasion": sent.occasion.name()})
}

fn affected(object: &Object) -> Value {
    json!({"kind": object.kind, "namespace": object.namespace, "name": object.name})
}

fn cause(cause: &Cause) -> Value {
    json!({"text": cause.text, "confirmed": cause.confirmed, "confidence_percent": cause.confidence_percent})
}

fn action(action: &Action) -> Value {
    let arguments = action.arguments.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    json!({
        "id": action.id,
        "tool": action.tool,
        "target": action.target,
        "arguments": arguments,
        "risk": action.risk,
        "state": action.state,
        "state_text": action.state_text,
        "proposed_by": action.proposed_by,
        "reason": action.reason,
        "evidence": action.evidence,
        "undo": action.undo,
        "approvers": action.approvers,
        "expires_ms": action.expires_ms,
        "answers": action.answers,
        "result": action.result,
        "digest": action.digest,
    })
}

fn link(link: &Link) -> Value {
    json!({
        "purpose": match link.purpose {
            Purpose::Approve => "approve",
            Purpose::Deny => "deny",
            Purpose::Incident => "incident",
            Purpose::Runbook => "runbook",
            Purpose::Source => "source",
        },
        "title": link.title,
        "url": link.url,
        "from_alert": link.from_alert,
    })
}

fn alert(alert: &Alert) -> Value {
    json!({
        "name": alert.name,
        "status": match alert.status {
            Status::Firing => "firing",
            Status::Resolved => "resolved",
        },
        "severity": alert.severity,
        "labels": object(&alert.labels),
        "annotations": object(&alert.annotations),
        "starts_at": alert.starts_at.as_ref().map(moment),
        "ends_at": alert.ends_at.as_ref().map(moment),
        "fingerprint": alert.fingerprint,
        "link": alert.link,
    })
}

fn moment(moment: &Moment) -> Value {
    match moment {
        Moment::Millis(millis) => json!(millis),
        Moment::Text(text) => json!(text),
    }
}

fn object(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(k, v)| (k.clone(), json!(v))).collect::<Map<_, _>>())
}
