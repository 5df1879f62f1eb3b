//! Spans as OTLP has them in JSON (`ExportTraceServiceRequest`): ids in hex, times as texts of nanoseconds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::Context;
use super::spans::{Attribute, Span};

/// A span whose work is the host's own, and one in which somebody else is called.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;
/// Of a span that failed; of others nothing is said.
const ERROR: u8 = 2;

/// A request with the spans of several traces.
pub fn request<'a>(spans: impl IntoIterator<Item = (&'a [u8; 16], &'a Span)>, instance: &str) -> Value {
    let resource = [
        ("service.name", Attribute::Text("tidegate".into())),
        ("service.version", Attribute::Text(env!("CARGO_PKG_VERSION").into())),
        ("service.instance.id", Attribute::Text(instance.into())),
    ];
    let spans: Vec<Value> = spans.into_iter().map(|(trace, span)| one(trace, span)).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": resource.iter().map(|(name, value)| attribute(name, value)).collect::<Vec<_>>()},
        "scopeSpans": [{"scope": {"name": "tidegate", "version": env!("CARGO_PKG_VERSION")}, "spans": spans}],
    }]})
}

fn one(trace: &[u8; 16], span: &Span) -> Value {
    let link = |link: &Context| json!({"traceId": hex::encode(link.trace), "spanId": hex::encode(link.span)});
    let attributes: Vec<Value> = span.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    let written = json!({
        "traceId": hex::encode(trace), "spanId": hex::encode(span.id), "name": span.name,
        "kind": if span.calls { CLIENT } else { INTERNAL }, "startTimeUnixNano": nanos(span.start),
        "endTimeUnixNano": nanos(span.end), "attributes": attributes,
    });
    let parent = span.parent.as_ref().map(|parent| ("parentSpanId", json!(hex::encode(parent))));
    let links = (!span.links.is_empty()).then(|| ("links", span.links.iter().map(link).collect()));
    let status = span.failed.then(|| ("status", json!({"code": ERROR})));
    let mut written = written;
    if let Value::Object(members) = &mut written {
        members.extend([parent, links, status].into_iter().flatten().map(|(name, part)| (name.to_string(), part)));
    }
    written
}

fn attribute(name: &str, value: &Attribute) -> Value {
    let value = match value {
        Attribute::Text(text) => json!({"stringValue": text}),
        Attribute::Number(number) => json!({"intValue": number.to_string()}),
        Attribute::Flag(flag) => json!({"boolValue": flag}),
    };
    json!({"key": name, "value": value})
}

fn nanos(at: Timestamp) -> String {
    at.as_nanosecond().max(0).to_string()
}

/// What a collector does not take of what it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    /// How many spans.
    pub rejected: u64,
    /// Why, in its words.
    pub why: String,
}

/// Reads the answer of a collector; one that says nothing has taken all.
pub fn partial(body: &[u8]) -> Partial {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| answer.pointer(&format!("/partialSuccess/{name}"));
    // A long integer is a text in JSON.
    let count = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let why = member("errorMessage").and_then(Value::as_str).unwrap_or_default();
    Partial { rejected: member("rejectedSpans").and_then(count).unwrap_or(0), why: why.into() }
}
