//! The documented JSON body. Its shape only grows; `version` changes if a field ever must not.

use serde_json::{Map, Value, json};

use crate::bindings::exports::tidegate::plugin::notifier::{
    Action, Cause, Link, Notification, Object, Occasion, Purpose, Sent, Stage,
};
use crate::bindings::tidegate::plugin::types::{Alert, Moment, Status};

/// Bytes of a body: the host sends none of more than 1 MiB, and the values of secrets need room.
const BYTES: usize = 1_000_000;

/// The body of one message. Equal for every attempt at the same message, so that a receiver can
/// compare repeats; the time of the attempt is in a header.
///
/// It fits into a request: alerts are left out from the end, and counted, until it does; then the
/// text is cut.
pub(crate) fn text(message: &Notification) -> String {
    let (mut alerts, mut bytes) = (message.alerts.len(), message.body_markdown.len());
    loop {
        let body = with(message, alerts, bytes);
        if body.len() <= BYTES || (alerts, bytes) == (0, 0) {
            return body;
        }
        if alerts > 0 { alerts /= 2 } else { bytes /= 2 }
    }
}

/// The body with so many of the alerts and so many bytes of the text.
fn with(message: &Notification, alerts: usize, bytes: usize) -> String {
    let left_out = message.alerts.len().saturating_sub(alerts);
    let body = json!({
        "version": 1,
        "delivery_id": message.delivery_id,
        "message_id": message.message_id,
        "incident_id": message.incident_id,
        "occasion": occasion(message.occasion),
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
        "body_markdown": cut(&message.body_markdown, bytes),
        // A list, because the order is the host's and objects lose it in many languages.
        "facts": message.facts.iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect::<Vec<_>>(),
        "links": message.links.iter().map(link).collect::<Vec<_>>(),
        "alerts": message.alerts.iter().take(alerts).map(alert).collect::<Vec<_>>(),
        "alerts_left_out": usize::try_from(message.alerts_left_out).unwrap_or(usize::MAX).saturating_add(left_out),
        "extra": object(&message.extra),
    });
    without_placeholders(&body.to_string())
}

/// The host replaces `{{secret:name}}` in a body. Text of an alert must not be able to ask for
/// that, so no two braces stand side by side: to a JSON reader the escape is the same text.
fn without_placeholders(json: &str) -> String {
    json.replace("{{", "{\\u007b")
}

/// The longest start with at most `bytes`, between two characters, and a mark that it is one.
fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_string();
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}

fn occasion(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Approval => "approval",
        Occasion::Report => "report",
        Occasion::Resolved => "resolved",
        Occasion::Answered => "answered",
    }
}

fn sent(sent: &Sent) -> Value {
    json!({"message_id": sent.message_id, "occasion": occasion(sent.occasion)})
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_text_cannot_ask_for_a_secret() {
        let hostile = json!({"a": "{{secret:sign-secret}}", "b": "{{{{", "c": {"d": {}}}).to_string();
        let safe = without_placeholders(&hostile);
        assert!(!safe.contains("{{"), "{safe}");
        let (before, after): (Value, Value) =
            (serde_json::from_str(&hostile).unwrap(), serde_json::from_str(&safe).unwrap());
        assert_eq!(before, after);
    }

    fn message(alerts: usize, value: &str, body: &str) -> Notification {
        let one = Alert {
            name: "a".into(),
            status: Status::Firing,
            severity: None,
            labels: vec![],
            annotations: vec![("log".into(), value.into())],
            starts_at: None,
            ends_at: None,
            fingerprint: None,
            link: None,
            extra: vec![],
        };
        Notification {
            delivery_id: "d".into(),
            message_id: "m".into(),
            incident_id: "i".into(),
            occasion: Occasion::Report,
            stage: Stage::First,
            earlier: vec![],
            title: "t".into(),
            severity: "warning".into(),
            outcome: String::new(),
            summary: "s".into(),
            description: String::new(),
            objects: vec![],
            objects_left_out: 0,
            cause: None,
            actions: vec![],
            body_markdown: body.into(),
            facts: vec![],
            links: vec![Link {
                purpose: Purpose::Source,
                title: "s".into(),
                url: "https://a.example".into(),
                from_alert: true,
            }],
            alerts: vec![one; alerts],
            alerts_left_out: 7,
            language: "en".into(),
            now_ms: 0,
            extra: vec![],
        }
    }

    #[test]
    fn a_body_fits_into_a_request_whatever_the_message_holds() {
        for (alerts, value, body) in [
            (0, "", ""),
            (50, "x", "short"),
            (50, "\u{1}".repeat(30_000).as_str(), "short"),
            (1, "\u{1}".repeat(1_100_000).as_str(), "short"),
            (50, "{{".repeat(8_000).as_str(), "\u{1}".repeat(1_000_000).as_str()),
        ] {
            let text = text(&message(alerts, value, body));
            assert!(text.len() <= BYTES, "{} bytes", text.len());
            let json: Value = serde_json::from_str(&text).unwrap();
            let kept = json["alerts"].as_array().unwrap().len();
            assert_eq!(json["alerts_left_out"], 7 + alerts - kept, "what is left out is counted");
            assert_eq!(json["links"][0]["from_alert"], true);
        }
    }
}
