//! Proposals as policies, planners and models of this world make them.

use serde_json::{Map, Value, json};
use tidegate::domain::{Call, Incident, Proposal, Verification};

/// A proposal before it knows its incident.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// The tool.
    pub tool: &'static str,
    /// The service.
    pub service: u64,
    /// 0: none, 1: by its health, 2: by its health, and it shows whether the call arrived, 3: a lie that
    /// always holds.
    pub verify: u64,
    /// Whether it says how to take it back.
    pub undo: bool,
}

/// A call on a service; `mark` is what a change leaves behind there.
pub fn call(tool: &str, service: u64, mark: u64) -> Call {
    let mut arguments = Map::new();
    arguments.insert("namespace".into(), json!("shop"));
    arguments.insert("name".into(), Value::String(format!("app{service}")));
    if tool != "k.get" {
        arguments.insert("mark".into(), json!(mark));
    }
    Call { tool: tool.into(), arguments }
}

/// The proposal for an incident: the same whenever it is asked for.
pub fn proposal(template: &Template, incident: &Incident, place: usize) -> Proposal {
    let opened = u64::try_from(incident.opened_at.as_millisecond()).unwrap_or(0);
    let mark = opened % 1_000_000_000 * 10 + place as u64;
    let look = call("k.get", template.service, 0);
    let verify = (template.verify > 0).then(|| Verification {
        look: look.clone(),
        present: vec![if template.verify == 3 { "$" } else { "$[?$.health == 'healthy']" }.into()],
        absent: Vec::new(),
        applied: match template.verify {
            2 => vec![format!("$[?$.mark == {mark}]")],
            3 => vec!["$".into()],
            _ => Vec::new(),
        },
        within_ms: 30_000,
        every_ms: 5_000,
    });
    Proposal {
        call: call(template.tool, template.service, mark),
        target: if template.verify == 3 { "a harmless test".into() } else { String::new() },
        reason: "it is broken".into(),
        evidence: Vec::new(),
        root_cause: String::new(),
        verify,
        undo: template.undo.then(|| call("k.rollback", template.service, mark + 5)),
    }
}
