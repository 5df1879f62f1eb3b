//! Sources: `body.json` in, alerts out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tidegate::plugin::kind::CallError;
use tidegate::plugin::kind::source::{Decoded, Told, normalise};
use tidegate::plugin::{Options, Outgoing, Plugins, Returned, Transport, TransportError};
use tidegate::ports::Inbound;

use super::{items, load, pairs, read, same, text};

/// A source has no way out, so nothing can arrive here.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: Outgoing) -> BoxFuture<'_, Result<Returned, TransportError>> {
        Box::pin(async { Err(TransportError::Other("a source sends nothing".into())) })
    }
}

/// A host with this source alone.
pub(crate) async fn alone(plugin: &str, cache: &Path) -> Result<Arc<Plugins>> {
    load(plugin, Options::default(), &BTreeMap::new(), Arc::new(Nowhere), cache).await
}

/// The component's alerts must be those of `expected.json`, both as the host normalises them.
pub(super) async fn run(plugin: &str, case: &Path, cache: &Path) -> Result<()> {
    let plugins = alone(plugin, cache).await?;
    let request = Inbound {
        headers: [("content-type".to_string(), "application/json".to_string())].into(),
        query: vec![],
        body: fs::read_to_string(case.join("body.json"))?,
        received_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let answer = plugins.call_source(plugin, &request).await.context("there is no such source")?;
    let found = match answer.map_err(|failure| anyhow!(failure.to_string()))? {
        Ok(normalised) => json!({"ok": normalised.alerts}),
        Err(CallError::InvalidInput(text)) => json!({"error": {"invalid-input": text}}),
        Err(other) => json!({"error": other.to_string()}),
    };
    let mut expected = read(&case.join("expected.json"))?;
    if expected.get("ok").is_some() {
        let decoded = items(&expected, "ok")?.iter().map(decoded).collect();
        let alerts = normalise(plugin, decoded, request.received_at).taken().map_err(|error| anyhow!(error))?;
        expected = json!({"ok": alerts});
    }
    same("the result", &found, &expected)
}

fn decoded(value: &Value) -> Decoded {
    let optional = |key: &str| value[key].as_str().map(str::to_string);
    let told = |key: &str| match &value[key] {
        Value::Null => None,
        moment => Some(moment["millis"].as_u64().map_or_else(|| Told::Text(text(moment, "text")), Told::Millis)),
    };
    Decoded {
        name: text(value, "name"),
        firing: value["status"] == "firing",
        severity: optional("severity"),
        labels: pairs(value, "labels"),
        annotations: pairs(value, "annotations"),
        starts_at: told("starts-at"),
        ends_at: told("ends-at"),
        fingerprint: optional("fingerprint"),
        link: optional("link"),
        unreadable: value["extra"]["unreadable"].as_str().map(str::to_string),
        truncated: value["extra"]["truncated"].as_str().and_then(|count| count.parse().ok()),
    }
}
