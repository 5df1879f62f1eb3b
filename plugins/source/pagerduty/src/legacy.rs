//! Webhooks v1 and v2: several messages in one body, in the order in which things happened.

use tidegate_plugin::source::{Alert, Decoded, Decoding, Node, STATE, Status, placeholder};

use crate::v3;

/// Decodes a whole body.
pub(crate) fn decode(body: Node<'_>) -> Decoding {
    let messages = body.get("messages").need_items()?;
    Ok(Decoded::of_items(messages, message, |message| {
        incident(message).first(&["title", "trigger_summary_data.subject"])
    }))
}

/// v1 has the incident within `data`, v2 beside the event's name.
fn incident(message: Node<'_>) -> Node<'_> {
    let v1 = message.path("data.incident");
    if v1.exists() { v1 } else { message.get("incident") }
}

fn message(message: Node<'_>) -> Result<Option<Alert>, String> {
    let kind = message
        .first(&["event", "type"])
        .ok_or_else(|| message.get("event").expected("incident.trigger or the like"))?;
    let (status, state) = match kind.trim() {
        "incident.trigger"
        | "incident.unacknowledge"
        | "incident.assign"
        | "incident.escalate"
        | "incident.delegate" => (Status::Firing, None),
        "incident.acknowledge" => (Status::Firing, Some("acknowledged")),
        "incident.resolve" => (Status::Resolved, None),
        _ => return Ok(None),
    };
    let incident = incident(message).need_object()?;
    let by = incident.first(&["last_status_change_by.name", "last_status_change_by.summary"]);
    let mut alert = v3::incident(incident, by)?;
    let subject = incident
        .first(&["trigger_summary_data.subject", "trigger_summary_data.description"])
        // An email's subject is the key of its incident.
        .or_else(|| incident.get("incident_key").text().filter(|key| !key.starts_with('%')));
    if let Some(subject) = subject.and_then(placeholder::filled).filter(|_| !incident.get("title").exists()) {
        alert.name = subject.to_string();
        alert = alert.annotation("summary", Some(subject));
    }
    let over = matches!(status, Status::Resolved);
    let ends = incident
        .first(&["last_status_change_at", "last_status_change_on"])
        .or_else(|| message.get("created_on").text());
    let alert = alert
        .status(status)
        .annotation("assignees", incident.path("assigned_to_user.name").text())
        .annotation(STATE, state.map(Into::into))
        .starts(incident.first(&["created_at", "created_on"]))
        .ends(ends.filter(|_| over));
    Ok(Some(alert))
}
