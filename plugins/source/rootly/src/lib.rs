//! Source for Rootly's outgoing webhooks: incidents and alerts.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, STATE, Status, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body).map_err(foreign)?;
    let body = Node::root(&value).need_object().map_err(foreign)?;
    let event = body.path("event.type").need_text().map_err(foreign)?.trim().to_ascii_lowercase();
    let read = match event.split_once('.') {
        // Maintenance that was planned is `incident.scheduled.created`.
        Some(("incident", what)) if !what.contains('.') => incident,
        Some(("alert", _)) => alert,
        // Reports, pulses, workflows and whatever else people may have chosen.
        _ => return Ok(Decoded::nothing()),
    };
    Ok(Decoded::of_items([body.get("data")], |data| read(body, data), |data| data.any_of(&["title", "summary"])))
}

fn foreign(reason: String) -> String {
    format!("{reason}; only Rootly's outgoing webhooks can be read")
}

fn incident(body: Node<'_>, data: Node<'_>) -> Result<Option<Alert>, String> {
    let data = data.need_object()?;
    // Exercises, and maintenance.
    let kind = data.get("kind").word();
    if kind.starts_with("test") || kind.starts_with("example") || kind.starts_with("scheduled") {
        return Ok(None);
    }
    let id = data.any_of(&["id", "sequential_id"]);
    let (event, word) = (body.path("event.type").word(), data.get("status").word());
    let over = |word: &str| matches!(word, "resolved" | "cancelled" | "closed" | "completed");
    let told = ["incident.resolved", "incident.cancelled", "incident.deleted"].contains(&event.as_str());
    let resolved = told || over(&word) || data.any_of(&["resolved_at", "cancelled_at"]).is_some();
    let name = data.any_of(&["title", "slug"]).unwrap_or("Rootly incident".into());
    // What is mitigated goes on.
    let state = Some(word)
        .filter(|word| !resolved && matches!(word.as_str(), "mitigated" | "acknowledged" | "triage" | "in_triage"));
    let alert = common(data, name)
        .status(if resolved { Status::Resolved } else { Status::Firing })
        .annotation("status", data.get("status").scalar())
        .annotation("mitigation", data.get("mitigation_message").scalar())
        .annotation("resolution", data.get("resolution_message").scalar())
        .annotation(STATE, state.map(Into::into))
        .fingerprint(id.map(|id| format!("incident:{id}").into()))
        .starts(data.any_of(&["started_at", "created_at"]))
        .link(data.any_of(&["url", "short_url"]));
    let ended = data.any_of(&["resolved_at", "cancelled_at"]).or_else(|| body.path("event.issued_at").scalar());
    Ok(Some(if resolved { alert.ends(ended) } else { alert }))
}

fn alert(body: Node<'_>, data: Node<'_>) -> Result<Option<Alert>, String> {
    let data = data.need_object()?;
    let id = data.any_of(&["id", "external_id"]);
    let (event, word) = (body.path("event.type").word(), data.get("status").word());
    let told =
        matches!(event.as_str(), "alert.resolved" | "alert.deleted") || matches!(word.as_str(), "resolved" | "closed");
    let ended = data.any_of(&["ended_at", "resolved_at"]);
    let resolved = told || ended.is_some();
    let labels = data.get("labels").pairs();
    let name = labels.iter().find(|(key, _)| key == "alertname").map(|(_, name)| Cow::Owned(name.clone()));
    let name = name.or_else(|| data.any_of(&["summary", "title"])).unwrap_or("Rootly alert".into());
    let state = event.ends_with("acknowledged") || word == "acknowledged";
    let state = if state {
        Some("acknowledged")
    } else {
        Some("snoozed").filter(|_| matches!(word.as_str(), "deferred" | "snoozed"))
    };
    let alert = common(data, name)
        .status(if resolved { Status::Resolved } else { Status::Firing })
        .label("source", data.get("source").scalar())
        .annotation("external_id", data.get("external_id").scalar())
        .annotation(STATE, state.filter(|_| !resolved).map(Into::into))
        .fingerprint(id.map(|id| format!("alert:{id}").into()))
        .starts(data.any_of(&["started_at", "created_at"]))
        .link(data.any_of(&["external_url", "url", "short_url"]));
    Ok(Some(if resolved { alert.ends(ended) } else { alert }))
}

/// What both have.
fn common(data: Node<'_>, name: Cow<'_, str>) -> Alert {
    let labels = data.get("labels").pairs();
    let labelled = labels.iter().find(|(key, _)| key == "severity").map(|(_, word)| Cow::Owned(word.clone()));
    let severity = [
        "severity.severity",
        "severity.data.attributes.severity",
        "severity.slug",
        "severity.name",
        "severity",
        "urgency",
    ];
    let severity = data
        .any_of(&severity)
        .or(labelled)
        .or_else(|| data.any_of(&["alert_urgency.name", "data.severity", "data.labels.severity"]));
    Alert::firing(name.clone())
        .severity(severity.clone())
        .labels(labels)
        .usual_names()
        .label("service", one_of(data.get("services")))
        .label("environment", one_of(data.get("environments")))
        .label("team", one_of(data.get("groups")).or_else(|| one_of(data.get("teams"))))
        .annotation("summary", data.any_of(&["title", "summary"]).or(Some(name)))
        .annotation("description", data.any_of(&["description", "summary"]))
        .annotation("severity_raw", severity)
        .annotation("services", names(data.get("services")))
}

/// The name of the one item of a list.
fn one_of(list: Node<'_>) -> Option<Cow<'_, str>> {
    let mut items = list.items();
    let first = items.next()?;
    if items.next().is_some() {
        None
    } else {
        first.any_of(&["name", "slug", "attributes.name"]).or_else(|| first.scalar())
    }
}

fn names(list: Node<'_>) -> Option<Cow<'_, str>> {
    let names =
        list.items().filter_map(|item| item.any_of(&["name", "slug", "attributes.name"]).or_else(|| item.scalar()));
    Some(names.collect::<Vec<_>>().join(", ").into())
}
