//! The alert and the notes on it.

use serde_json::{Map, Value, json};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{Notification, Object};
use tidegate_plugin::text::{Limit, cut, one_line};

use crate::Settings;

const ALIAS: Limit = Limit::characters(250);
const MESSAGE: Limit = Limit::utf16(130);
const TEXT: Limit = Limit::utf16(15_000);
const ENTITY: Limit = Limit::utf16(512);
/// All details have 8,000 characters together.
const DETAIL: Limit = Limit::utf16(400);
const DETAILS: usize = 16;

/// What the alert is known by.
pub(crate) fn alias(message: &Notification) -> String {
    cut(message.incident_key(), ALIAS).into_owned()
}

pub(crate) fn alert(message: &Notification, settings: &Settings) -> Value {
    let mut details: Map<String, Value> =
        message.facts.iter().take(DETAILS).map(|(name, value)| (one_line(name), json!(cut(value, DETAIL)))).collect();
    details.remove("");
    let entity = message.objects.first().map(Object::words).unwrap_or_default();
    let responders: Vec<Value> = settings.teams.iter().map(|name| json!({"type": "team", "name": name})).collect();
    json!({
        "message": cut(&message.title_line(), MESSAGE),
        "alias": alias(message),
        "description": text(message),
        "responders": responders,
        "tags": settings.tags,
        "details": details,
        "entity": cut(&entity, ENTITY),
        "source": "tidegate",
        "priority": match message.severity.as_str() {
            "critical" => "P1",
            "error" => "P2",
            "info" => "P5",
            _ => "P3",
        },
    })
}

/// What is written on an alert that is open already.
pub(crate) fn note(message: &Notification) -> String {
    cut(&format!("{}\n\n{}", message.title_line(), text(message)), TEXT).into_owned()
}

/// The links stand first, so that a text that is cut does not take them with it.
fn text(message: &Notification) -> String {
    let links = message.links_line(&Markup::PLAIN);
    let text = Markup::PLAIN.write(&message.whole_text_beside_buttons());
    cut(format!("{links}\n\n{text}").trim(), TEXT).into_owned()
}
