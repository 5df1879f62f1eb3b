//! Sources: `body.json` in, alerts out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tidegate::network::smtp::{Mail, Server, SmtpError, Taken};
use tidegate::plugin::kind::CallError;
use tidegate::plugin::kind::source::{Decoded, Decoding, Normalised, Omitted, Reply, Told, normalise};
use tidegate::plugin::{MailTransport, Options, Outgoing, Plugins, Returned, Transport, TransportError};
use tidegate::ports::Inbound;

use super::{load, pairs, read, same, text};

/// A source has no way out, so nothing can arrive here.
struct Nowhere;

impl MailTransport for Nowhere {
    fn send<'a>(&'a self, _: &'a Server, _: &'a Mail) -> BoxFuture<'a, Result<Taken, SmtpError>> {
        Box::pin(async { Err(SmtpError::Unavailable("this plugin sends no mail".into())) })
    }
}

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
    let path = case.join("settings.json");
    let settings = if path.is_file() { read(&path)? } else { Value::Null };
    let options = Options { settings: settings.as_object().cloned().unwrap_or_default(), ..Options::default() };
    let plugins = load(plugin, options, &BTreeMap::new(), Arc::new(Nowhere), cache).await?;
    let request = inbound(case)?;
    let answer = plugins.call_source(plugin, &request).await.context("there is no such source")?;
    let found = match answer.map_err(|failure| anyhow!(failure.to_string()))? {
        Ok(normalised) => said(&normalised),
        Err(CallError::InvalidInput(text)) => json!({"error": {"invalid-input": text}}),
        Err(other) => json!({"error": other.to_string()}),
    };
    let mut expected = read(&case.join("expected.json"))?;
    if let Some(ok) = expected.get("ok") {
        let normalised = normalise(plugin, decoding(ok), request.received_at).readable();
        expected = normalised.map_or_else(|error| json!({"error": {"invalid-input": error}}), |found| said(&found));
    }
    same("the result", &found, &expected)
}

/// `body.json` or `body.txt`, and what `request.json` says besides.
fn inbound(case: &Path) -> Result<Inbound> {
    let bodies = ["body.json", "body.txt"].map(|name| case.join(name));
    let body = bodies.iter().find(|path| path.is_file()).map(fs::read_to_string).transpose()?;
    let path = case.join("request.json");
    let request = if path.is_file() { read(&path)? } else { Value::Null };
    let mut headers = pairs(&request, "headers");
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".into(), "application/json".into()));
    }
    Ok(Inbound {
        method: request["method"].as_str().unwrap_or("POST").to_string(),
        headers: headers.into_iter().collect(),
        query: pairs(&request, "query"),
        body: body.unwrap_or_default(),
        received_at: jiff::Timestamp::UNIX_EPOCH,
    })
}

fn said(found: &Normalised) -> Value {
    let left_out: Vec<_> = found.left_out.iter().map(|one| (one.sentence(), one.count)).collect();
    let reply = found.reply.as_ref().map(|reply| {
        json!({"status": reply.status, "type": reply.content_type, "headers": reply.headers, "body": reply.body})
    });
    json!({"ok": found.alerts, "left out": left_out, "reply": reply, "confirm": found.confirm})
}

fn decoding(value: &Value) -> Decoding {
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    let omitted = |one: &Value| Omitted {
        name: text(one, "name"),
        reason: text(one, "reason"),
        count: one["count"].as_u64().unwrap_or(1),
        by_sender: one["by-sender"] == true,
    };
    let reply = |reply: &Value| Reply {
        status: reply["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or(200),
        content_type: text(reply, "content-type"),
        headers: pairs(reply, "headers"),
        body: text(reply, "body"),
    };
    Decoding {
        alerts: list("alerts").iter().map(decoded).collect(),
        left_out: list("left-out").iter().map(omitted).collect(),
        reply: value.get("reply").map(reply),
        confirm: value["confirm"].as_str().map(str::to_string),
    }
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
    }
}
