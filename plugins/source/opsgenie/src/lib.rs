//! Source for the outgoing webhook of Opsgenie, which Jira Service Management's operations send as well.
//!
//! One action on one alert a request. Actions that change nothing of whether the alert stands (notes, tags, owners,
//! custom actions) are valid and say nothing.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, STATE, Status, parse, tags};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value).need_object()?;
    let action = body.get("action").need_text()?;
    let native = body.get("alert");
    let word: String = action.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let (status, state) = match word.as_str() {
        "create" | "unacknowledge" => (Status::Firing, None),
        "acknowledge" => (Status::Firing, Some("acknowledged")),
        "snooze" => (Status::Firing, Some("snoozed")),
        "snoozeended" => (Status::Firing, None),
        "close" | "delete" => (Status::Resolved, None),
        // An escalation may hold no more than the alert's number: then nothing new is said of it.
        "escalate" | "escalatenext" | "addrecipient" | "addteam" if native.get("message").exists() => {
            (Status::Firing, None)
        }
        _ => return Ok(Decoded::nothing()),
    };
    Ok(alert(native.need_object()?, status, state)?.into())
}

fn alert(native: Node<'_>, status: Status, state: Option<&str>) -> Result<Alert, String> {
    // Every action has the number; the alias may be missing, and is used again by a later alert.
    let id =
        native.first(&["alertId", "id", "alias"]).ok_or_else(|| native.get("alertId").expected("the alert's id"))?;
    let (pairs, bare) = tags::split(tags::of(native.get("tags")));
    let message = native.get("message").text().map(|text| Cow::Owned(text.trim().to_string()));
    let over = matches!(status, Status::Resolved);
    let entity = native.get("entity").text();
    let alert = Alert::firing(message.clone().unwrap_or("Opsgenie alert".into()))
        .status(status)
        .severity(priority(native.get("priority")))
        .labels(native.get("details").texts())
        .labels(pairs)
        .label("entity", entity)
        .label("source", native.get("source").text())
        .label("team", names(native.get("teams")))
        .annotation("summary", message)
        .annotation("description", native.get("description").text())
        .annotation("runbook_url", native.first(&["details.runbook_url", "details.runbook"]))
        .annotation("tags", Some(bare.join(",").into()))
        .annotation("alias", native.get("alias").text())
        .annotation("tiny_id", native.get("tinyId").text())
        .annotation("changed_by", native.get("username").text())
        .annotation("note", native.get("note").text())
        .annotation("owner", native.get("owner").text())
        .annotation("snoozed_until", native.first(&["snoozeEndDate", "snoozedUntil"]))
        .annotation(STATE, state.map(Into::into))
        .starts(native.get("createdAt").text())
        .ends(native.get("updatedAt").text().filter(|_| over))
        .fingerprint(Some(id))
        .usual_names();
    Ok(alert)
}

/// `P3`, and in some bodies 3.
fn priority(priority: Node<'_>) -> Option<Cow<'_, str>> {
    let text = priority.text()?;
    Some(if matches!(text.trim().as_bytes(), [b'1'..=b'5']) { format!("P{}", text.trim()).into() } else { text })
}

fn names(list: Node<'_>) -> Option<Cow<'_, str>> {
    let names: Vec<Cow<'_, str>> = list
        .items()
        .filter_map(|one| {
            one.get("name").text().or_else(|| one.text().filter(|_| one.value().is_some_and(|value| value.is_string())))
        })
        .collect();
    (!names.is_empty()).then(|| names.join(", ").into())
}
