//! Source for Netdata: the webhook of Netdata Cloud, in its schemas for alerts and for nodes that cannot be
//! reached, and a script of an Agent.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status, log};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[])?;
    let body = Node::root(&value).need_object()?;
    let token = body.any_of(&["token", "verification_token", "verificationToken"]);
    let read = match token {
        // The test of Netdata Cloud. Its token is to be pasted there by whoever set it up.
        Some(token) => {
            note(&format!("Netdata Cloud sent a test; its token, to be pasted there under Verification, is {token}"));
            return Ok(Decoded::nothing());
        }
        None if body.path("status.reachable").exists() || body.path("status.text").exists() => reachability,
        None if NAME.iter().any(|name| body.get(name).exists()) => alert,
        None => return Err(foreign(body)),
    };
    Ok(Decoded::of_items([body], read, |body| body.any_of(&NAME).or_else(|| body.get("host").scalar())))
}

/// Netdata Cloud's name of the alert, that of its older versions, and that of an Agent.
const NAME: [&str; 3] = ["alert", "alarm", "name"];

fn foreign(body: Node<'_>) -> String {
    let reason = body.get("alert").expected("a text");
    format!(
        "{reason}; only the webhook of Netdata Cloud and the script of the README of the source netdata can be read"
    )
}

/// Writes to the host's log, which is not there where the logic alone is tested.
fn note(text: &str) {
    if cfg!(target_arch = "wasm32") {
        log::write(log::Level::Info, text);
    }
}

fn alert(body: Node<'_>) -> Result<Option<Alert>, String> {
    let level = body
        .any_of(&["severity", "status"])
        .ok_or_else(|| body.get("severity").expected("warning, critical or clear"))?;
    let (status, severity) = match level.trim().to_ascii_lowercase().as_str() {
        "clear" | "cleared" | "ok" => (Status::Resolved, None),
        "warning" => (Status::Firing, Some("warning")),
        "critical" => (Status::Firing, Some("critical")),
        // States in which an alert of an Agent is not evaluated.
        "removed" | "undefined" | "uninitialized" | "initialized" => return Ok(None),
        _ => return Err(body.get("severity").expected("warning, critical or clear")),
    };
    let name = body.any_of(&NAME).unwrap_or_default();
    let (space, chart) = (body.get("space").scalar(), body.get("chart").scalar());
    let host = body.any_of(&["host", "hostname", "node", "node_name", "node.hostname"]);
    let parts = [&space, &host, &chart].map(|part| part.as_deref().unwrap_or_default());
    let known_by = format!("{}/{name}", parts.join("/"));
    let message = body.any_of(&["message", "summary"]);
    let rooms = body.get("Rooms").members().map(|(room, _)| room.to_string()).collect::<Vec<_>>().join(", ");
    let alert = Alert::firing(name.clone())
        .status(status)
        .severity(severity.map(Cow::Borrowed))
        .label("alert", Some(name.clone()))
        .label("chart", chart)
        .label("context", body.get("context").scalar())
        .label("family", body.get("family").scalar())
        .label("class", body.any_of(&["class", "classification"]))
        .label("space", space)
        .label("host", host)
        .annotation("summary", message.or(Some(name)))
        .annotation("description", body.get("info").scalar())
        .annotation("value", body.any_of(&["value_string", "value"]))
        .annotation("duration", body.any_of(&["duration", "non_clear_duration"]))
        .annotation("rooms", Some(rooms.into()))
        .annotation("other_critical", body.any_of(&["additional_active_critical_alerts", "critical_count"]))
        .annotation("other_warning", body.any_of(&["additional_active_warning_alerts", "warning_count"]))
        .fingerprint(Some(known_by.into()))
        .link(body.any_of(&["alert_url", "alarm_url", "url"]))
        .changed(body.any_of(&["date", "when"]));
    Ok(Some(alert))
}

fn reachability(body: Node<'_>) -> Result<Option<Alert>, String> {
    let host = body.any_of(&["host", "hostname"]).ok_or_else(|| body.get("host").expected("a text"))?;
    let state = body.get("status");
    let reachable = if state.get("reachable").exists() {
        state.get("reachable").flag()
    } else {
        state.get("text").word() == "reachable"
    };
    let alert = Alert::firing("NodeUnreachable")
        .status(if reachable { Status::Resolved } else { Status::Firing })
        .severity(if reachable { None } else { body.get("severity").scalar().or(Some("critical".into())) })
        .label("host", Some(host.clone()))
        .label("space", body.get("space").scalar())
        .annotation(
            "summary",
            body.get("message").scalar().or_else(|| Some(format!("{host} is {}", state.get("text").word()).into())),
        )
        .fingerprint(Some(format!("reachability/{host}").into()))
        .link(body.get("url").scalar())
        .changed(body.get("date").scalar());
    Ok(Some(alert))
}
