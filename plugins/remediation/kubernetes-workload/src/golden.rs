//! Runs `testdata/<case>/` without the sandbox, as the host's golden runner does within it:
//! `incident.json`, `settings.json` and the recorded looks of `tools.json` go in; the proposals are
//! compared with `expected.json`. A look that was not recorded fails the case. `UPDATE_EXPECT=1`
//! accepts what is proposed now.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use serde_json_path::JsonPath;

use crate::Tools;
use crate::bindings::exports::tidegate::plugin::remediation::{Call, CallError, Incident, Proposal};
use crate::bindings::tidegate::plugin::tools::{Tool, ToolError};
use crate::bindings::tidegate::plugin::types::{Alert, Status};
use crate::{plan, settings};

#[test]
fn testdata() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let update = std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT");
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        if !case.is_dir() {
            continue;
        }
        let found = run(&case);
        let path = case.join("expected.json");
        if update {
            fs::write(&path, format!("{found:#}\n")).unwrap();
        }
        assert_eq!(found, read(&path), "{}", case.display());
        cases += 1;
    }
    assert!(cases > 0, "the testdata is gone");
}

struct Recorded(Value);

impl Tools for Recorded {
    fn catalogue(&self) -> Vec<Tool> {
        let tools = self.0["catalogue"].as_array().unwrap().iter();
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
        let looks = self.0["looks"].as_array().unwrap();
        let look = looks.iter().find(|look| look["tool"] == tool && look["arguments"] == arguments);
        let look = look.unwrap_or_else(|| panic!("no look recorded for {tool} {arguments}"));
        match (&look["json"], look["text"].as_str(), &look["error"]) {
            (json @ Value::Object(_), ..) => Ok(json.to_string()),
            (_, Some(text), _) => Ok(text.to_string()),
            (.., error) if error.get("unavailable").is_some() => {
                Err(ToolError::Unavailable(text(error, "unavailable")))
            }
            (.., error) => Err(ToolError::Failed(text(error, "failed"))),
        }
    }

    fn note(&self, _: &str) {}
}

fn run(case: &Path) -> Value {
    let settings = settings::read(&fs::read_to_string(case.join("settings.json")).unwrap());
    let tools = Recorded(read(&case.join("tools.json")));
    match plan::plan(&tools, &settings.map_err(|_| ()).unwrap(), &incident(&read(&case.join("incident.json")))) {
        Ok(proposals) => json!({"ok": proposals.iter().map(proposal).collect::<Vec<_>>()}),
        Err(CallError::Misconfigured(reason)) => json!({"error": {"misconfigured": reason}}),
        Err(CallError::Unavailable(retry)) => {
            json!({"error": {"unavailable": {"reason": retry.reason, "after-ms": retry.after_ms}}})
        }
        Err(CallError::InvalidInput(reason)) => json!({"error": {"invalid-input": reason}}),
        Err(CallError::Other(reason)) => json!({"error": {"other": reason}}),
    }
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

fn incident(value: &Value) -> Incident {
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

fn alert(value: &Value) -> Alert {
    Alert {
        name: text(value, "name"),
        status: if value["status"] == "firing" { Status::Firing } else { Status::Resolved },
        severity: value["severity"].as_str().map(str::to_string),
        labels: labels(value, "labels"),
        annotations: labels(value, "annotations"),
        starts_at: None,
        ends_at: None,
        fingerprint: None,
        link: None,
        extra: labels(value, "extra"),
    }
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_string()
}

fn labels(value: &Value, key: &str) -> Vec<(String, String)> {
    let object = value[key].as_object().into_iter().flatten();
    object.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_string())).collect()
}
