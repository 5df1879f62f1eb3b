//! Source for Azure Event Grid, in its own schema and in that of CloudEvents.
//!
//! Before Event Grid sends events it asks whether it may: by an event with a code that has to come back, or, with the
//! schema of CloudEvents, by `OPTIONS`.

use serde_json::json;
use tidegate_plugin::json::Value;
use tidegate_plugin::source::cloudevents::{attribute, events, permission, within};
use tidegate_plugin::source::event::{Event, Types};
use tidegate_plugin::source::{Alert, CallError, Decoded, Inbound, Node, misconfigured, parse};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let types = Types::read(settings).map_err(misconfigured)?;
    if let Some(reply) = permission(request) {
        return Ok(Decoded { reply: Some(reply), ..Decoded::nothing() });
    }
    body(request, &types).map_err(CallError::InvalidInput)
}

fn body(request: &Inbound, types: &Types) -> Result<Decoded, String> {
    let value = parse(&request.body)?;
    let list = match value {
        Value::Array(list) => list,
        one => vec![one],
    };
    let own = list.iter().any(|event| event.get("eventType").is_some());
    // The other schema has data in base64, and attributes in headers, which its reader knows.
    let list = if own || list.is_empty() {
        list
    } else {
        events(request)
            .map_err(|_| "body: expected events of Event Grid (with `eventType`) or CloudEvents, found neither")?
    };
    let mut decoded = Decoded::nothing();
    for (i, event) in list.iter().enumerate() {
        let read = if is_validation(event) {
            validation(event).map(Read::Asked)
        } else {
            event_of(event, types).map(Read::Told)
        };
        match read {
            Ok(Read::Asked(code)) => {
                decoded = decoded.answered("application/json", json!({ "validationResponse": code }).to_string());
            }
            Ok(Read::Told(alert)) => decoded.alerts.extend(alert.map(|alert| *alert)),
            Err(reason) if list.len() == 1 => return Err(reason),
            Err(reason) => decoded.leave_out("", within(i, &reason)),
        }
    }
    Ok(decoded)
}

enum Read {
    Asked(String),
    Told(Option<Box<Alert>>),
}

fn kind<'a>(event: &'a Value<'a>) -> Node<'a> {
    let root = Node::root(event);
    if root.get("eventType").exists() { root.get("eventType") } else { root.get("type") }
}

fn is_validation(event: &Value<'_>) -> bool {
    kind(event).text().is_some_and(|kind| kind.eq_ignore_ascii_case("Microsoft.EventGrid.SubscriptionValidationEvent"))
}

fn validation(event: &Value<'_>) -> Result<String, String> {
    Ok(Node::root(event).path("data.validationCode").need_text()?.into_owned())
}

fn event_of(event: &Value<'_>, types: &Types) -> Result<Option<Box<Alert>>, String> {
    let root = Node::root(event).need_object()?;
    let kind = kind(event).text().ok_or_else(|| root.get("eventType").expected("the type of the event"))?;
    if kind.trim().eq_ignore_ascii_case("Microsoft.EventGrid.SubscriptionDeletedEvent") {
        return Ok(None);
    }
    let text = |name| attribute(event, name);
    let (source, subject) = (text("topic").or_else(|| text("source")), text("subject"));
    let time = text("eventTime").or_else(|| text("time"));
    let native = Event {
        kind: kind.trim(),
        source: source.as_deref(),
        subject: subject.as_deref(),
        time: time.as_deref(),
        data: root.get("data"),
        severity: None,
    };
    Ok(native.alert(types).map(|alert| Box::new(alert.annotation("event_id", text("id")))))
}
