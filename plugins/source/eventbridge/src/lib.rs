//! Source for Amazon EventBridge: the events that a rule sends to an API destination.
//!
//! What is known of an event's own words is in the kit, because the same events come through SNS as well.

use tidegate_plugin::source::aws::{self, Missing};
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
    let value = parse(&request.body)?;
    let body = Node::root(&value);
    if !body.value().is_some_and(|value| value.is_array()) {
        return event(body, missing);
    }
    // Pipes and queues hand on several at once.
    let mut all = Decoded::nothing();
    for one in body.items() {
        match event(one, missing) {
            Ok(Decoded { alerts, left_out, .. }) => {
                all.alerts.extend(alerts);
                all.left_out.extend(left_out);
            }
            Err(reason) => {
                let name = one.get("detail-type").text().unwrap_or_default().into_owned();
                all.left_out.push(LeftOut { name, reason, count: 1, by_sender: false });
            }
        }
    }
    Ok(all)
}

fn event(body: Node<'_>, missing: Missing) -> Result<Decoded, String> {
    aws::decode(body, None, missing).map_err(|reason| {
        format!("{reason}; the rule's target must have no input transformer: the event has to come as it is")
    })
}
