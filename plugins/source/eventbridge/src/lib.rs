//! Source for Amazon EventBridge: the events that a rule sends to an API destination.
//!
//! What is known of an event's own words is in the kit, because the same events come through SNS as well.

use tidegate_plugin::source::aws::{self, Missing};
use tidegate_plugin::source::{CallError, Decoded, Inbound, Node, misconfigured, parse};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let missing = Missing::of_settings(settings).map_err(misconfigured)?;
    body(request, missing).map_err(CallError::InvalidInput)
}

fn body(request: &Inbound, missing: Missing) -> Result<Decoded, String> {
    let value = parse(&request.body)?;
    let body = Node::root(&value);
    if !body.value().is_some_and(|value| value.is_array()) {
        return event(body, missing);
    }
    // Pipes and queues hand on several at once.
    Ok(aws::together(body.items(), |one| event(one, missing), |one| one.get("detail-type").text()))
}

fn event(body: Node<'_>, missing: Missing) -> Result<Decoded, String> {
    aws::decode(body, None, missing).map_err(|reason| {
        format!("{reason}; the rule's target must have no input transformer: the event has to come as it is")
    })
}
