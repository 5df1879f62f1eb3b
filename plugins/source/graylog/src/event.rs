//! An event of an event definition.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node};

/// Reads one; none of the button that tests a notification. It fires: Graylog says nothing when the condition does not
/// hold any more.
pub(crate) fn read(body: Node<'_>) -> Option<Alert> {
    let event = body.get("event");
    let id = body.first(&["event_definition_id", "event.event_definition_id"]);
    // A custom notification may write all on one level.
    let message = body.first(&["event.message", "event_message"]);
    let test = |message: &str| message.starts_with("Notification test message triggered from user");
    if id.as_deref() == Some("EventDefinitionTestId") || message.as_deref().is_some_and(test) {
        return None;
    }
    let title = body.get("event_definition_title").text().or_else(|| message.clone());
    let name = title.or_else(|| id.clone()).unwrap_or("Graylog event".into());
    let groups = event.get("group_by_fields");
    let key = body.first(&["event.key", "event_key"]).or_else(|| event.get("key_tuple").joined("|"));
    let key = key.or_else(|| {
        let all: Vec<_> = groups.texts().into_iter().map(|(field, value)| format!("{field}={value}")).collect();
        (!all.is_empty()).then(|| all.join("|").into())
    });
    let known = id.clone().unwrap_or_else(|| name.clone());
    let backlog: Vec<_> = body.get("backlog").items().filter_map(|one| one.get("message").text()).take(5).collect();
    let description = body.get("event_definition_description").text().filter(|text| text.trim().len() > 1);
    let (readings, fields): (Vec<_>, Vec<_>) =
        event.get("fields").texts().into_iter().partition(|(_, value)| value.trim().parse::<f64>().is_ok());
    let priority =
        ["event.priority", "event_priority"].map(|path| body.path(path)).into_iter().find(|one| one.exists());
    let priority = priority.unwrap_or(event);
    let alert = Alert::firing(name);
    let alert = match severity(priority.number()) {
        Some(word) => alert.severity_of(word, None),
        None => alert.severity(priority.text().filter(|_| !priority.is_object())),
    };
    Some(
        alert
            .fingerprint(Some(format!("{known}:{}", key.as_deref().unwrap_or_default()).into()))
            .label("event_definition_id", id)
            .label("key", key)
            .label("graylog_server", body.first(&["event.source", "event_source"]))
            .labels(groups.texts())
            .labels(fields)
            .usual_names()
            .annotation("summary", message)
            .annotation("description", description)
            .annotation("messages", Some(Cow::Owned(backlog.join("\n"))))
            .annotation("priority", priority.text().filter(|_| !priority.is_object()))
            .annotation("query", event.path("replay_info.query").text())
            .annotation("streams", event.get("source_streams").joined(", "))
            .annotation("event_id", body.first(&["event.id", "event_id"]))
            .annotations(readings)
            .starts(body.first(&["event.timestamp", "event_timestamp", "event.timestamp_processing"])),
    )
}

/// 1 is low, 2 normal, 3 high, and 4 critical.
fn severity(priority: Option<i64>) -> Option<&'static str> {
    Some(match priority? {
        ..=1 => "info",
        2 => "warning",
        3 => "error",
        4.. => "critical",
    })
}
