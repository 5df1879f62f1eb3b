//! Source for CloudEvents over HTTP: structured, binary and in batches.
//!
//! A CloudEvent is a wrapping and says nothing of alerts, so what its type and data say is read by the words that are
//! usual, and by the settings before that. The question whether a sender may send here is answered with yes: whoever
//! may ask has proven what this source demands.

use tidegate_plugin::json::Value;
use tidegate_plugin::source::cloudevents::{attribute, events, permission, within};
use tidegate_plugin::source::event::{Event, Types};
use tidegate_plugin::source::{CallError, Decoded, Inbound, Node, misconfigured};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let types = Types::read(settings).map_err(misconfigured)?;
    if let Some(reply) = permission(request) {
        return Ok(Decoded { reply: Some(reply), ..Decoded::nothing() });
    }
    let events = events(request).map_err(CallError::InvalidInput)?;
    let alone = events.len() == 1;
    let mut decoded = Decoded::nothing();
    for (i, event) in events.iter().enumerate() {
        match read(event, &types) {
            Ok(alert) => decoded.alerts.extend(alert),
            Err(reason) if alone => return Err(CallError::InvalidInput(reason)),
            Err(reason) => decoded.leave_out("", within(i, &reason)),
        }
    }
    Ok(decoded)
}

fn read(event: &Value<'_>, types: &Types) -> Result<Option<tidegate_plugin::source::Alert>, String> {
    let root = Node::root(event);
    let kind = root.need_object()?.get("type").need_text()?;
    let text = |name| attribute(event, name);
    let (source, subject, time, severity) = (text("source"), text("subject"), text("time"), text("severity"));
    let native = Event {
        kind: kind.trim(),
        source: source.as_deref(),
        subject: subject.as_deref(),
        time: time.as_deref(),
        data: root.get("data"),
        severity: severity.as_deref(),
    };
    let Some(mut alert) = native.alert(types) else { return Ok(None) };
    alert = alert.annotation("event_id", text("id")).annotation("data", text("data_base64"));
    for (key, value) in root.texts() {
        // What the sender added to the attributes.
        if !KNOWN.contains(&key.as_str()) {
            alert = alert.annotation(&format!("attribute.{key}"), Some(value.into()));
        }
    }
    Ok(Some(alert))
}

const KNOWN: [&str; 11] = [
    "specversion",
    "cloudEventsVersion",
    "type",
    "source",
    "subject",
    "id",
    "time",
    "datacontenttype",
    "dataschema",
    "data",
    "data_base64",
];
