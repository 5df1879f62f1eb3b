//! Source for UptimeRobot's webhook: its own variables, or a JSON template that a user wrote with them.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status};

tidegate_plugin::source!(decode);

/// UptimeRobot's own names, and those of the usual template.
const TYPE: [&str; 3] = ["alertType", "alert_type", "alerttype"];
const TYPE_NAME: [&str; 2] = ["alertTypeFriendlyName", "alert_type_friendly_name"];
const NAME: [&str; 3] = ["monitorFriendlyName", "monitor_friendly_name", "monitor_name"];
const URL: [&str; 2] = ["monitorURL", "monitor_url"];

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[]).map_err(template)?;
    let body = Node::root(&value).need_object().map_err(template)?;
    read(body).map_err(template).map(|alert| alert.map_or_else(Decoded::nothing, Decoded::from))
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

fn read(body: Node<'_>) -> Result<Option<Alert>, String> {
    let word = body.any_filled(&TYPE).or_else(|| body.any_filled(&TYPE_NAME));
    let friendly = body.any_filled(&TYPE_NAME);
    let kind = match word.as_deref().map(str::trim).map(str::to_ascii_lowercase).as_deref() {
        Some("1" | "down") => Kind::Down,
        Some("2" | "up") => Kind::Up,
        Some("3") => Kind::Expiry,
        Some(word) if word.contains("expir") || word.contains("ssl") || word.contains("domain") => Kind::Expiry,
        Some("0" | "8" | "9" | "98" | "99" | "paused" | "started") => return Ok(None),
        Some(_) => return Err(format!("{}: expected 1, 2 or 3, found another word", body.get("alert_type").place())),
        None => return Err(body.get("alert_type").expected("1, 2 or 3")),
    };
    let (url, id) = (body.any_filled(&URL), body.any_filled(&["monitorID", "monitor_id", "monitorId"]));
    let name = body.any_filled(&NAME).or_else(|| url.clone()).or_else(|| id.clone());
    let name = name.ok_or_else(|| body.get("monitor_friendly_name").expected("a text"))?;
    let known_by = id.or_else(|| url.clone()).unwrap_or_else(|| name.clone());
    let details = body.any_filled(&["alertDetails", "alert_details"]);
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
        .annotation(
            "duration",
            body.any_filled(&["alertFriendlyDuration", "alert_friendly_duration", "alertDuration", "alert_duration"]),
        )
        .annotation("expires", body.any_filled(&["sslExpiryDate", "ssl_expiry_date"]))
        .annotation("days", body.any_filled(&["sslExpiryDaysLeft", "ssl_expiry_days_left"]))
        .fingerprint(Some(format!("{known_by}{suffix}").into()))
        .link(url)
        .changed(body.any_filled(&["alertDateTime", "alert_date_time", "alert_datetime"]));
    Ok(Some(alert))
}
