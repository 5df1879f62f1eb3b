//! Source for OpenTelemetry: log records and events by OTLP/HTTP in JSON.
//!
//! OpenTelemetry has no alerts. A record is one from a severity on that the settings name.

mod attributes;
mod record;
mod severity;
mod wire;

use tidegate_plugin::source::{CallError, Decoded, Inbound, Node, parse};

use severity::Severity;

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let settings = parse(settings).map_err(CallError::Misconfigured)?;
    let minimum = Node::root(&settings).get("minimum").text().and_then(|word| Severity::of_setting(&word));
    let decoded = logs(request, minimum.unwrap_or(Severity::Warning)).map_err(CallError::InvalidInput)?;
    Ok(answered(decoded))
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
