//! Source for UptimeRobot's webhook: its own variables, or a JSON template that a user wrote with them.

use std::borrow::Cow;

use tidegate_plugin::source::fields::Fields;
use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[]).map_err(template)?;
    let body = Node::root(&value).need_object().map_err(template)?;
    read(&Fields::of(body)).map_err(template).map(Decoded::from)
}

fn template(reason: String) -> String {
    format!("{reason}; use the template of the README of the source uptimerobot as UptimeRobot's POST value")
}

enum Kind {
    Down,
    Up,
    /// A certificate or a domain expires.
    Expiry,
}

fn read(body: &Fields) -> Result<Option<Alert>, String> {
    let word = body.first(&["alerttype", "alerttypefriendlyname"]);
    let friendly = body.first(&["alerttypefriendlyname"]);
    let kind = match word.as_deref().map(str::trim).map(str::to_ascii_lowercase).as_deref() {
        Some("1" | "down") => Kind::Down,
        Some("2" | "up") => Kind::Up,
        Some("3") => Kind::Expiry,
        Some(word) if word.contains("expir") || word.contains("ssl") || word.contains("domain") => Kind::Expiry,
        Some("0" | "8" | "9" | "98" | "99" | "paused" | "started" | "pending") => return Ok(None),
        Some(_) => return Err("alert_type: expected 1, 2 or 3, found another word".into()),
        None => return Err("alert_type: expected 1, 2 or 3, found nothing".into()),
    };
    let (url, id) = (body.first(&["monitorurl"]), body.first(&["monitorid"]));
    let name = body.first(&["monitorfriendlyname", "monitorname"]).or_else(|| url.clone()).or_else(|| id.clone());
    let name = name.ok_or_else(|| "monitor_friendly_name: expected a text, found nothing".to_string())?;
    let known_by = id.or_else(|| url.clone()).unwrap_or_else(|| name.clone());
    let details = body.first(&["alertdetails"]);
    let domain = [&word, &friendly].into_iter().flatten().any(|word| word.to_ascii_lowercase().contains("domain"));
    let what = if domain { "domain" } else { "certificate" };
    let (status, severity, called) = match kind {
        Kind::Down => (Status::Firing, None, name.to_string()),
        Kind::Up => (Status::Resolved, None, name.to_string()),
        Kind::Expiry => (Status::Firing, Some("warning"), format!("{what} of {name} expires")),
    };
    let said = match kind {
        Kind::Down => format!("{name} is down"),
        Kind::Up => format!("{name} is up"),
        Kind::Expiry => called.clone(),
    };
    let summary = details.as_deref().map_or_else(|| said.clone(), |details| format!("{said}: {details}"));
    let suffix = if matches!(kind, Kind::Expiry) { format!(":{what}") } else { String::new() };
    let alert = Alert::firing(called)
        .status(status)
        .severity(severity.map(Cow::Borrowed))
        .label("monitor", Some(name.clone()))
        .label("url", url.clone())
        .annotation("summary", Some(summary.into()))
        .annotation("description", details)
        .annotation("alert_type", friendly)
        .annotation("duration", body.first(&["alertfriendlyduration", "alertduration"]))
        .annotation("expires", body.first(&["sslexpirydate"]))
        .annotation("days", body.first(&["sslexpirydaysleft"]))
        .fingerprint(Some(format!("{known_by}{suffix}").into()))
        .link(url)
        .changed(body.first(&["alertdatetime"]));
    Ok(Some(alert))
}
