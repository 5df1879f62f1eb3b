//! Messages on a bus of a case: what the plugin publishes stands in `expected.json` under `published`, and what becomes of each in
//! `bus.json`: `{"ok": {"duplicate": true}}`, or `{"error": {"rejected": "…"}}` with `rejected`, `forbidden`, `unavailable` or
//! `too-large`, which is a number of bytes.

use serde_json::{Map, Value, json};

use super::text;
use crate::bus::{Publication, Published, Unsent};
use crate::plugin::BusGrant;

/// What a case's plugin may publish: anything.
pub(super) fn grant() -> BusGrant {
    BusGrant { name: "example".into(), subjects: vec![">".into()], acknowledged: true }
}

/// Who the host is on that bus.
pub(super) const SENDER: &str = "tidegate/example";

/// A message as it stands in `expected.json`.
pub(super) fn sent(message: &Publication) -> Value {
    let headers: Map<_, _> = message.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let body: Value = serde_json::from_str(&message.body).unwrap_or_else(|_| json!(message.body));
    json!({ "subject": message.subject, "message-id": message.id, "headers": headers, "body": body })
}

/// What becomes of it.
pub(super) fn answer(answer: Option<&Value>) -> Result<Published, Unsent> {
    let Some(answer) = answer else { return Err(Unsent::Unavailable("bus.json has too few answers".into())) };
    let error = |key: &str| answer.pointer("/error").map(|error| text(error, key)).filter(|reason| !reason.is_empty());
    if let Some(reason) = error("rejected") {
        return Err(Unsent::Rejected(reason));
    }
    if let Some(reason) = error("forbidden") {
        return Err(Unsent::Forbidden(reason));
    }
    if let Some(reason) = error("unavailable") {
        return Err(Unsent::Unavailable(reason));
    }
    if let Some(most) = answer.pointer("/error/too-large").and_then(Value::as_u64) {
        return Err(Unsent::TooLarge(usize::try_from(most).unwrap_or(usize::MAX)));
    }
    let duplicate = answer.pointer("/ok/duplicate").and_then(Value::as_bool) == Some(true);
    Ok(Published { kept: Some(("example".into(), 1)), duplicate })
}
