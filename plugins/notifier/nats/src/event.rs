//! What is published: CloudEvents in one JSON object, the members in the order of ops, `data` before what is no attribute.

use serde::Serialize;
use serde_json::{Value, json};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{Notification, rfc3339};
use tidegate_plugin::text::Limit;

use crate::subject::{behind, cluster};

/// Bytes of the event beside its data.
const BESIDE: usize = 4_096;
/// Bytes of the text of a notification.
const TEXT: usize = 16_000;

#[derive(Serialize)]
struct Event<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: String,
    subject: &'a str,
    datacontenttype: &'a str,
    time: String,
    data: Value,
    cluster: &'a str,
}

fn written(message: &Notification, source: &str, kind: String, subject: &str, data: Value) -> String {
    let event = Event {
        specversion: "1.0",
        id: &message.delivery_id,
        source,
        kind,
        subject,
        datacontenttype: "application/json",
        time: rfc3339(message.now_ms),
        data,
        cluster: cluster(message),
    };
    serde_json::to_string(&event).unwrap_or_default()
}

/// An event with the whole message.
pub(crate) fn whole(message: &Notification, source: &str, subject: &str, most: usize) -> String {
    let kind = format!("tidegate.message.{}", message.occasion.name());
    written(message, source, kind, subject, message.whole(most.saturating_sub(BESIDE)))
}

/// The notification that ops knows.
pub(crate) fn of_ops(message: &Notification, source: &str, subject: &str, most: usize) -> String {
    let text = Limit::bytes(TEXT.min(most.saturating_sub(BESIDE) / 2));
    let data = json!({
        "channel": behind(subject, "channels").unwrap_or("incidents"),
        "message": message.post(&Markup::PLAIN, &message.title_line(), text),
        "provider": behind(subject, "providers").unwrap_or("tidegate"),
        "severity": message.severity,
        "title": message.title_line(),
    });
    written(message, source, "Default".into(), subject, data)
}
