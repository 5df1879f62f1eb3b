//! Looks whether the service of an alert has failed, and proposes to restart it with its own action.

wit_bindgen::generate!({ path: "wit", world: "remediation-plugin" });

use exports::tidegate::plugin::remediation::*;
use serde_json::{Value, json};
use tidegate::plugin::http_client::{self, Request};
use tidegate::plugin::tools;

struct Plugin;

impl Guest for Plugin {
    fn capabilities() -> Result<Vec<Capability>, CallError> {
        let schema = json!({"type": "object", "properties": {"service": {"type": "string"}}, "required": ["service"]});
        let description = "Restarts a service".into();
        let (name, risk) = ("restart".into(), Risk::Low);
        Ok(vec![Capability { name, description, schema: schema.to_string(), risk, repeatable: true, extra: vec![] }])
    }

    fn plan(what: Incident) -> Result<Planned, CallError> {
        let service = what.labels.iter().find(|(key, _)| key == "service").map(|(_, value)| value.as_str());
        let Some(service) = service else { return Ok(Planned { proposals: vec![], findings: vec![], extra: vec![] }) };
        let arguments = json!({"service": service}).to_string();
        let seen = tools::look("deploy.status", &arguments).map_err(|error| CallError::Other(format!("{error:?}")))?;
        let seen: Value = serde_json::from_str(&seen).unwrap_or_default();
        let failed = (seen["state"] == "failed").then(|| Proposal {
            call: Call { tool: "{{name}}.restart".into(), arguments },
            target: format!("service/{service}"),
            reason: format!("{service} has failed"),
            evidence: vec![format!("deploy.status says {}", seen["state"])],
            root_cause: seen["reason"].as_str().unwrap_or_default().into(),
            verify: None,
            undo: None,
            extra: vec![],
        });
        Ok(Planned { proposals: failed.into_iter().collect(), findings: vec![], extra: vec![] })
    }

    fn execute(attempt_id: String, what: Action) -> Result<String, CallError> {
        let (method, url) = ("POST".into(), "https://deploy.example.com/restart".into());
        let headers = vec![
            ("authorization".into(), "Bearer {{secret:token}}".into()),
            ("idempotency-key".into(), attempt_id),
        ];
        let request = Request { method, url, headers, body: what.arguments, body_secrets: false, timeout_ms: None };
        match http_client::send(&request) {
            Ok(answer) if answer.status < 300 => Ok("restarted".into()),
            answer => Err(CallError::Other(format!("{answer:?}"))),
        }
    }
}

export!(Plugin);
