//! Source for Uptime Kuma's notification type "Webhook": JSON, form data, or the parameters of a GET.

mod expiry;

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Moment, Node, Status, parse, with_zone};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&["data"]).map_err(custom)?;
    let body = Node::root(&value).need_object().map_err(custom)?;
    // A GET has the two as JSON texts.
    let nested = |name| match body.get(name).value().and_then(|value| value.as_str()) {
        Some(text) if !text.trim().is_empty() => parse(text).map(Some).map_err(|reason| format!("{name}: {reason}")),
        _ => Ok(None),
    };
    let (heartbeat, monitor) = (nested("heartbeat").map_err(custom)?, nested("monitor").map_err(custom)?);
    let heartbeat = heartbeat.as_ref().map_or_else(|| body.get("heartbeat"), Node::root);
    let monitor = monitor.as_ref().map_or_else(|| body.get("monitor"), Node::root);
    if heartbeat.exists() || monitor.exists() {
        return Ok(Decoded::of_items(
            [heartbeat],
            |heartbeat| read(body, heartbeat, monitor),
            |_| monitor.get("name").scalar().map(|name| name.into_owned().into()),
        ));
    }
    let Some(message) = body.get("msg").scalar() else {
        return Err(custom(body.get("heartbeat").expected("an object")));
    };
    // Certificates and domains that expire come without a monitor, as the test does.
    Ok(expiry::decode(&message).into())
}

/// A user may write the body as well.
fn custom(reason: String) -> String {
    format!(
        "{reason}; choose the request body \"Preset - application/json\" in Uptime Kuma, because a custom body cannot be read"
    )
}

fn read(body: Node<'_>, heartbeat: Node<'_>, monitor: Node<'_>) -> Result<Option<Alert>, String> {
    let status = match heartbeat.get("status").word().as_str() {
        "0" | "down" => Status::Firing,
        "1" | "up" => Status::Resolved,
        // Tried again, and maintained.
        "2" | "3" | "pending" | "maintenance" => return Ok(None),
        _ => return Err(heartbeat.get("status").expected("0, 1, 2 or 3")),
    };
    let id = monitor.any_of(&["id", "name"]).or_else(|| heartbeat.any_of(&["monitorID", "monitor_id"]));
    let id = id.ok_or_else(|| monitor.get("id").expected("a number"))?;
    let name = monitor.any_of(&["name", "pathName"]).unwrap_or_else(|| format!("monitor {id}").into());
    let url = monitor.get("url").scalar().filter(|url| !matches!(url.trim(), "https://" | "http://"));
    let said = if matches!(status, Status::Firing) { "is down" } else { "is up" };
    let text = heartbeat.get("msg").scalar().or_else(|| body.get("msg").scalar());
    let tags = monitor.get("tags");
    let severity =
        tags.items().find(|tag| tag.get("name").word() == "severity").and_then(|tag| tag.get("value").scalar());
    let alert = Alert::firing(name.clone())
        .status(status)
        .severity(severity)
        .label("monitor", Some(name.clone()))
        .label("monitor_type", monitor.get("type").scalar())
        .label("url", url.clone())
        .label("host", monitor.get("hostname").scalar())
        .label("port", monitor.get("port").scalar())
        .label("container", monitor.get("docker_container").scalar())
        .tagged(tags, &[','])
        .annotation(
            "summary",
            Some(
                format!("{name} {said}{}", text.as_deref().map_or_else(String::new, |text| format!(": {text}"))).into(),
            ),
        )
        .annotation("description", monitor.get("description").scalar())
        .annotation("ping_ms", heartbeat.get("ping").scalar())
        .annotation("path", monitor.get("pathName").scalar())
        .annotation("retries", heartbeat.get("retries").scalar())
        .fingerprint(Some(id.into_owned().into()))
        .link(url);
    let time = time(heartbeat);
    Ok(Some(match status {
        Status::Firing => Alert { starts_at: time, ..alert },
        Status::Resolved => Alert { ends_at: time, ..alert },
    }))
}

/// UTC without a zone, or the server's own time and its offset beside it.
fn time(heartbeat: Node<'_>) -> Option<Moment> {
    let utc = heartbeat.get("time").scalar().map(|time| Moment::Text(time.into_owned()));
    let zone = heartbeat.get("timezoneOffset").scalar().unwrap_or(Cow::Borrowed("Z"));
    utc.or_else(|| Some(with_zone(&heartbeat.get("localDateTime").scalar()?, &zone)))
}
