//! Decodes `{"check": …, "host": …, "state": "down" or "up", "message": …}` into one alert.

wit_bindgen::generate!({ path: "wit", world: "source-plugin" });

use exports::tidegate::plugin::source::{Guest, Inbound};
use serde_json::Value;
use tidegate::plugin::types::{Alert, CallError, Status};

struct Plugin;

impl Guest for Plugin {
    fn decode(request: Inbound) -> Result<Vec<Alert>, CallError> {
        let body: Value =
            serde_json::from_str(&request.body).map_err(|error| CallError::InvalidInput(format!("the body: {error}")))?;
        let text = |key: &str| body[key].as_str().map(String::from);
        let name = text("check").ok_or_else(|| CallError::InvalidInput("check: expected a text".into()))?;
        let status = match body["state"].as_str() {
            Some("down") => Status::Firing,
            Some("up") => Status::Resolved,
            _ => return Err(CallError::InvalidInput("state: expected down or up".into())),
        };
        Ok(vec![Alert {
            name,
            status,
            severity: text("severity"),
            labels: text("host").map(|host| ("host".into(), host)).into_iter().collect(),
            annotations: text("message").map(|message| ("summary".into(), message)).into_iter().collect(),
            starts_at: None,
            ends_at: None,
            fingerprint: None,
            link: text("url"),
            extra: vec![],
        }])
    }
}

export!(Plugin);
