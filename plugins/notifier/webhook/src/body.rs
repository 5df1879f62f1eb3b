//! The documented JSON body. Its shape only grows; `version` changes if a field ever must not.

use serde_json::{Map, Value, json};

use crate::bindings::exports::tidegate::plugin::notifier::{Notification, Occasion};
use crate::bindings::tidegate::plugin::types::{Alert, Moment, Status};

/// The body of one message. Equal for every attempt at the same message, so that a receiver can
/// compare repeats; the time of the attempt is in a header.
pub(crate) fn text(message: &Notification) -> String {
    let body = json!({
        "version": 1,
        "delivery_id": message.delivery_id,
        "incident_id": message.incident_id,
        "occasion": match message.occasion {
            Occasion::Approval => "approval",
            Occasion::Report => "report",
            Occasion::Resolved => "resolved",
        },
        "title": message.title,
        "severity": message.severity,
        "outcome": message.outcome,
        "language": message.language,
        "body_markdown": message.body_markdown,
        // A list, because the order is the host's and objects lose it in many languages.
        "facts": message.facts.iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect::<Vec<_>>(),
        "alerts": message.alerts.iter().map(alert).collect::<Vec<_>>(),
        "extra": object(&message.extra),
    });
    without_placeholders(&body.to_string())
}

/// The host replaces `{{secret:name}}` in a body. Text of an alert must not be able to ask for
/// that, so no two braces stand side by side: to a JSON reader the escape is the same text.
fn without_placeholders(json: &str) -> String {
    json.replace("{{", "{\\u007b")
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
}
