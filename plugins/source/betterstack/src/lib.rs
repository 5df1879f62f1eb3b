//! Source for Better Stack Uptime: the webhook of incidents. The same address may get monitors and changes of who
//! is on call.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, STATE, Status, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body).map_err(foreign)?;
    let body = Node::root(&value).need_object().map_err(foreign)?;
    let data = body.get("data");
    if !data.exists() {
        return log_event(body);
    }
    let items: Vec<Node<'_>> =
        if data.value().is_some_and(|data| data.is_array()) { data.items().collect() } else { vec![data] };
    let name = |data: Node<'_>| data.path("attributes.name").scalar().map(|name| name.into_owned().into());
    Ok(Decoded::of_items(items, |data| incident(body, data), name))
}

fn foreign(reason: String) -> String {
    format!("{reason}; only what Better Stack's webhooks of Uptime send can be read")
}

fn incident(body: Node<'_>, data: Node<'_>) -> Result<Option<Alert>, String> {
    // Monitors that were changed, and who is on call now.
    if !matches!(data.get("type").word().as_str(), "incident" | "incidents") {
        return Ok(None);
    }
    let about = data.get("attributes").need_object()?;
    let id = data.get("id").scalar();
    let (event, state) = (body.get("event").word(), about.get("status").word());
    let event = event.strip_prefix("incident.").unwrap_or(&event);
    let resolved = event == "resolved" || state == "resolved" || about.get("resolved_at").scalar().is_some();
    let acknowledged =
        event == "acknowledged" || state == "acknowledged" || about.get("acknowledged_at").scalar().is_some();
    // A reopened one keeps the times of before: what fires now began where the other ended.
    let reopened = event == "reopened";
    let (resolved, acknowledged) = (resolved && !reopened, acknowledged && !reopened);
    let name = about.any_of(&["name", "url", "cause"]).unwrap_or("Better Stack incident".into());
    let cause = about.get("cause").scalar();
    let said = match (resolved, &cause) {
        (true, _) => format!("{name} is well again"),
        (false, Some(cause)) => format!("{name}: {cause}"),
        (false, None) => format!("{name} has an incident"),
    };
    let regions = about.get("regions").items().filter_map(|region| region.scalar()).collect::<Vec<_>>().join(", ");
    let monitor = ["monitor", "heartbeat"].map(|kind| data.get("relationships").get(kind).path("data.id").scalar());
    let alert = Alert::firing(name.clone())
        .status(if resolved { Status::Resolved } else { Status::Firing })
        .severity(about.path("metadata.severity").scalar())
        .label("monitor", Some(name))
        .label("monitor_id", monitor.into_iter().flatten().next())
        .label("url", about.get("url").scalar())
        .label("team", about.get("team_name").scalar())
        .annotation("summary", Some(said.into()))
        .annotation("cause", cause)
        .annotation("method", about.get("http_method").scalar())
        .annotation("regions", Some(regions.into()))
        .annotation("response", about.get("response_content").scalar())
        .annotation("screenshot", about.get("screenshot_url").scalar())
        .annotation("acknowledged_by", about.any_of(&["acknowledged_by", "acknowledged_by.email"]))
        .annotation("resolved_by", about.any_of(&["resolved_by", "resolved_by.email"]))
        .annotation(STATE, (acknowledged && !resolved).then(|| "acknowledged".into()))
        .annotations(about.get("metadata").flat("."))
        .fingerprint(id)
        .starts(about.get(if reopened { "resolved_at" } else { "started_at" }).scalar())
        .link(about.any_of(&["origin_url", "response_url", "url"]));
    Ok(Some(if resolved { alert.ends(about.get("resolved_at").scalar()) } else { alert }))
}

/// The log of incidents, another way in which Better Stack tells of the same: `incident.started`, `monitor.checked`.
fn log_event(body: Node<'_>) -> Decoding {
    let event = body.get("event").word();
    let Some(("incident", what)) = event.split_once('.') else {
        return if event.contains('.') {
            Ok(Decoded::nothing())
        } else {
            Err(foreign(body.get("data").expected("an object")))
        };
    };
    let (status, state): (Status, Option<Cow<'_, str>>) = match what {
        "started" | "created" | "reopened" => (Status::Firing, None),
        "acknowledged" => (Status::Firing, Some("acknowledged".into())),
        "resolved" => (Status::Resolved, None),
        _ => return Ok(Decoded::nothing()),
    };
    let id = body.get("incident_id").need_text().map_err(foreign)?;
    let name = body
        .any_of(&["incident_name", "monitor_name", "monitor_url"])
        .unwrap_or_else(|| format!("incident {id}").into());
    let alert = Alert::firing(name.clone())
        .status(status)
        .label("monitor", Some(name))
        .label("monitor_id", body.get("monitor_id").scalar())
        .label("url", body.get("monitor_url").scalar())
        .annotation("summary", body.get("message").scalar())
        .annotation("cause", body.get("cause").scalar())
        .annotation(STATE, state.clone())
        .fingerprint(Some(id));
    // When it was acknowledged is not when it began.
    Ok(if state.is_some() { alert } else { alert.changed(body.get("dt").scalar()) }.into())
}
