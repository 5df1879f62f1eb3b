//! Sources: `body.json` or `body.txt`, perhaps `request.json` (method, headers, query, received-at-ms) and `settings.json`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{cases, check, read};
use crate::source::{Alert, CallError, Decoded, Inbound, Moment, Status};

/// Holds what a source makes of each case of a plugin's folder against what is expected.
///
/// # Panics
/// When they differ, or when there is no case.
pub fn source(plugin: &str, decode: &dyn Fn(&Inbound, &str) -> Result<Decoded, CallError>) {
    for case in cases(plugin) {
        let settings = fs::read_to_string(case.join("settings.json")).unwrap_or_else(|_| "{}".into());
        check(&case, &result(&decode(&inbound(&case), &settings)));
    }
}

fn inbound(case: &Path) -> Inbound {
    let request = read(&case.join("request.json")).unwrap_or_default();
    let text = |key: &str| request.get(key).and_then(Value::as_str).map(str::to_string);
    let pairs = |key: &str| {
        let members = request.get(key).and_then(Value::as_object).into_iter().flatten();
        members.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_string())).collect::<Vec<_>>()
    };
    let mut headers = pairs("headers");
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".into(), "application/json".into()));
    }
    let body = ["body.json", "body.txt"].iter().find_map(|name| fs::read_to_string(case.join(name)).ok());
    Inbound {
        method: text("method").unwrap_or_else(|| "POST".into()),
        headers,
        query: pairs("query"),
        body: body.unwrap_or_default(),
        received_at_ms: request.get("received-at-ms").and_then(Value::as_u64).unwrap_or_default(),
        extra: Vec::new(),
    }
}

fn result(result: &Result<Decoded, CallError>) -> Value {
    match result {
        Ok(decoded) => json!({"ok": {
            "alerts": decoded.alerts.iter().map(alert).collect::<Vec<_>>(),
            "left-out": decoded.left_out.iter().map(|one| json!({
                "name": one.name,
                "reason": one.reason,
                "count": one.count,
                "by-sender": one.by_sender,
            })).collect::<Vec<_>>(),
            "reply": decoded.reply.as_ref().map(|reply| json!({
                "status": reply.status,
                "content-type": reply.content_type,
                "headers": object(&reply.headers),
                "body": reply.body,
            })),
            "confirm": decoded.confirm,
        }}),
        Err(CallError::InvalidInput(reason)) => json!({"error": {"invalid-input": reason}}),
        Err(CallError::Misconfigured(reason)) => json!({"error": {"misconfigured": reason}}),
        Err(CallError::Other(reason)) => json!({"error": {"other": reason}}),
        Err(CallError::Unavailable(retry)) => {
            json!({"error": {"unavailable": {"reason": retry.reason, "after-ms": retry.after_ms}}})
        }
    }
}

fn object(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect())
}

fn alert(alert: &Alert) -> Value {
    let moment = |moment: &Option<Moment>| match moment {
        Some(Moment::Millis(millis)) => json!({"millis": millis}),
        Some(Moment::Text(text)) => json!({"text": text}),
        None => Value::Null,
    };
    json!({
        "name": alert.name,
        "status": match alert.status { Status::Firing => "firing", Status::Resolved => "resolved" },
        "severity": alert.severity,
        "labels": object(&alert.labels),
        "annotations": object(&alert.annotations),
        "starts-at": moment(&alert.starts_at),
        "ends-at": moment(&alert.ends_at),
        "fingerprint": alert.fingerprint,
        "link": alert.link,
        "extra": object(&alert.extra),
    })
}
