//! Source for CloudWatch alarms and whatever else arrives through an SNS topic.
//!
//! SNS wraps a message in an envelope, unless the subscription has raw delivery; a Lambda function hands on `Records`.
//! What is neither an alarm nor an event of EventBridge was written by a person or by another service, and is an alert
//! that never resolves. A confirmation is handed to the host, which fetches it where that is granted.

mod sns;
mod text;

use tidegate_plugin::source::aws::Missing;
use tidegate_plugin::source::{CallError, Decoded, Inbound, LeftOut, Node, misconfigured, parse};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let missing = missing(settings).map_err(misconfigured)?;
    body(request, missing).map_err(CallError::InvalidInput)
}

fn missing(settings: &str) -> Result<Missing, String> {
    let value = parse(settings)?;
    Missing::read(Node::root(&value).get("insufficient_data"))
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
    let mut all = Decoded::nothing();
    for record in records.need_items()? {
        match sns::record(record, missing) {
            Ok(Decoded { alerts, left_out, .. }) => {
                all.alerts.extend(alerts);
                all.left_out.extend(left_out);
            }
            Err(reason) => all.left_out.push(LeftOut { name: String::new(), reason, count: 1, by_sender: false }),
        }
    }
    Ok(all)
}
