//! One alert.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Fields, STATE, Status, with_zone};

/// Reads one; none of the button that tests a transport.
pub(crate) fn read(fields: &Fields, offset: &str) -> Result<Option<Alert>, String> {
    let title = fields.first(&["title"]);
    let name = fields.first(&["name", "rulename", "alertname"]);
    let host = fields.first(&["hostname", "display", "sysname", "host"]);
    if title.as_deref().is_some_and(|title| title.starts_with("Testing transport"))
        || name.as_deref() == Some("Test-Rule")
    {
        return Ok(None);
    }
    if name.is_none() && title.is_none() {
        return Err(
            "body: expected the rule's `name`, found none; use the body of this source's README in the API transport"
                .into(),
        );
    }
    let severity = fields.first(&["severity"]);
    let (status, state) = state(fields, title.as_deref());
    let device = fields.first(&["deviceid"]).or_else(|| host.clone());
    let rule = fields.first(&["ruleid"]).or_else(|| name.clone());
    let fingerprint = match (device, rule) {
        (Some(device), Some(rule)) => Some(format!("{device}:{rule}")),
        _ => fields.first(&["alertid", "uid"]).map(|id| format!("alert:{id}")),
    };
    let when = fields.first(&["timestamp"]).map(|text| with_zone(&text, offset));
    let alert = Alert::firing(name.or_else(|| title.clone()).unwrap_or_default())
        .status(status)
        .severity(severity)
        .fingerprint(fingerprint.map(Cow::Owned))
        .label("host", host)
        .label("os", fields.first(&["os"]))
        .label("device_type", fields.first(&["type"]))
        .label("location", fields.first(&["location"]))
        .label("rule_id", fields.first(&["ruleid"]))
        .annotation("summary", title)
        .annotation("description", fields.first(&["msg", "message"]))
        .annotation("faults", fields.first(&["faults"]))
        .annotation("runbook_url", fields.first(&["proc"]))
        .annotation("notes", fields.first(&["alertnotes", "notes"]))
        .annotation("display_name", fields.first(&["display", "sysname"]))
        .annotation("host_address", fields.first(&["ip"]))
        .annotation("hardware", fields.first(&["hardware"]))
        .annotation("uptime", fields.first(&["uptimelong", "uptimeshort"]))
        .annotation("elapsed", fields.first(&["elapsed"]))
        .annotation("alert_id", fields.first(&["alertid"]))
        .annotation(STATE, state.map(Cow::Borrowed))
        .link(fields.first(&["url", "link", "deviceurl"]));
    Ok(Some(match status {
        Status::Firing => alert.started(when),
        Status::Resolved => alert.ended(when),
    }))
}

/// 0 is well, 1 fires, 2 somebody has it, 3 got worse, 4 got better, 5 changed; without it the severity `ok` tells.
fn state(fields: &Fields, title: Option<&str>) -> (Status, Option<&'static str>) {
    match fields.word(&["state", "alertstate"]).as_str() {
        "0" | "ok" | "recovered" | "recovery" | "resolved" | "clear" => (Status::Resolved, None),
        "2" | "acknowledged" | "ack" => (Status::Firing, Some("acknowledged")),
        "" if fields.word(&["severity"]) == "ok" => (Status::Resolved, None),
        "" if title.is_some_and(|title| title.contains(" recovered from ")) => (Status::Resolved, None),
        _ => (Status::Firing, None),
    }
}
