//! Source for Riemann: events as JSON, one or a list of them.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, parse};

tidegate_plugin::source!(decode);

/// Members that every event has.
const STANDARD: [&str; 8] = ["host", "service", "state", "description", "metric", "tags", "time", "ttl"];

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value);
    let events: Vec<Node<'_>> = match body.get("events").exists() {
        true => body.get("events").items().collect(),
        false if value.is_array() => body.items().collect(),
        false => vec![body.need_object()?],
    };
    if let [event] = events.as_slice()
        && !["host", "service", "state"].iter().any(|name| event.get(name).exists())
    {
        return Err(format!("{}; only events of Riemann can be read", event.get("service").expected("a text")));
    }
    Ok(Decoded::of_items(events, read, |event| event.get("service").scalar()))
}

fn read(event: Node<'_>) -> Result<Option<Alert>, String> {
    let event = event.need_object()?;
    // A reading without a state is no news of anything.
    let Some(state) = event.get("state").scalar() else { return Ok(None) };
    let word = state.trim().to_ascii_lowercase();
    let (host, service) = (event.get("host").scalar(), event.get("service").scalar());
    let name = service.clone().or_else(|| host.clone()).ok_or_else(|| event.get("service").expected("a text"))?;
    let (status, severity): (Status, Option<Cow<'_, str>>) = match word.as_str() {
        "ok" | "up" | "running" | "normal" | "success" | "clear" => (Status::Resolved, None),
        // Nothing was heard of it for longer than it said.
        "expired" => (Status::Firing, Some("warning".into())),
        "down" | "failed" | "failure" => (Status::Firing, Some("error".into())),
        _ => (Status::Firing, Some(state.clone())),
    };
    let place = host.as_deref().map(|host| format!(" on {host}")).unwrap_or_default();
    let custom = event.members().filter(|(key, _)| !STANDARD.contains(key));
    let custom = custom.filter_map(|(key, value)| Some((key.to_string(), value.text()?.into_owned())));
    let alert = Alert::firing(name.clone())
        .status(status)
        .severity(severity)
        .label("host", host.clone())
        .label("check", service)
        .tagged(event.get("tags"), &[','])
        .annotation("summary", Some(format!("{name}{place} is {word}").into()))
        .annotation("description", event.get("description").scalar())
        .annotation("state", Some(state))
        .annotation("value", event.any_of(&["metric", "metric_f", "metric_d", "metric_sint64"]))
        .annotation("ttl", event.get("ttl").scalar())
        .annotations(custom)
        .fingerprint(Some(format!("{}/{name}", host.unwrap_or_default()).into()))
        .changed(event.get("time").scalar());
    Ok(Some(alert))
}
