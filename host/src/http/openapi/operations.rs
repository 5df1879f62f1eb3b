//! One row an operation.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::describe::with;
use crate::backend::deliveries::DeliveryView;
use crate::backend::handling::Heard;
use crate::backend::silences::SilenceView;
use crate::backend::{Breaker, PluginView, Reloaded, ScheduleView};
use crate::domain::incident::IncidentView;
use crate::report::Line;

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Get,
    Post,
}

impl Way {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }
}

/// What comes back.
#[derive(Clone, Copy)]
pub enum Answer {
    /// JSON of a schema.
    Json(fn(&mut SchemaGenerator) -> Value),
    Markdown,
    /// Server-sent events.
    Events,
}

/// One operation.
pub struct Operation {
    pub way: Way,
    pub path: &'static str,
    /// Its name in clients that are generated.
    pub id: &'static str,
    pub summary: &'static str,
    /// Parameters: `text`, `number`, `time` or `required`, which is a text.
    pub query: &'static [(&'static str, &'static str)],
    pub body: Option<fn() -> Value>,
    pub optional_body: bool,
    pub answer: Answer,
}

impl Operation {
    const fn new(way: Way, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self { way, path, id, summary, query: &[], body: None, optional_body: false, answer: Answer::Json(anything) }
    }

    const fn get(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Way::Get, path, id, summary)
    }

    const fn post(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Way::Post, path, id, summary)
    }

    const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    const fn body(self, body: fn() -> Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// A body that holds who speaks, where that is not proven, and why.
    const fn word(self, body: fn() -> Value) -> Self {
        Self { body: Some(body), optional_body: true, ..self }
    }

    const fn answers(self, schema: fn(&mut SchemaGenerator) -> Value) -> Self {
        Self { answer: Answer::Json(schema), ..self }
    }

    const fn gives(self, answer: Answer) -> Self {
        Self { answer, ..self }
    }
}

fn anything(_: &mut SchemaGenerator) -> Value {
    json!({"type": "object"})
}

fn one<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// A list under its name, and the cursor of the next page.
fn list<T: JsonSchema>(generator: &mut SchemaGenerator, name: &str) -> Value {
    let items = one::<T>(generator);
    json!({
        "type": "object", "required": [name],
        "properties": {name: {"type": "array", "items": items}, "next": {"type": ["string", "null"]}},
    })
}

fn under<T: JsonSchema>(generator: &mut SchemaGenerator, name: &str) -> Value {
    json!({"type": "object", "required": [name], "properties": {name: one::<T>(generator)}})
}

fn incidents(generator: &mut SchemaGenerator) -> Value {
    list::<IncidentView>(generator, "incidents")
}

fn silences(generator: &mut SchemaGenerator) -> Value {
    list::<SilenceView>(generator, "silences")
}

fn silence(generator: &mut SchemaGenerator) -> Value {
    under::<SilenceView>(generator, "silence")
}

/// The silence that was made, or what one would cover.
fn made(generator: &mut SchemaGenerator) -> Value {
    let preview = one::<crate::domain::silence::Preview>(generator);
    json!({"type": "object", "properties": {"silence": one::<SilenceView>(generator), "preview": preview}})
}

fn timeline(generator: &mut SchemaGenerator) -> Value {
    let line = one::<Line>(generator);
    json!({
        "type": "object", "required": ["incident", "timeline"],
        "properties": {"incident": {"type": "string"}, "timeline": {"type": "array", "items": line}},
    })
}

fn deliveries(generator: &mut SchemaGenerator) -> Value {
    list::<DeliveryView>(generator, "deliveries")
}

fn breakers(generator: &mut SchemaGenerator) -> Value {
    list::<Breaker>(generator, "breakers")
}

fn plugins(generator: &mut SchemaGenerator) -> Value {
    list::<PluginView>(generator, "plugins")
}

fn schedules(generator: &mut SchemaGenerator) -> Value {
    list::<ScheduleView>(generator, "schedules")
}

fn text() -> Value {
    json!({"type": "string"})
}

fn members(properties: Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn answer() -> Value {
    members(json!({
        "person": text(), "digest": text(), "comment": text(), "via": {"type": "string", "enum": ["cli", "http"]},
    }))
}

fn order() -> Value {
    members(json!({"person": text(), "reason": text(), "scope": text()}))
}

fn why() -> Value {
    members(json!({"person": text(), "reason": text()}))
}

fn comment() -> Value {
    members(json!({"person": text(), "comment": text()}))
}

fn reset() -> Value {
    with(members(json!({"person": text(), "reason": text(), "key": text()})), "required", json!(["key"]))
}

fn retry() -> Value {
    members(json!({
        "person": text(), "reason": text(), "id": text(), "target": text(), "all": {"type": "boolean"},
    }))
}

fn question() -> Value {
    with(
        members(json!({"text": text(), "conversation": text(), "incident": text(), "person": text()})),
        "required",
        json!(["text"]),
    )
}

fn silence_properties() -> Value {
    let matcher = json!({
        "type": "object", "required": ["name", "value"], "additionalProperties": false,
        "properties": {
            "name": text(), "value": text(), "isRegex": {"type": "boolean"}, "isEqual": {"type": "boolean"},
        },
    });
    json!({
        "matchers": {"type": "array", "items": {"anyOf": [text(), matcher]}},
        "from": {"type": "string", "format": "date-time"}, "until": {"type": "string", "format": "date-time"},
        "for": {"type": "string", "description": "such as 2h or 1h30m"}, "person": text(), "comment": text(),
        "broad": {"type": "boolean"}, "preview": {"type": "boolean"},
    })
}

fn new_silence() -> Value {
    with(members(silence_properties()), "required", json!(["matchers"]))
}

fn silence_words() -> Value {
    members(silence_properties())
}

fn payload() -> Value {
    json!({})
}

const PAGE: (&str, &str) = ("cursor", "text");
const LIMIT: (&str, &str) = ("limit", "number");

/// Every operation.
pub const OPERATIONS: &[Operation] = &[
    Operation::get("/v1/openapi.json", "getApi", "This document"),
    Operation::post("/v1/alerts/{source}", "sendAlerts", "Alerts in the form of a source, such as alertmanager")
        .body(payload),
    Operation::get("/v1/incidents", "listIncidents", "Incidents, the newest first")
        .query(&[
            ("state", "text"),
            ("outcome", "text"),
            ("severity", "text"),
            ("source", "text"),
            ("rule", "text"),
            ("since", "time"),
            ("match", "text"),
            ("before", "text"),
            PAGE,
            LIMIT,
        ])
        .answers(incidents),
    Operation::get("/v1/incidents/watch", "watchIncidents", "An event for each incident to which something happens")
        .gives(Answer::Events),
    Operation::get("/v1/incidents/{id}", "getIncident", "One incident").answers(one::<IncidentView>),
    Operation::get("/v1/incidents/{id}/report", "getReport", "Its report").gives(Answer::Markdown),
    Operation::get("/v1/incidents/{id}/timeline", "getTimeline", "What happened to it").answers(timeline),
    Operation::get("/v1/incidents/{id}/evidence", "listEvidence", "What was looked at for it"),
    Operation::get("/v1/incidents/{id}/evidence/{number}", "getEvidence", "One answer as it is in the journal"),
    Operation::get("/v1/incidents/{id}/similar", "getSimilar", "What is known from before about it"),
    Operation::post(
        "/v1/incidents/{id}/actions/{action}/approve",
        "approveAction",
        "Yes to an action that waits for a person",
    )
    .word(answer)
    .answers(one::<IncidentView>),
    Operation::post(
        "/v1/incidents/{id}/actions/{action}/deny",
        "denyAction",
        "No to an action that waits for a person",
    )
    .word(answer)
    .answers(one::<IncidentView>),
    Operation::post("/v1/incidents/{id}/acknowledge", "acknowledgeIncident", "Somebody is on it")
        .word(comment)
        .answers(one::<Heard>),
    Operation::post("/v1/incidents/{id}/comment", "commentIncident", "A word about it")
        .word(comment)
        .answers(one::<Heard>),
    Operation::post("/v1/incidents/{id}/close", "closeIncident", "It is over").word(comment).answers(one::<Heard>),
    Operation::post("/v1/incidents/{id}/rerun", "rerunIncident", "What fires is decided anew")
        .word(comment)
        .answers(one::<Heard>),
    Operation::get("/v1/search", "search", "Runbooks and closed incidents").query(&[("q", "required"), LIMIT]),
    Operation::get("/v1/schedules", "listSchedules", "What is done by the clock").answers(schedules),
    Operation::post("/v1/schedules/{name}/run", "runSchedule", "Do it now").word(why),
    Operation::get("/v1/inspections", "listInspections", "Inspections and what they found"),
    Operation::post("/v1/inspections/{name}/run", "runInspection", "Look at the whole cluster now").word(why),
    Operation::get("/v1/chat", "listConversations", "Conversations, the newest first").query(&[
        ("before", "text"),
        PAGE,
        LIMIT,
    ]),
    Operation::post("/v1/chat", "ask", "Ask the model").body(question).gives(Answer::Events),
    Operation::get("/v1/chat/{id}", "getConversation", "One conversation").query(&[("person", "text")]),
    Operation::get("/v1/silences", "listSilences", "Silences")
        .query(&[("state", "text"), PAGE, LIMIT])
        .answers(silences),
    Operation::post("/v1/silences", "makeSilence", "Make a silence, or see what it would cover")
        .body(new_silence)
        .answers(made),
    Operation::get("/v1/silences/{id}", "getSilence", "One silence").answers(silence),
    Operation::post("/v1/silences/{id}/expire", "expireSilence", "End a silence").word(silence_words).answers(silence),
    Operation::post("/v1/silences/{id}/extend", "extendSilence", "Let a silence end at another time")
        .body(silence_words)
        .answers(silence),
    Operation::post("/v1/pause", "pause", "Execute nothing").word(order),
    Operation::post("/v1/resume", "resume", "Go on executing").word(order),
    Operation::get("/v1/deliveries", "listDeliveries", "Messages that were not delivered")
        .query(&[("state", "text"), ("target", "text"), PAGE, LIMIT])
        .answers(deliveries),
    Operation::post("/v1/deliveries/retry", "retryDeliveries", "Send messages anew").body(retry),
    Operation::get("/v1/audit", "listAudit", "Who did what, and who tried, the latest first").query(&[
        ("person", "text"),
        ("outcome", "text"),
        ("since", "time"),
        ("until", "time"),
        ("before", "number"),
        LIMIT,
    ]),
    Operation::get("/v1/people", "listPeople", "Who there is, and what they may do"),
    Operation::post("/v1/people/{name}/sign-out", "signOutPerson", "End all sessions of somebody"),
    Operation::get("/v1/plugins", "listPlugins", "Plugins and how they are").answers(plugins),
    Operation::post("/v1/plugins/{name}/reload", "reloadPlugin", "Read a plugin anew")
        .word(why)
        .answers(one::<Reloaded>),
    Operation::get("/v1/breakers", "listBreakers", "What was stopped because it does not help").answers(breakers),
    Operation::post("/v1/breakers/reset", "resetBreaker", "Let it go on").body(reset),
];
