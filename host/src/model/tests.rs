//! The model as a whole: prompts against a golden file, and the client against an endpoint in the
//! same process.

mod endpoint;
mod fallback;
mod foreign;
mod kinds;
mod misbehaviour;
mod prompts;
mod quirks;
mod served;
mod thrift;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::entry::{AskedCall, ModelAnswer, Purpose, Usage};
use crate::domain::{Alert, Call, Catalogue, Entry, Fact, Incident, IncidentId, Labels, Risk, Severity, Status, Tool};

/// A catalogue of read-only tools.
pub fn catalogue(names: &[&str]) -> Catalogue {
    let tool = |name: &&str| Tool {
        name: name.to_string(),
        description: format!("does {name}"),
        schema: json!({"type": "object", "properties": {"namespace": {"type": "string"}}}),
        risk: Risk::Read,
        repeatable: true,
        undo: None,
        own: false,
    };
    Catalogue { tools: names.iter().map(|name| (name.to_string(), tool(name))).collect(), ..Catalogue::default() }
}

/// The tools of a server named `k`, as its list was recorded: one a line.
pub fn recorded(lines: &str) -> Catalogue {
    let tool = |line: &str| {
        let told: Value = serde_json::from_str(line).unwrap();
        let text = |member: &str| told[member].as_str().unwrap().to_string();
        Tool {
            name: format!("k.{}", text("name")),
            description: text("description"),
            schema: told["schema"].clone(),
            risk: serde_json::from_value(told["risk"].clone()).unwrap(),
            repeatable: true,
            undo: None,
            own: false,
        }
    };
    Catalogue { tools: lines.lines().map(tool).map(|tool| (tool.name.clone(), tool)).collect(), ..Catalogue::default() }
}

/// Two tools that look and one that changes.
pub fn kubernetes() -> Catalogue {
    let mut catalogue =
        catalogue(&["kubernetes.kubectl_describe", "kubernetes.kubectl_get", "kubernetes.kubectl_patch"]);
    catalogue.tools.get_mut("kubernetes.kubectl_patch").unwrap().risk = Risk::High;
    catalogue
}

pub fn call(tool: &str, arguments: Value) -> Call {
    Call { tool: tool.into(), arguments: arguments.as_object().cloned().unwrap() }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

pub fn alert(pod: &str) -> Alert {
    Alert {
        source: "alertmanager".into(),
        name: "KubePodNotReady".into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: labels(&[("alertname", "KubePodNotReady"), ("namespace", "default"), ("pod", pod)]),
        annotations: labels(&[("summary", "Pod has been in a non-ready state for more than 15 minutes.")]),
        starts_at: Some("2025-06-04T07:25:54Z".parse().unwrap()),
        ends_at: None,
        fingerprint: pod.into(),
        link: None,
    }
}

pub fn incident(alerts: Vec<Alert>) -> Incident {
    let fact = Fact::Opened { group_key: "default".into(), source: "alertmanager".into(), alerts };
    Incident::open(IncidentId("i1".into()), &Entry { at: Timestamp::UNIX_EPOCH, fact }).unwrap()
}

pub fn happen(incident: &mut Incident, fact: Fact) {
    incident.apply(&Entry { at: Timestamp::UNIX_EPOCH, fact });
}

pub fn looked(purpose: Purpose, call: Call, text: &str) -> Fact {
    Fact::Looked { purpose, call, ok: true, text: text.into(), took_ms: 1, refused: None }
}

pub fn asked(id: &str, call: Call, text: &str) -> Fact {
    let answer = ModelAnswer::Look { calls: vec![AskedCall { id: id.into(), call }] };
    Fact::Answered { answer, text: text.into(), usage: Usage::default(), original: None }
}
