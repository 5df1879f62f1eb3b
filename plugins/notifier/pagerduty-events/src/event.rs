//! The event.

use serde_json::{Map, Value, json};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{Notification, Object, Purpose};
use tidegate_plugin::text::{Limit, cut};

const KEY: Limit = Limit::characters(255);
const SUMMARY: Limit = Limit::characters(1024);
const FIELD: Limit = Limit::characters(255);
/// An event has 512 KB at most; these keep it far below.
const TEXT: Limit = Limit::bytes(32_768);
const DETAIL: Limit = Limit::bytes(4096);

/// What an event does to the alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Trigger,
    Acknowledge,
    Resolve,
}

/// The event, with an empty `routing_key` to be filled in.
pub(crate) fn event(message: &Notification, verb: Verb) -> Value {
    let mut event = json!({
        "routing_key": "",
        "event_action": match verb {
            Verb::Trigger => "trigger",
            Verb::Acknowledge => "acknowledge",
            Verb::Resolve => "resolve",
        },
        "dedup_key": cut(message.incident_key(), KEY),
    });
    if let (Verb::Trigger, Some(members)) = (verb, event.as_object_mut()) {
        let buttons = message.buttons();
        members.insert("client".into(), json!("tidegate"));
        if let Some(incident) = buttons.iter().find(|button| button.purpose == Purpose::Incident) {
            members.insert("client_url".into(), json!(incident.link.url));
        }
        let link = |button: &tidegate_plugin::notifier::Button| json!({"href": button.link.url, "text": format!("{} ({})", button.title, button.link.host)});
        members.insert("links".into(), buttons.iter().map(link).collect());
        members.insert("payload".into(), payload(message));
    }
    event
}

fn payload(message: &Notification) -> Value {
    let worst = message.objects.first();
    let mut payload = json!({
        "summary": cut(&message.title_line(), SUMMARY),
        // What is affected, as PagerDuty means it.
        "source": cut(&worst.map_or_else(|| "tidegate".to_string(), Object::words), FIELD),
        "severity": match message.severity.as_str() {
            "critical" => "critical",
            "error" => "error",
            "info" => "info",
            _ => "warning",
        },
        "custom_details": details(message),
    });
    let group = worst.map(|object| object.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let class = message.alerts.first().map(|alert| alert.name.as_str());
    for (name, value) in [("group", group), ("class", class)] {
        if let (Some(value), Some(members)) = (value, payload.as_object_mut()) {
            members.insert(name.into(), json!(cut(value, FIELD)));
        }
    }
    payload
}

/// Short lines first, because PagerDuty shows them in a table; the whole text last.
fn details(message: &Notification) -> Value {
    let mut details = Map::new();
    let mut put = |name: &str, value: &str, limit: Limit| {
        if !value.is_empty() {
            details.insert(name.to_string(), json!(cut(value, limit)));
        }
    };
    put("summary", &message.summary, DETAIL);
    put("description", &message.description, DETAIL);
    put("objects", &message.objects_line(10), DETAIL);
    for action in &message.actions {
        put(&action.id, &format!("{} {}: {}", action.tool, action.target, action.state_text), DETAIL);
    }
    for (name, value) in &message.facts {
        put(cut(name, FIELD).as_ref(), value, DETAIL);
    }
    put("text", &Markup::PLAIN.write_within(&message.whole_text_beside_buttons(), TEXT), TEXT);
    Value::Object(details)
}
