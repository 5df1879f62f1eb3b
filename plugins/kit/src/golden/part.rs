//! What the cases of notifiers and remediations have in common.

use std::path::Path;

use serde_json::{Value, json};

use super::read;
use crate::host::{Alert, CallError, HttpError, Moment, Response, Status};

/// A file that a case must have.
pub(crate) fn need(path: &Path) -> Value {
    read(path).unwrap_or_else(|| panic!("{} is missing", path.display()))
}

pub(crate) fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_string()
}

pub(crate) fn labels(value: &Value, key: &str) -> Vec<(String, String)> {
    let object = value.get(key).and_then(Value::as_object).into_iter().flatten();
    object.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_string())).collect()
}

/// A result as `expected.json` writes it.
pub(crate) fn result<T>(result: Result<T, CallError>, ok: impl Fn(T) -> Value) -> Value {
    match result {
        Ok(value) => json!({"ok": ok(value)}),
        Err(CallError::InvalidInput(reason)) => json!({"error": {"invalid-input": reason}}),
        Err(CallError::Misconfigured(reason)) => json!({"error": {"misconfigured": reason}}),
        Err(CallError::Other(reason)) => json!({"error": {"other": reason}}),
        Err(CallError::Unavailable(retry)) => {
            json!({"error": {"unavailable": {"reason": retry.reason, "after-ms": retry.after_ms}}})
        }
    }
}

pub(crate) fn alert(value: &Value) -> Alert {
    let optional = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_string);
    let moment = |key: &str| match value.get(key) {
        None | Some(Value::Null) => None,
        Some(moment) => Some(match moment.get("millis").and_then(Value::as_u64) {
            Some(millis) => Moment::Millis(millis),
            None => Moment::Text(text(moment, "text")),
        }),
    };
    Alert {
        name: text(value, "name"),
        status: if text(value, "status") == "firing" { Status::Firing } else { Status::Resolved },
        severity: optional("severity"),
        labels: labels(value, "labels"),
        annotations: labels(value, "annotations"),
        starts_at: moment("starts-at"),
        ends_at: moment("ends-at"),
        fingerprint: optional("fingerprint"),
        link: optional("link"),
        extra: labels(value, "extra"),
    }
}

/// What is answered to a request.
pub(crate) fn answer(answer: &Value) -> Result<Response, HttpError> {
    match answer.get("error").map(|error| (error, error.as_str())) {
        Some((_, Some("timeout"))) => Err(HttpError::Timeout),
        Some((error, _)) => Err(HttpError::Unreachable(text(error, "unreachable"))),
        None => Ok(Response {
            status: answer.get("status").and_then(Value::as_u64).unwrap().try_into().unwrap(),
            headers: labels(answer, "headers"),
            // A JSON value may stand there instead of its text.
            body: match answer.get("body") {
                Some(Value::String(text)) => text.clone(),
                other => other.cloned().unwrap_or_default().to_string(),
            },
        }),
    }
}
