//! Tools over the host's own record, which conversations are offered besides those of servers: they read, and nothing else.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::conversation::ConversationId;
use crate::domain::incident::IncidentView;
use crate::domain::knowledge::{Found, Knowledge};
use crate::domain::text::cut;
use crate::domain::{Call, Catalogue, Incident, Risk, Tool};
use crate::ports::{ToolAnswer, ToolError};

/// The server that these tools stand under. Tools of a server of this name are not offered in conversations.
pub const SERVER: &str = "tidegate.";
/// One incident: how it stands, what was found, done and said.
pub const INCIDENT: &str = "tidegate.incident";
/// Why an incident was decided, and its actions ruled on, as they were.
pub const EXPLAIN: &str = "tidegate.explain";
const INCIDENTS: &str = "tidegate.incidents";
const SEARCH: &str = "tidegate.search";
const SIMILAR: &str = "tidegate.similar";

/// Most bytes of an answer.
const ANSWER: usize = 16 * 1024;
/// Most incidents of a listing.
const LISTED: u64 = 50;
/// Looks of an incident that are shown, the newest.
const LOOKS: usize = 12;
/// Bytes of each of them.
const LOOK: usize = 600;

/// What a host knows of itself. Everything may wait for a disk.
pub trait Memory: Send + Sync {
    /// The newest incidents, of this state, outcome or rule where one is given.
    fn incidents(&self, state: Option<&str>, outcome: Option<&str>, limit: usize) -> Result<Vec<Incident>, String>;
    /// One incident by its full id.
    fn incident(&self, id: &str) -> Result<Option<Incident>, String>;
    /// Runbooks and closed incidents that hold all words of a text.
    fn search(&self, text: &str, most: usize) -> Result<Found, String>;
    /// What is known from before about an incident.
    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String>;
    /// Conversations that are not closed and in which nothing happened since then.
    fn idle(&self, since: Timestamp) -> Result<Vec<ConversationId>, String>;
}

/// A catalogue with these tools in it.
pub fn with_own(catalogue: &Catalogue) -> Catalogue {
    let mut all = catalogue.clone();
    all.tools.retain(|name, _| !name.starts_with(SERVER));
    let text = |about: &str| json!({"type": "string", "description": about});
    let id = || json!({"incident": text("the incident's full id")});
    let wanted = json!({
        "state": text("open, planning, investigating, awaiting_approval, acting, watching or closed"),
        "outcome": text("such as fixed or needs_person"),
        "limit": {"type": "integer", "minimum": 1, "maximum": LISTED},
    });
    let words = json!({"words": text("words that must all stand in it")});
    for (name, about, properties, required) in [
        (INCIDENTS, "Lists incidents that tidegate handles or has handled, the newest first.", wanted, None),
        (
            INCIDENT,
            "Tells how one incident stands: alerts, findings, evidence, actions, outcome.",
            id(),
            Some("incident"),
        ),
        (
            EXPLAIN,
            "Tells why an incident was decided as it was, and why its actions were allowed, asked about or denied.",
            id(),
            Some("incident"),
        ),
        (SEARCH, "Searches runbooks and closed incidents.", words, Some("words")),
        (
            SIMILAR,
            "Tells which runbooks apply to an incident, which closed incidents are like it, and how they were fixed.",
            id(),
            Some("incident"),
        ),
    ] {
        let schema = json!({
            "type": "object", "properties": properties, "additionalProperties": false,
            "required": required.into_iter().collect::<Vec<_>>(),
        });
        let tool = Tool {
            name: name.into(),
            description: about.into(),
            schema,
            risk: Risk::Read,
            repeatable: true,
            undo: None,
            own: false,
        };
        all.tools.insert(name.into(), tool);
    }
    all
}

/// Whether a call is one of these tools.
pub fn is_own(call: &Call) -> bool {
    call.tool.starts_with(SERVER)
}

/// A call about an incident.
pub fn about(tool: &str, incident: &str) -> Call {
    let arguments = Map::from_iter([("incident".to_string(), Value::from(incident))]);
    Call { tool: tool.into(), arguments }
}

/// Makes a look with one of these tools, which a gate has admitted.
pub async fn look(memory: Arc<dyn Memory>, call: Call) -> Result<ToolAnswer, ToolError> {
    let work = tokio::task::spawn_blocking(move || answer(memory.as_ref(), &call)).await;
    let answered = work.unwrap_or_else(|_| Err("the records cannot be read".into()));
    Ok(match answered {
        Ok(text) => ToolAnswer { ok: true, text: cut(&text, ANSWER) },
        Err(text) => ToolAnswer { ok: false, text: cut(&text, ANSWER) },
    })
}

fn answer(memory: &dyn Memory, call: &Call) -> Result<String, String> {
    let text = |name: &str| call.arguments.get(name).and_then(Value::as_str).map(str::trim);
    let incident = || {
        let id = text("incident").unwrap_or_default();
        memory.incident(id)?.ok_or_else(|| format!("there is no incident {id}; {INCIDENTS} lists them"))
    };
    match call.tool.as_str() {
        INCIDENTS => {
            let limit = call.arguments.get("limit").and_then(Value::as_u64).unwrap_or(20).clamp(1, LISTED);
            let limit = usize::try_from(limit).unwrap_or(1);
            let found = memory.incidents(text("state"), text("outcome"), limit)?;
            Ok(written(&json!({ "incidents": found.iter().map(line).collect::<Vec<_>>() })))
        }
        INCIDENT => Ok(written(&whole(&incident()?))),
        EXPLAIN => Ok(written(&explained(&incident()?))),
        SEARCH => {
            let found = memory.search(text("words").unwrap_or_default(), 8)?;
            Ok(written(&serde_json::to_value(found).unwrap_or_default()))
        }
        SIMILAR => {
            let id = incident()?.id;
            let known = memory.known_about(&id.0)?.unwrap_or_default();
            Ok(written(&json!({"runbooks": known.runbooks, "similar": known.similar, "unread": known.unread})))
        }
        other => Err(format!("there is no tool {other}")),
    }
}

fn written(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn line(incident: &Incident) -> Value {
    let view = IncidentView::from(incident);
    json!({
        "id": view.id, "state": view.state, "outcome": view.outcome, "title": view.title, "severity": view.severity,
        "opened_at": view.opened_at, "firing": view.firing, "rule": view.verdict.and_then(|verdict| verdict.rule),
    })
}

fn whole(incident: &Incident) -> Value {
    let mut view = IncidentView::from(incident);
    view.report = None;
    let alerts: Vec<Value> = incident.alerts.iter().take(10).map(|alert| {
        json!({"name": alert.name, "status": alert.status, "labels": alert.labels, "summary": cut(alert.title(), 300)})
    }).collect();
    let skipped = incident.looks.len().saturating_sub(LOOKS);
    let looks: Vec<Value> = incident.looks.iter().skip(skipped).map(|look| {
        json!({"tool": look.call.tool, "arguments": look.call.arguments, "ok": look.ok, "told": cut(&look.told(), LOOK)})
    }).collect();
    json!({"incident": view, "alerts": alerts, "looks": looks, "looks_left_out": skipped})
}

fn explained(incident: &Incident) -> Value {
    let decision = incident.decision.as_ref().map(|decision| {
        json!({
            "verdict": decision.verdict.kind(), "rule": decision.rule, "reason": decision.reason, "mode": decision.mode,
            "faults": decision.faults,
        })
    });
    let actions: Vec<Value> = incident
        .actions
        .iter()
        .map(|record| {
            let ruling = record.ruling.as_ref().map(|ruling| {
            json!({"kind": ruling.kind, "gate": ruling.rule, "reason": ruling.reason, "heard": ruling.heard})
        });
            json!({
                "action": record.action.id, "tool": record.action.tool(), "target": record.action.target(),
                "proposed_by": record.action.origin.to_string(), "risk": record.action.risk.as_str(),
                "state": record.state.as_str(), "ruling": ruling, "seen": record.seen, "result": record.result,
            })
        })
        .collect();
    let conclusion = incident.conclusion.as_ref().map(|end| json!({"outcome": end.outcome, "reason": end.reason}));
    json!({
        "incident": incident.id, "decision": decision, "findings": incident.causes().unwrap_or_default(),
        "actions": actions, "conclusion": conclusion,
    })
}
