//! Source for Site24x7's webhook with its incident parameters.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[]).map_err(custom)?;
    let body = Node::root(&value).need_object().map_err(custom)?;
    if !body.get("STATUS").exists() {
        return Err(custom(body.get("STATUS").expected("UP, DOWN, TROUBLE or CRITICAL")));
    }
    Ok(Decoded::of_items([body], read, |body| body.get("MONITORNAME").scalar()))
}

fn custom(reason: String) -> String {
    format!("{reason}; in Site24x7's webhook choose \"Send Incident Parameters\"")
}

fn read(body: Node<'_>) -> Result<Option<Alert>, String> {
    let field = |name| body.any_filled(&[name]);
    let word = body.get("STATUS").word();
    let (status, severity): (Status, Option<&str>) = match word.as_str() {
        "down" | "critical" => (Status::Firing, Some("critical")),
        "trouble" => (Status::Firing, Some("warning")),
        "up" | "ok" | "clear" => (Status::Resolved, None),
        "suspended" | "maintenance" | "discovery" | "configuration error" => return Ok(None),
        _ => return Err(body.get("STATUS").expected("UP, DOWN, TROUBLE or CRITICAL")),
    };
    let (name, url) = (field("MONITORNAME"), field("MONITORURL"));
    let known_by = match (field("MONITOR_ID").or_else(|| field("MONITORID")), &url, &name) {
        (Some(id), _, _) => id,
        (None, Some(url), Some(name)) => format!("{url} {name}").into(),
        (None, Some(one), None) | (None, None, Some(one)) => one.clone(),
        (None, None, None) => return Err(body.get("MONITORNAME").expected("a text")),
    };
    let name = name.unwrap_or_else(|| known_by.clone());
    let why = field("INCIDENT_REASON").or_else(|| field("REASON"));
    let state = if word == "trouble" { "in trouble" } else { word.as_str() };
    let said = match &why {
        Some(why) if matches!(status, Status::Firing) => format!("{name} is {state}: {why}"),
        _ => format!("{name} is {state}"),
    };
    let incident = field("INCIDENT_TIME_ISO").or_else(|| field("INCIDENT_TIME"));
    let began =
        field("OUTAGE_TIME_UNIX_FORMAT").or_else(|| incident.clone().filter(|_| matches!(status, Status::Firing)));
    let mut alert = Alert::firing(name.clone())
        .status(status)
        .severity(severity.map(Cow::Borrowed))
        .label("monitor", Some(name))
        .label("monitor_type", field("MONITORTYPE"))
        .label("url", url)
        .tagged(body.get("TAGS"), &[','])
        .annotation("summary", Some(said.into()))
        .annotation("description", why)
        .annotation("severity_raw", field("STATUS"))
        .annotation("failed_locations", field("FAILED_LOCATIONS"))
        .annotation("monitor_groups", field("MONITOR_GROUPNAME"))
        .annotation("group_tags", body.get("GROUP_TAGS").text())
        .annotation("failed_attributes", body.get("FAILED_ATTRIBUTES").text())
        .annotation("details", field("INCIDENT_DETAILS"))
        .annotation("downtime", field("DOWNTIME_DURATION"))
        .annotation("dashboard", field("MONITOR_DASHBOARD_LINK"))
        .fingerprint(Some(known_by))
        .starts(began)
        .link(field("RCA_LINK").or_else(|| field("MONITOR_DASHBOARD_LINK")));
    if matches!(status, Status::Resolved) {
        alert = alert.ends(incident);
    }
    Ok(Some(alert))
}
