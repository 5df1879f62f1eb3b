//! Messages on a bus of a case: `bus.json` holds what becomes of each, `{"ok": {"duplicate": true}}` or
//! `{"error": {"rejected": "reason"}}` with `rejected`, `forbidden`, `unavailable` or, with a number of bytes, `too-large`.

#![allow(clippy::indexing_slicing, reason = "a JSON value indexed by a key that it lacks is null")]

use serde_json::{Map, Value, json};

use crate::host::{BusError, BusMessage, Published, Retry};

/// As it leaves the host.
pub(super) fn sent(message: &BusMessage) -> Value {
    let headers: Map<_, _> = message.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let body = serde_json::from_str::<Value>(&message.body).unwrap_or_else(|_| json!(message.body));
    json!({ "subject": message.subject, "message-id": message.message_id, "headers": headers, "body": body })
}

pub(super) fn taken() -> Published {
    Published { kept_by: Some("example".into()), sequence: Some(1), duplicate: false, extra: Vec::new() }
}

pub(super) fn answer(answer: &Value) -> Result<Published, BusError> {
    let error = &answer["error"];
    let reason = |key: &str| error[key].as_str().map(str::to_string);
    if let Some(reason) = reason("rejected") {
        return Err(BusError::Rejected(reason));
    }
    if let Some(reason) = reason("forbidden") {
        return Err(BusError::Forbidden(reason));
    }
    if let Some(reason) = reason("unavailable") {
        return Err(BusError::Unavailable(Retry { reason, after_ms: None }));
    }
    if let Some(most) = error["too-large"].as_u64() {
        return Err(BusError::TooLarge(most));
    }
    Ok(Published { duplicate: answer["ok"]["duplicate"] == true, ..taken() })
}
