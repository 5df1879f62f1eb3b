//! One row an operation.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::schemas::{
    alerts, answer, anything, array, breakers, comment, deliveries, incidents, last_admin, made, meant, message,
    new_silence, one, order, payload, plugins, question, reason, reset, retry, role, schedules, silence, silence_words,
    silences, texts, timeline, trial, why,
};
use crate::backend::Reloaded;
use crate::backend::handling::HandlingResult;
use crate::backend::trials::Tried;
use crate::domain::incident::IncidentView;

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Get,
    Post,
    Delete,
}

impl Way {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Delete => "delete",
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
    /// Parameters: `text`, `number`, `flag`, `time` or `required`, which is a text.
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

/// What Alertmanager's lists of alerts are narrowed by.
const FILTERS: [(&str, &str); 5] =
    [("filter", "text"), ("receiver", "text"), ("active", "flag"), ("silenced", "flag"), ("inhibited", "flag")];
/// What lists of events are narrowed by.
const EVENTS: [(&str, &str); 4] =
    [("search", "text"), ("start_time", "number"), ("page", "number"), ("page_size", "number")];
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
    Operation::get("/v1/incidents/{id}/timeline", "getTimeline", "What happened to it")
        .query(&[("detail", "text")])
        .answers(timeline),
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
        .answers(one::<HandlingResult>),
    Operation::post("/v1/incidents/{id}/comment", "commentIncident", "A word about it")
        .body(reason)
        .answers(one::<HandlingResult>),
    Operation::post("/v1/incidents/{id}/close", "closeIncident", "It is over").body(reason).answers(one::<HandlingResult>),
    Operation::post("/v1/incidents/{id}/rerun", "rerunIncident", "What fires is decided anew")
        .word(comment)
        .answers(one::<HandlingResult>),
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
    Operation::get("/v1/alerts", "listAlerts", "What fires now, by incident")
        .query(&[("match", "text"), ("severity", "text"), ("silenced", "flag"), PAGE, LIMIT])
        .answers(alerts),
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
    Operation::post("/v1/targets/{name}/test", "testTarget", "Send a real message that says it is a test")
        .word(trial)
        .answers(one::<Tried>),
    Operation::get("/v1/audit", "listAudit", "Who did what, and who tried, the latest first").query(&[
        ("person", "text"),
        ("outcome", "text"),
        ("since", "time"),
        ("until", "time"),
        ("before", "number"),
        LIMIT,
    ]),
    Operation::get("/v1/people", "listPeople", "Who there is, and what they may do"),
    Operation::post("/v1/people", "makePerson", "Make an account").body(|| {
        json!({"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"}, "password": {"type": "string"}, "role": role(), "groups": texts(), "places": texts(),
        }})
    }),
    Operation::get("/v1/people/{name}", "getPerson", "One of them, by name or, whom others name, by id"),
    Operation::post("/v1/people/{name}", "changePerson", "Say what somebody may do, or that nobody comes in as them").body(|| {
        json!({"type": "object", "properties": {
            "role": role(), "groups": texts(), "places": texts(), "disabled": {"type": "boolean"},
            "last_admin": meant(),
        }})
    }),
    Operation::post("/v1/people/{name}/sign-out", "signOutPerson", "End all sessions of somebody"),
    Operation::post("/v1/people/{name}/tokens/{id}/revoke", "revokePersonToken", "End a token of somebody").word(last_admin),
    Operation::get("/v1/me", "getMe", "Who one is, what one may do and why, and one's own tokens"),
    Operation::post("/v1/me/sign-out", "signOutMe", "End all of one's own sessions"),
    Operation::post("/v1/me/tokens", "makeMyToken", "Make a token; what proves it is in the answer and nowhere else").word(|| {
        json!({"type": "object", "properties": {
            "scopes": texts(), "expires": {"type": "string", "description": "a length of time such as 30d; 90d, or as long as the token that is shown"}, "label": {"type": "string"},
        }})
    }),
    Operation::post("/v1/me/tokens/{id}/revoke", "revokeMyToken", "End a token of one's own").word(last_admin),
    Operation::get("/v1/plugins", "listPlugins", "Plugins and how they are").answers(plugins),
    Operation::post("/v1/plugins/{name}/reload", "reloadPlugin", "Read a plugin anew")
        .word(why)
        .answers(one::<Reloaded>),
    Operation::get("/v1/breakers", "listBreakers", "What was stopped because it does not help").answers(breakers),
    Operation::post("/v1/breakers/reset", "resetBreaker", "Let it go on").body(reset),
    Operation::post("/mcp", "speakMcp", "A message of the Model Context Protocol, over streamable HTTP").body(message),
    Operation::post("/api/v1/namespaces/{namespace}/events/{subject}", "sendEvent", "An event, as ops-server takes it")
        .body(payload),
    Operation::get("/api/v1/events", "listEventSubjects", "Subjects of the latest events").query(&EVENTS),
    Operation::get("/api/v1/events/{subject}", "listEvents", "The latest events of a subject").query(&EVENTS),
    Operation::post("/api/v2/alerts", "pushAlerts", "Alerts, as Prometheus pushes them to an Alertmanager")
        .body(payload),
    Operation::get("/api/v2/alerts", "getAlerts", "What fires, as Alertmanager tells it")
        .query(&FILTERS)
        .answers(array),
    Operation::get("/api/v2/alerts/groups", "getAlertGroups", "The same by incident").query(&FILTERS).answers(array),
    Operation::get("/api/v2/silences", "getSilences", "Silences, as Alertmanager tells them")
        .query(&[("filter", "text")])
        .answers(array),
    Operation::post("/api/v2/silences", "postSilences", "Make or change a silence, as in an Alertmanager")
        .body(payload),
    Operation::get("/api/v2/silence/{id}", "getSilenceOfAlertmanager", "One silence, as Alertmanager tells it"),
    Operation::new(Way::Delete, "/api/v2/silence/{id}", "deleteSilence", "End a silence, as in an Alertmanager"),
    Operation::get("/api/v2/status", "getStatus", "What an Alertmanager says of itself"),
    Operation::get("/api/v2/receivers", "getReceivers", "The one receiver").answers(array),
];
