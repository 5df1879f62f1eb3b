//! Source for OpenTelemetry: log records and events by OTLP/HTTP in JSON.
//!
//! OpenTelemetry has no alerts. A record is one from a severity on that the settings name.

mod attributes;
mod record;
mod severity;
mod wire;

use serde::Deserialize;
use tidegate_plugin::source::{CallError, Decoded, Inbound, Node, parse};

use severity::Severity;

tidegate_plugin::source!(decode, Settings);

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// The severity from which on a record is an alert. Records without a severity count as info.
    minimum: Minimum,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "kebab-case")]
enum Minimum {
    Info,
    #[default]
    Warning,
    Error,
    Critical,
}

impl From<Minimum> for Severity {
    fn from(minimum: Minimum) -> Self {
        match minimum {
            Minimum::Info => Self::Info,
            Minimum::Warning => Self::Warning,
            Minimum::Error => Self::Error,
            Minimum::Critical => Self::Critical,
        }
    }
}

fn decode(request: &Inbound, settings: &Settings) -> Result<Decoded, CallError> {
    logs(request, settings.minimum.into()).map(answered).map_err(CallError::InvalidInput)
}

fn logs(request: &Inbound, minimum: Severity) -> Result<Decoded, String> {
    if request.header("content-type").is_some_and(|kind| kind.contains("protobuf")) {
        return Err("body: expected JSON, found protobuf; set `encoding: json` at the exporter (otlphttp)".into());
    }
    let value = parse(&request.body)?;
    let body = Node::root(&value).need_object()?;
    let logs = body.get("resourceLogs");
    // Whoever sends all signals to one address sends those too; an empty request is allowed.
    let others = ["resourceMetrics", "resourceSpans", "resourceProfiles"].iter().any(|key| body.get(key).exists());
    if !logs.exists() && (others || body.members().next().is_none()) {
        return Ok(Decoded::nothing());
    }
    if !logs.is_list() {
        return Err(format!("{}; send OTLP/HTTP logs", logs.expected("a list")));
    }
    let records = wire::records(logs).collect::<Vec<_>>();
    Ok(Decoded::of_items(records, |record| record::read(record, minimum), record::name))
}

/// The protocol's own answer, which says how many records were not taken.
fn answered(decoded: Decoded) -> Decoded {
    let rejected: u64 = decoded.left_out.iter().map(|one| one.count).sum();
    let answer = match decoded.left_out.first() {
        Some(first) => {
            let reason: String = first.reason.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
            format!(r#"{{"partialSuccess":{{"rejectedLogRecords":"{rejected}","errorMessage":"{reason}"}}}}"#)
        }
        None => "{}".to_string(),
    };
    decoded.answered("application/json", answer)
}
