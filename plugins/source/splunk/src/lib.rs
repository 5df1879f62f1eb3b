//! Source for Splunk: the webhook alert action of a saved search, which sends the first row of what was found.

mod row;
mod search;

use tidegate_plugin::source::{CallError, Decoded, Inbound, Node, parse};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let settings = parse(settings).map_err(|reason| CallError::Misconfigured(format!("settings: {reason}")))?;
    let identity: Vec<_> = Node::root(&settings).get("identity").items().filter_map(Node::text).collect();

    Decoded::of_body(&request.body, |body| search::read(body, &identity), |body| body.get("search_name").text())
        .map_err(CallError::InvalidInput)
}
