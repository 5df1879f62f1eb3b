//! Source for PagerDuty, from both of its sides: the webhooks that it sends (v3, and v2 and v1 before that), and the
//! events that monitoring tools send to it (Events API v2 and v1), so that whatever can page PagerDuty can page here.

mod events;
mod legacy;
mod v3;

use tidegate_plugin::source::{Decoding, Inbound, Node, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value).need_object()?;
    if body.get("messages").exists() {
        return legacy::decode(body);
    }
    if body.get("event").exists() {
        return v3::decode(body.get("event"));
    }
    if ["event_action", "routing_key", "service_key"].iter().any(|key| body.get(key).exists()) {
        return events::decode(body);
    }
    Err(body.expected("a webhook of PagerDuty (with `event` or `messages`) or an event for it (with `event_action`)"))
}
