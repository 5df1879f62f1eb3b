//! A remediation's cases: `incident.json`, `settings.json` and the recorded looks of `tools.json` go in; the
//! proposals and findings are compared. A look that was not recorded fails the case.
//!
//! Of a plugin with actions of its own, `actions/<case>/` holds `action.json` (`name`, `arguments`, `attempt-id`),
//! `settings.json` and the answers of `http.json`: the requests that it sends and the result are compared. Secrets stay
//! the places that they are.

#![allow(clippy::indexing_slicing, reason = "a JSON value indexed by a key that it lacks is null")]

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use serde_json::{Map, Value, json};
use serde_json_path::JsonPath;

use super::part::{alert, answer, labels, need, result, text};
use super::{ACCEPT, cases, difference, read};
use crate::host::played::{self, Part};
use crate::host::{CallError, HttpError, Request, Response, Tool, ToolError};
use crate::remediation::{Action, Call, Finding, Incident, Planned, Proposal};

/// A plugin's `plan`.
type Plan<'a> = &'a dyn Fn(Incident) -> Result<Planned, CallError>;

/// A plugin's `execute`.
type Execute<'a> = &'a dyn Fn(String, Action) -> Result<String, CallError>;

/// Checks all cases of the remediation whose folder this is.
///
/// # Panics
/// When something differs, or when there is no case.
pub fn remediation(plugin: &str, plan: Plan<'_>, execute: Execute<'_>) {
    let held = |case: &Path, found: Value| difference(&case.join("expected.json"), &found, Value::clone);
    let mut differences: String = cases(plugin).iter().map(|case| held(case, planned(case, plan))).collect();
    for entry in fs::read_dir(Path::new(plugin).join("actions")).into_iter().flatten() {
        let case = entry.unwrap().path();
        differences.push_str(&held(&case, act(&case, execute)));
    }
    assert!(differences.is_empty(), "{differences}\n{ACCEPT}");
}

fn world(case: &Path) -> Rc<World> {
    let recorded = read(&case.join("http.json")).and_then(|answers| answers.as_array().cloned()).unwrap_or_default();
    Rc::new(World {
        settings: need(&case.join("settings.json")).to_string(),
        tools: read(&case.join("tools.json")).unwrap_or_else(|| json!({"catalogue": [], "looks": []})),
        answers: RefCell::new(recorded.into_iter()),
        requests: RefCell::default(),
    })
}

fn planned(case: &Path, plan: Plan<'_>) -> Value {
    let incident = incident(&need(&case.join("incident.json")));
    let world = world(case);
    let outcome = played::with(world.clone(), || plan(incident));
    let left = world.answers.borrow().len();
    assert_eq!(left, 0, "{}: {left} of the answers in http.json were not asked for", case.display());
    match outcome {
        Ok(planned) => json!({
            "ok": planned.proposals.iter().map(proposal).collect::<Vec<_>>(),
            "findings": planned.findings.iter().map(finding).collect::<Vec<_>>(),
        }),
        Err(error) => result(Err::<(), _>(error), |()| Value::Null),
    }
}

fn act(case: &Path, execute: Execute<'_>) -> Value {
    let (world, what) = (world(case), &need(&case.join("action.json")));
    let action = Action { name: text(what, "name"), arguments: what["arguments"].to_string(), extra: vec![] };
    let outcome = played::with(world.clone(), || execute(text(what, "attempt-id"), action));
    json!({"requests": *world.requests.borrow(), "result": result(outcome, |said| json!(said))})
}

struct World {
    settings: String,
    tools: Value,
    answers: RefCell<std::vec::IntoIter<Value>>,
    requests: RefCell<Vec<Value>>,
}

impl Part for World {
    fn settings(&self) -> String {
        self.settings.clone()
    }

    fn catalogue(&self) -> Vec<Tool> {
        let tools = self.tools["catalogue"].as_array().unwrap().iter();
        let tool = |tool: &Value| Tool {
            name: text(tool, "name"),
            description: String::new(),
            schema: "{}".into(),
            read_only: tool["read-only"] == true,
        };
        tools.map(tool).collect()
    }

    fn look(&self, tool: &str, arguments: &str) -> Result<String, ToolError> {
        let arguments: Value = serde_json::from_str(arguments).unwrap();
        let looks = self.tools["looks"].as_array().unwrap();
        let look = looks.iter().find(|look| look["tool"] == tool && look["arguments"] == arguments);
        let look = look.unwrap_or_else(|| panic!("no look recorded for {tool} {arguments}"));
        match (&look["json"], look["text"].as_str(), &look["error"]) {
            (json @ Value::Object(_), ..) => Ok(json.to_string()),
            (_, Some(text), _) => Ok(text.to_string()),
            (.., error) if error.get("unavailable").is_some() => {
                Err(ToolError::Unavailable(text(error, "unavailable")))
            }
            (.., error) if error.get("denied").is_some() => Err(ToolError::Denied(text(error, "denied"))),
            (.., error) => Err(ToolError::Failed(text(error, "failed"))),
        }
    }

    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let headers = request.headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value)));
        self.requests.borrow_mut().push(json!({
            "method": request.method,
            "url": request.url,
            "headers": headers.collect::<Map<_, _>>(),
            "body": serde_json::from_str::<Value>(&request.body).unwrap_or_else(|_| json!(request.body)),
        }));
        let next = self.answers.borrow_mut().next();
        answer(&next.unwrap_or_else(|| panic!("http.json has no answer to {} {}", request.method, request.url)))
    }
}

/// As the host writes it.
fn finding(finding: &Finding) -> Value {
    let mut value = json!({"about": finding.about, "text": finding.text});
    if !finding.evidence.is_empty() {
        value["evidence"] = json!(finding.evidence);
    }
    value
}

fn proposal(proposal: &Proposal) -> Value {
    json!({
        "call": call(&proposal.call),
        "target": proposal.target,
        "reason": proposal.reason,
        "evidence": proposal.evidence,
        "root-cause": proposal.root_cause,
        "verify": proposal.verify.as_ref().map(|verify| {
            for path in verify.present.iter().chain(&verify.absent).chain(&verify.applied) {
                JsonPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            }
            json!({
                "look": call(&verify.look),
                "present": verify.present,
                "absent": verify.absent,
                "applied": verify.applied,
                "within-ms": verify.within_ms,
                "every-ms": verify.every_ms,
            })
        }),
        "undo": proposal.undo.as_ref().map(call),
        "extra": {},
    })
}

fn call(call: &Call) -> Value {
    json!({"tool": call.tool, "arguments": serde_json::from_str::<Value>(&call.arguments).unwrap()})
}

/// An incident as `incident.json` writes it.
pub(crate) fn incident(value: &Value) -> Incident {
    Incident {
        id: text(value, "id"),
        title: text(value, "title"),
        severity: text(value, "severity"),
        labels: labels(value, "labels"),
        alerts: value["alerts"].as_array().unwrap().iter().map(alert).collect(),
        now_ms: value["now-ms"].as_u64().unwrap(),
        extra: vec![],
    }
}
