//! Source for Checkmk: what a notification script posts, as JSON or as a form, under the names of its context
//! (`NOTIFY_HOSTNAME`) or without the prefix.

use std::borrow::Cow;

use tidegate_plugin::source::{
    Alert, CallError, Decoded, Fields, Inbound, Node, link::absolute, nagios, parse, utc_offset,
};

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let offset = utc_offset(settings)?;
    let settings = parse(settings).map_err(CallError::Misconfigured)?;
    let site = Node::root(&settings).get("url").text();
    let more = |alert, fields: &Fields| more(alert, fields, site.as_deref());
    nagios::decode(&request.body, &offset, more).map_err(|reason| {
        CallError::InvalidInput(format!("{reason}; send the context of the notification as this source's README does"))
    })
}

/// What Checkmk says besides. Its links are relative to the site.
fn more(alert: Alert, fields: &Fields, site: Option<&str>) -> Alert {
    let first = |names: &[&str]| nagios::first(fields, names);
    let link = first(&["url", "serviceurl", "hosturl", "link"]).and_then(|link| absolute(&link, site));
    alert
        .label("site", first(&["omdsite", "site"]))
        .annotation("event", first(&["event"]))
        .annotation("contact", first(&["contactname"]))
        .link(link.map(Cow::Owned))
}
