//! Source for Grafana: the webhook of unified alerting, and that of the dashboards' alerts before it.
//!
//! One request of unified alerting holds any mix of firing and resolved alerts of one notification group; each alert
//! speaks for itself and the group's own state is not read. One that cannot be read is named and
//! costs none beside it; a body that is not Grafana's is refused, with the place named.

mod alert;
mod group;
mod legacy;

use tidegate_plugin::source::{Decoding, Inbound, Node, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body).map_err(custom)?;
    let body = Node::root(&value).need_object().map_err(custom)?;
    if legacy::is(body) { legacy::decode(body) } else { group::decode(body) }.map_err(custom)
}

/// A contact point may write anything; say what to change there.
fn custom(reason: String) -> String {
    format!(
        "{reason}; if the contact point has a custom payload, remove it, because only Grafana's own format can be read"
    )
}
