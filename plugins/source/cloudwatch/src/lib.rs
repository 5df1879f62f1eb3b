//! Source for CloudWatch alarms and whatever else arrives through an SNS topic.
//!
//! SNS wraps a message in an envelope, unless the subscription has raw delivery; a Lambda function hands on `Records`.
//! What is neither an alarm nor an event of EventBridge was written by a person or by another service, and is an alert
//! that never resolves. A confirmation is handed to the host, which fetches it where that is granted.

mod sns;
mod text;

use tidegate_plugin::source::aws::{Missing, together};
use tidegate_plugin::source::{CallError, Decoded, Inbound, Node, misconfigured, parse};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let missing = Missing::of_settings(settings).map_err(misconfigured)?;
    body(request, missing).map_err(CallError::InvalidInput)
}

fn body(request: &Inbound, missing: Missing) -> Result<Decoded, String> {
    let Ok(value) = parse(&request.body) else {
        return sns::raw(request);
    };
    let body = Node::root(&value);
    let records = body.get("Records");
    if !records.exists() {
        return sns::message(body, request, missing);
    }
    Ok(together(records.need_items()?, |record| sns::record(record, missing), |_| None))
}
