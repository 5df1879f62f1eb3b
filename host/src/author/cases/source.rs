//! Sources: a request in, alerts out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Files, NoNetwork, Outcome, PluginUnderTest, Transports, moment, outcome_text, pairs};
use crate::plugin::Options;
use crate::plugin::kind::source::{Decoded, Decoding, GuestTime, normalise};
use crate::ports::Inbound;

pub(super) async fn run(subject: &PluginUnderTest<'_>, files: &Files) -> Result<Outcome, String> {
    let name = &subject.manifest.name;
    let options = Options { settings: files.settings.clone(), ..Options::default() };
    let plugins = subject.load(options, &BTreeMap::new(), Transports::of(&Arc::new(NoNetwork))).await?;
    let request = request(files)?;
    let answer = plugins.call_decoder(name, &request).await.ok_or_else(|| format!("there is no source {name}"))?;
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    let found = outcome_text(answer, &mut faults, |decoded| {
        let found = written(&decoded);
        notes = normalise(name, decoded, request.received_at).sentences();
        found
    });
    Ok(Outcome { found, faults, notes })
}

fn request(files: &Files) -> Result<Inbound, String> {
    let told = &files.request;
    let mut headers: BTreeMap<String, String> =
        pairs(told, "headers").into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    headers.entry("content-type".into()).or_insert_with(|| "application/json".into());
    Ok(Inbound {
        method: told.get("method").and_then(Value::as_str).unwrap_or("POST").to_uppercase(),
        headers: headers.into(),
        query: pairs(told, "query"),
        body: files.input.clone(),
        received_at: moment(told, "received-at-ms")?,
    })
}

/// What a source returned, as cases write it.
fn written(decoding: &Decoding) -> Value {
    let left_out = decoding
        .left_out
        .iter()
        .map(|one| json!({"name": one.name, "reason": one.reason, "count": one.count, "by-sender": one.by_sender}));
    let reply = decoding.reply.as_ref().map(|reply| {
        json!({
            "status": reply.status,
            "content-type": reply.content_type,
            "headers": object(&reply.headers),
            "body": reply.body,
        })
    });
    json!({"ok": {
        "alerts": decoding.alerts.iter().map(alert).collect::<Vec<_>>(),
        "left-out": left_out.collect::<Vec<_>>(),
        "reply": reply,
        "confirm": decoding.confirm,
    }})
}

fn object(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
}

fn alert(alert: &Decoded) -> Value {
    let told = |told: &Option<GuestTime>| match told {
        None => Value::Null,
        Some(GuestTime::Millis(millis)) => json!({"millis": millis}),
        Some(GuestTime::Text(text)) => json!({"text": text}),
    };
    json!({
        "name": alert.name,
        "status": if alert.firing { "firing" } else { "resolved" },
        "severity": alert.severity,
        "labels": object(&alert.labels),
        "annotations": object(&alert.annotations),
        "starts-at": told(&alert.starts_at),
        "ends-at": told(&alert.ends_at),
        "fingerprint": alert.fingerprint,
        "link": alert.link,
    })
}
