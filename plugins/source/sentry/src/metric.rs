//! A metric alert: an incident of its own, with a beginning and an end.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoding, Node, Status};

use crate::project;

/// Decodes one; the action is `critical`, `warning` or `resolved`.
pub(crate) fn decode(body: Node<'_>) -> Decoding {
    let data = body.get("data");
    let incident = data.get("metric_alert").need_object()?;
    let rule = incident.get("alert_rule");
    let action = body.get("action").text().map(|word| word.trim().to_ascii_lowercase());
    let over = matches!(action.as_deref(), Some("resolved" | "closed"));
    let name = rule
        .get("name")
        .text()
        .or_else(|| incident.get("title").text())
        .or_else(|| data.get("description_title").text());
    let id = incident.first(&["id", "identifier"]).map(|id| format!("metric:{id}"));
    let id = id.or_else(|| rule.get("id").text().map(|id| format!("metric_rule:{id}")));
    let projects: Vec<_> = incident.get("projects").items().filter_map(project::name).collect();
    let status = if over { Status::Resolved } else { Status::Firing };
    let alert = Alert::firing(name.unwrap_or("Sentry metric alert".into()))
        .status(status)
        .severity(action.filter(|_| !over).map(Cow::Owned))
        .fingerprint(id.map(Cow::Owned))
        .label("project", Some(Cow::Owned(projects.join(", "))))
        .label("environment", rule.get("environment").text())
        .label("rule_id", rule.get("id").text())
        .annotation("summary", data.get("description_title").text())
        .annotation("description", data.get("description_text").text())
        .annotation("query", rule.get("query").text())
        .annotation("aggregate", rule.get("aggregate").text())
        .starts(incident.first(&["date_started", "date_detected", "date_created"]))
        .ends(incident.get("date_closed").text().filter(|_| over))
        .link(data.get("web_url").text());
    Ok(alert.into())
}
