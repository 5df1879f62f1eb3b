//! Source for Axiom's custom webhook notifier with its default body.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body).map_err(custom)?;
    let body = Node::root(&value).need_object().map_err(custom)?;
    let event = if body.get("event").exists() { body.get("event") } else { body };
    read(body, event).map_err(custom).map(Decoded::from)
}

/// The body is a template that its users may change.
fn custom(reason: String) -> String {
    format!("{reason}; leave the default body of Axiom's custom webhook notifier as it is")
}

fn read(body: Node<'_>, event: Node<'_>) -> Result<Option<Alert>, String> {
    let action =
        body.any_of(&["action", "event.action"]).ok_or_else(|| body.get("action").expected("Open or Closed"))?;
    let status = match action.trim().to_ascii_lowercase().as_str() {
        "open" | "opened" | "triggered" => Status::Firing,
        "closed" | "close" | "resolved" => Status::Resolved,
        "test" => return Ok(None),
        _ => return Err(body.get("action").expected("Open or Closed")),
    };
    let title = event.get("title").scalar();
    let monitor = event.any_of(&["monitorID", "monitorId", "monitor_id"]);
    let name = title.as_deref().map(without_state).map(|name| name.to_string().into());
    let name: Cow<'_, str> = name.or_else(|| monitor.clone()).ok_or_else(|| event.get("title").expected("a text"))?;
    // A monitor that tells of each group by itself.
    let (keys, values) = (event.get("groupKeys"), event.get("groupValues"));
    let groups = keys.items().zip(values.items());
    let groups: Vec<(String, String)> =
        groups.filter_map(|(key, value)| Some((key.scalar()?.into_owned(), value.text()?.into_owned()))).collect();
    let known_by: Vec<&str> =
        monitor.iter().map(|id| &**id).chain(groups.iter().map(|(_, value)| value.as_str())).collect();
    let known_by = if monitor.is_some() { Some(known_by.join(":")) } else { None };
    let details = event.get("matchedEvent").flat(".").into_iter().map(|(key, value)| (format!("event.{key}"), value));
    let alert = Alert::firing(name.clone())
        .status(status)
        .label("monitor", Some(name))
        .label("monitor_id", monitor)
        .labels(groups)
        .usual_names()
        .annotation("summary", title)
        .annotation("description", event.get("description").scalar().or_else(|| event.get("body").scalar()))
        .annotation("body", event.get("body").text())
        .annotation("value", event.get("value").text())
        .annotation("query_start", event.get("queryStartTime").scalar())
        .annotation("query_end", event.get("queryEndTime").scalar())
        .annotations(details)
        .fingerprint(known_by.map(Cow::Owned))
        .link(event.any_of(&["url", "link"]))
        .changed(event.any_of(&["timestamp", "queryEndTime"]));
    Ok(Some(alert))
}

/// `Triggered: New monitor` is the monitor `New monitor`.
fn without_state(title: &str) -> &str {
    let states = ["Triggered: ", "Resolved: ", "Still triggered: ", "Open: ", "Closed: "];
    states.iter().find_map(|state| title.strip_prefix(state)).unwrap_or(title).trim()
}
