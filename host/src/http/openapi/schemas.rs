//! What requests hold and what comes back, as JSON Schema.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::describe::with;
use crate::backend::alerts::AlertView;
use crate::backend::deliveries::DeliveryView;
use crate::backend::silences::SilenceView;
use crate::backend::{Breaker, PluginView, ScheduleView};
use crate::domain::incident::IncidentView;
use crate::report::Line;

pub fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

pub fn role() -> Value {
    json!({"type": "string", "description": "the name of a role, or none"})
}

pub fn meant() -> Value {
    json!({"type": "boolean", "description": "it is meant, also where nobody is left who may say who there is"})
}

pub fn last_admin() -> Value {
    members(json!({"last_admin": meant()}))
}

pub fn anything(_: &mut SchemaGenerator) -> Value {
    json!({"type": "object"})
}

pub fn one<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// A list under its name, and the cursor of the next page.
pub fn list<T: JsonSchema>(generator: &mut SchemaGenerator, name: &str) -> Value {
    let items = one::<T>(generator);
    json!({
        "type": "object", "required": [name],
        "properties": {name: {"type": "array", "items": items}, "next": {"type": ["string", "null"]}},
    })
}

pub fn under<T: JsonSchema>(generator: &mut SchemaGenerator, name: &str) -> Value {
    json!({"type": "object", "required": [name], "properties": {name: one::<T>(generator)}})
}

pub fn incidents(generator: &mut SchemaGenerator) -> Value {
    list::<IncidentView>(generator, "incidents")
}

pub fn silences(generator: &mut SchemaGenerator) -> Value {
    list::<SilenceView>(generator, "silences")
}

pub fn silence(generator: &mut SchemaGenerator) -> Value {
    under::<SilenceView>(generator, "silence")
}

/// The silence that was made, or what one would cover.
pub fn made(generator: &mut SchemaGenerator) -> Value {
    let preview = one::<crate::domain::silence::Preview>(generator);
    json!({"type": "object", "properties": {"silence": one::<SilenceView>(generator), "preview": preview}})
}

pub fn timeline(generator: &mut SchemaGenerator) -> Value {
    let line = one::<Line>(generator);
    json!({
        "type": "object", "required": ["incident", "timeline"],
        "properties": {
            "incident": {"type": "string"}, "timeline": {"type": "array", "items": line},
            "now": {"type": ["string", "null"], "description": "what it waits for and until when, in English"},
        },
    })
}

pub fn alerts(generator: &mut SchemaGenerator) -> Value {
    let list = list::<AlertView>(generator, "alerts");
    let Value::Object(mut list) = list else { return list };
    if let Some(properties) = list.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("count".into(), json!({"type": "integer", "minimum": 0}));
    }
    Value::Object(list)
}

/// What Alertmanager's own description says, see `/api/v2/openapi.yaml` of its repository.
pub fn array(_: &mut SchemaGenerator) -> Value {
    json!({"type": "array", "items": {"type": "object"}})
}

pub fn deliveries(generator: &mut SchemaGenerator) -> Value {
    list::<DeliveryView>(generator, "deliveries")
}

pub fn breakers(generator: &mut SchemaGenerator) -> Value {
    list::<Breaker>(generator, "breakers")
}

pub fn plugins(generator: &mut SchemaGenerator) -> Value {
    list::<PluginView>(generator, "plugins")
}

pub fn schedules(generator: &mut SchemaGenerator) -> Value {
    list::<ScheduleView>(generator, "schedules")
}

pub fn text() -> Value {
    json!({"type": "string"})
}

pub fn members(properties: Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

pub fn answer() -> Value {
    members(json!({
        "person": text(), "digest": text(), "comment": text(), "via": {"type": "string", "enum": ["cli", "http"]},
    }))
}

pub fn order() -> Value {
    members(json!({"person": text(), "reason": text(), "scope": text()}))
}

pub fn why() -> Value {
    members(json!({"person": text(), "reason": text()}))
}

pub fn comment() -> Value {
    members(json!({"person": text(), "comment": text()}))
}

/// A comment without which nothing is done.
pub fn reason() -> Value {
    with(comment(), "required", json!(["comment"]))
}

pub fn reset() -> Value {
    with(members(json!({"person": text(), "reason": text(), "key": text()})), "required", json!(["key"]))
}

pub fn retry() -> Value {
    members(json!({
        "person": text(), "reason": text(), "id": text(), "target": text(), "all": {"type": "boolean"},
    }))
}

pub fn trial() -> Value {
    let severity = json!({"type": "string", "enum": ["info", "warning", "error", "critical"]});
    members(json!({"person": text(), "severity": severity}))
}

pub fn question() -> Value {
    with(
        members(json!({"text": text(), "conversation": text(), "incident": text(), "person": text()})),
        "required",
        json!(["text"]),
    )
}

pub fn silence_properties() -> Value {
    let matcher = json!({
        "type": "object", "required": ["name", "value"], "additionalProperties": false,
        "properties": {
            "name": text(), "value": text(), "isRegex": {"type": "boolean"}, "isEqual": {"type": "boolean"},
        },
    });
    json!({
        "matchers": {"type": "array", "items": {"anyOf": [text(), matcher]}},
        "from": {"type": "string", "format": "date-time"}, "until": {"type": "string", "format": "date-time"},
        "for": {"type": "string", "description": "such as 2h or 1h30m"}, "person": text(),
        "comment": {"type": "string", "description": "why; a new silence needs one, and a preview does not"},
        "broad": {"type": "boolean"}, "preview": {"type": "boolean"},
    })
}

pub fn new_silence() -> Value {
    with(members(silence_properties()), "required", json!(["matchers"]))
}

pub fn silence_words() -> Value {
    members(silence_properties())
}

pub fn payload() -> Value {
    json!({})
}

/// One message of JSON-RPC.
pub fn message() -> Value {
    json!({
        "type": "object", "required": ["jsonrpc", "method"],
        "properties": {"jsonrpc": {"const": "2.0"}, "method": text(), "id": {}, "params": {"type": "object"}},
    })
}
