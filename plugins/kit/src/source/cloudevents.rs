//! CloudEvents 1.0 (and 0.3) over HTTP: structured, binary and in batches.

use std::borrow::Cow;

use super::{Inbound, Reply, base64};
use crate::json::{Members, Value, parse};

/// An event as one object: its attributes, and `data` as JSON or as text.
///
/// # Errors
/// When the request is none of the three forms: a sentence that says what to change.
pub fn events(request: &Inbound) -> Result<Vec<Value<'_>>, String> {
    let content_type = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let structured = content_type.starts_with("application/cloudevents");
    if !structured && request.header("ce-specversion").is_some() {
        return Ok(vec![binary(request, &content_type)]);
    }
    // Some senders, and proxies, lose the type; the attributes tell.
    match parse(&request.body)? {
        Value::Array(events) => Ok(events.into_iter().map(data).collect()),
        Value::Object(event)
            if structured || event.contains_key("specversion") || event.contains_key("cloudEventsVersion") =>
        {
            Ok(vec![data(Value::Object(event))])
        }
        _ => Err(
            "body: expected a CloudEvent: an object with `specversion`, a list of them, or headers that begin with \
                  `ce-`; set the sender to CloudEvents 1.0 over HTTP"
                .into(),
        ),
    }
}

/// Attributes in headers, data in the body.
fn binary<'a>(request: &'a Inbound, content_type: &str) -> Value<'a> {
    let mut event = Members::default();
    for (name, value) in &request.headers {
        if let Some(name) = name.strip_prefix("ce-") {
            event.insert(name, percent_decoded(value).into());
        }
    }
    if !content_type.is_empty() {
        event.insert("datacontenttype", content_type.to_string().into());
    }
    if !request.body.trim().is_empty() {
        event.insert("data", of_type(&request.body, content_type));
    }
    Value::Object(event)
}

/// Unpacks `data_base64`, and data that is JSON within a text.
fn data(mut event: Value<'_>) -> Value<'_> {
    let Some(members) = event.as_object_mut() else { return event };
    let content_type = members.get("datacontenttype").and_then(Value::as_str).unwrap_or("application/json").to_string();
    let packed = members.get("data_base64").and_then(Value::as_str).and_then(base64);
    if let Some(text) = packed.and_then(|bytes| String::from_utf8(bytes).ok()) {
        members.remove("data_base64");
        members.insert("data", of_type(&text, &content_type).into_owned());
    }
    event
}

fn of_type<'a>(text: &'a str, content_type: &str) -> Value<'a> {
    let json = content_type.is_empty() || content_type.contains("json");
    json.then(|| parse(text).ok()).flatten().unwrap_or_else(|| text.into())
}

/// A header's value: what is not ASCII comes percent-encoded, and quotes may stand around it.
fn percent_decoded(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    // In a form `+` is a blank; here it is itself.
    crate::form::fields(&format!("v={}", text.replace('+', "%2B").replace('&', "%26")))
        .into_iter()
        .next()
        .map_or_else(|| text.to_string(), |(_, value)| value)
}

/// The answer to a sender that asks by `OPTIONS` whether it may send here; none to any other request.
pub fn permission(request: &Inbound) -> Option<Reply> {
    if request.method != "OPTIONS" {
        return None;
    }
    let mut headers = Vec::new();
    if let Some(origin) = request.header("webhook-request-origin") {
        headers.push(("webhook-allowed-origin".to_string(), origin.trim().to_string()));
    }
    if let Some(rate) = request.header("webhook-request-rate") {
        headers.push(("webhook-allowed-rate".to_string(), rate.trim().to_string()));
    }
    Some(Reply { status: 200, content_type: "text/plain".into(), headers, body: String::new() })
}

/// An attribute of an event as a text.
pub fn attribute<'a>(event: &'a Value<'_>, name: &str) -> Option<Cow<'a, str>> {
    crate::json::text(event.get(name)?)
}

/// The place of what is wrong with one event of several.
pub fn within(i: usize, reason: &str) -> String {
    match reason.strip_prefix("body") {
        Some(whole) => format!("[{i}]{whole}"),
        None => format!("[{i}].{reason}"),
    }
}
