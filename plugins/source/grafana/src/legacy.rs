//! The alerts of dashboards, until Grafana 8: one alert per rule and message.

use tidegate_plugin::source::{Alert, Decoded, Decoding, Node, STATE, Status};

use crate::group::org;

/// Only this format has a state of the rule and no list of alerts.
pub(crate) fn is(body: Node<'_>) -> bool {
    !body.get("alerts").exists() && body.get("ruleId").exists() && body.get("state").exists()
}

/// Decodes a whole body. Which series matched stands in details and not in the alert's identity: when the rule is well
/// again, and when there is no data, Grafana names none.
pub(crate) fn decode(body: Node<'_>) -> Decoding {
    let state = body.get("state").need_text()?.trim().to_ascii_lowercase();
    let status = match state.as_str() {
        "alerting" | "no_data" => Status::Firing,
        "ok" => Status::Resolved,
        // Nothing has happened to what is known.
        "paused" | "pending" | "unknown" => return Ok(Decoded::nothing()),
        _ => return Err(body.get("state").expected("alerting, no_data, ok, paused or pending")),
    };
    let name = body.first(&["ruleName", "title"]).unwrap_or("Grafana alert".into());
    let mut alert = Alert::firing(name.into_owned())
        .status(status)
        .severity(body.path("tags.severity").text())
        .labels(body.get("tags").texts())
        .label("rule_id", body.get("ruleId").text())
        .annotation("summary", body.get("message").text())
        .annotation("grafana_org_id", Some(org(body).into()))
        .annotation("grafana_image_url", body.get("imageUrl").text())
        .annotation("grafana_title", body.get("title").text())
        .link(body.get("ruleUrl").text());
    if state == "no_data" {
        alert = alert.annotation(STATE, Some("no_data".into()));
    }
    for (i, series) in body.get("evalMatches").items().enumerate() {
        let metric = series.get("metric").text().unwrap_or_else(|| i.to_string().into());
        alert = alert.annotation(&format!("value.{metric}"), series.get("value").text());
        let tags = series.get("tags").texts().into_iter().map(|(key, value)| format!("{key}={value}"));
        let tags = tags.collect::<Vec<_>>().join(", ");
        alert = alert.annotation(&format!("series.{metric}"), Some(tags.into()));
    }
    let rule = body.get("ruleId").need_text()?;
    Ok(alert.fingerprint(Some(format!("{}:rule:{rule}", org(body)).into())).into())
}
