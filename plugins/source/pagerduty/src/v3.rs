//! Webhooks v3: one event of one incident.

use std::borrow::Cow;

use tidegate_plugin::source::severity::in_words;
use tidegate_plugin::source::{Alert, Decoded, Decoding, Node, STATE, Status};

/// Decodes one event. PagerDuty stops sending where it is refused, so what is no change of an incident's state is valid
/// and says nothing: notes, responders, changed services, pings, and what will be added.
pub(crate) fn decode(event: Node<'_>) -> Decoding {
    let kind = event.get("event_type").need_text()?;
    let data = event.get("data");
    let (status, state) = match kind.trim() {
        "incident.triggered" | "incident.unacknowledged" | "incident.reopened" => (Status::Firing, None),
        "incident.escalated" | "incident.reassigned" | "incident.delegated" => (Status::Firing, stated(data)),
        "incident.acknowledged" => (Status::Firing, Some("acknowledged")),
        "incident.resolved" => (Status::Resolved, None),
        _ => return Ok(Decoded::nothing()),
    };
    let occurred = event.get("occurred_at").text();
    // One that is reopened still says when it was made, which is before it was resolved: it would be told too late.
    let made = data.get("created_at").text().filter(|_| kind.trim() != "incident.reopened");
    let begins = matches!(kind.trim(), "incident.triggered" | "incident.reopened");
    let alert = incident(data, event.path("agent.summary").text())?
        .status(status)
        .annotation(STATE, state.map(Into::into))
        .starts(made.or_else(|| occurred.clone().filter(|_| begins)))
        .ends(occurred.filter(|_| matches!(status, Status::Resolved)));
    Ok(alert.into())
}

/// What an incident's own status says of it while it fires.
pub(crate) fn stated(incident: Node<'_>) -> Option<&'static str> {
    incident.get("status").text().filter(|status| status == "acknowledged").map(|_| "acknowledged")
}

/// An incident, the same in webhooks v3 and v2.
pub(crate) fn incident<'a>(data: Node<'a>, by: Option<Cow<'a, str>>) -> Result<Alert, String> {
    let id = data.first(&["id", "incident_key"]).ok_or_else(|| data.get("id").expected("the incident's id"))?;
    let title = data.first(&["title", "summary", "description"]);
    let (severity, urgency) = (severity(data), data.get("urgency").text());
    let teams = names(data.get("teams"));
    let assignees: Vec<Cow<'_, str>> =
        data.get("assignments").items().filter_map(|one| one.path("assignee.summary").text()).collect();
    let assignees = if assignees.is_empty() { names(data.get("assignees")) } else { Some(assignees.join(", ").into()) };
    Ok(Alert::firing(title.clone().unwrap_or("PagerDuty incident".into()))
        .severity_of(severity, data.path("priority.summary").text().or_else(|| urgency.clone()))
        .label("service", data.path("service.summary").text().or_else(|| data.path("service.name").text()))
        .label("service_id", data.path("service.id").text())
        .label("team", teams)
        .label("escalation_policy", data.first(&["escalation_policy.summary", "escalation_policy.name"]))
        .annotation("summary", title)
        .annotation("description", data.path("body.details").text())
        .annotation("incident_number", data.first(&["number", "incident_number"]))
        .annotation("incident_key", data.get("incident_key").text())
        .annotation("urgency", urgency)
        .annotation("priority", data.path("priority.summary").text())
        .annotation("assignees", assignees)
        .annotation("changed_by", by)
        .annotation("conference", data.path("conference_bridge.conference_url").text())
        .fingerprint(Some(id))
        .link(data.get("html_url").text()))
}

/// The priority where it is one that anybody knows (`P1`, `SEV-2`), else how urgent it is.
fn severity(data: Node<'_>) -> &'static str {
    let priority = data.path("priority.summary").text().or_else(|| data.path("priority.name").text());
    let priority = priority.map(|word| word.to_ascii_lowercase().replace("sev-", "sev").replace("sev ", "sev"));
    match priority.as_deref().and_then(in_words) {
        Some("p1" | "sev0" | "sev1" | "critical" | "fatal" | "emergency") => return "critical",
        Some("p2" | "sev2") => return "error",
        Some("p4" | "p5" | "sev4" | "info") => return "info",
        Some(_) => return "warning",
        None => {}
    }
    match data.get("urgency").text().as_deref() {
        Some("high") => "critical",
        _ => "warning",
    }
}

fn names(list: Node<'_>) -> Option<Cow<'_, str>> {
    let names: Vec<Cow<'_, str>> = list.items().filter_map(|one| one.first(&["summary", "name"])).collect();
    (!names.is_empty()).then(|| names.join(", ").into())
}
