//! An incident of the classic webhook channel.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, STATE, Status};

/// Reads one; none of the button that tests a channel, whose incident and condition are number 0.
pub(crate) fn read(body: Node<'_>) -> Option<Alert> {
    let zero = |key: &'static str| body.get(key).number() == Some(0);
    if zero("incident_id") && zero("condition_id") {
        return None;
    }
    let state = body.get("current_state").text().unwrap_or_default().trim().to_ascii_lowercase();
    let over = matches!(state.as_str(), "closed" | "resolved");
    let when = body.get("timestamp").text();
    let id = body.get("incident_id").text().map(|id| format!("incident:{id}"));
    let details = body.get("details").text();
    let name = body.get("condition_name").text().or_else(|| details.clone()).unwrap_or("New Relic incident".into());
    let targets: Vec<_> = body.get("targets").items().collect();
    let names: Vec<_> = targets.iter().filter_map(|target| target.get("name").text()).collect();
    let kind = targets.first().and_then(|target| target.get("type").text()).unwrap_or_default().to_ascii_lowercase();
    let subject = match kind.as_str() {
        "application" | "service" => "service",
        "host" | "server" => "host",
        _ => "",
    };
    let one = match names.as_slice() {
        [one] if !subject.is_empty() => Some(one.clone()),
        _ => None,
    };
    let mut alert = Alert::firing(name)
        .status(if over { Status::Resolved } else { Status::Firing })
        .severity(body.get("severity").text())
        .fingerprint(id.map(Cow::Owned))
        .label("policy", body.get("policy_name").text())
        .label("condition", body.get("condition_name").text())
        .label("account", body.first(&["account_name", "account_id"]))
        .label("entity", Some(Cow::Owned(names.join(", "))))
        .label(subject, one)
        .annotation("summary", details)
        .annotation("runbook_url", body.get("runbook_url").text())
        .annotation("chart_url", body.get("violation_chart_url").text())
        .annotation("event_type", body.get("event_type").text())
        .annotation("acknowledged_by", body.get("owner").text())
        .link(body.get("incident_url").text());
    // Of several targets the labels contradict each other.
    if let [target] = targets.as_slice() {
        alert = alert.labels(target.get("labels").texts());
    }
    if state == "acknowledged" {
        alert = alert.annotation(STATE, Some("acknowledged".into()));
    }
    // `timestamp` is when this was sent, and only with `open` when it began.
    Some(match state.as_str() {
        "open" => alert.starts(when),
        _ if over => alert.ends(when),
        _ => alert,
    })
}
