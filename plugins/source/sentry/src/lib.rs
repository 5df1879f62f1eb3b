//! Source for Sentry: the webhooks of an integration, told apart by `Sentry-Hook-Resource` or by what they hold, and the
//! legacy WebHooks plugin.
//!
//! An issue's alert, its errors and its own changes share one fingerprint, the issue's id, so that resolving the issue in
//! Sentry ends what its alert has told.

mod event;
mod issue;
mod legacy;
mod metric;
mod project;
mod severity;

use tidegate_plugin::source::{Decoded, Decoding, Inbound, Node, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value).need_object()?;
    let data = body.get("data");
    if !data.exists() && !body.get("installation").exists() {
        return legacy::decode(body);
    }
    let holds = |member: &str| data.get(member).exists();
    let sent = request.header("sentry-hook-timestamp");
    let resource = request.header("sentry-hook-resource").map(|word| word.trim().to_ascii_lowercase());
    match resource.as_deref() {
        Some("event_alert") => event::decode(data, data.get("event")),
        Some("metric_alert") => metric::decode(body),
        Some("issue") => issue::decode(body, sent),
        Some("error") => event::decode(data, data.get("error")),
        // Installations, comments, seats and whatever else there will be are no alerts.
        Some(_) => Ok(Decoded::nothing()),
        None if holds("metric_alert") => metric::decode(body),
        None if holds("event") => event::decode(data, data.get("event")),
        None if holds("error") => event::decode(data, data.get("error")),
        None if holds("issue") => issue::decode(body, sent),
        None => Ok(Decoded::nothing()),
    }
}
