//! A watch that met its condition.

use tidegate_plugin::source::{Alert, Node};

/// The context of a watch: the body itself, or what a template put it into.
pub(crate) fn of(body: Node<'_>) -> Option<Node<'_>> {
    let places = [body, body.get("ctx"), body.get("payload"), body.get("watch")];
    places.into_iter().find(|context| context.get("watch_id").exists())
}

/// Reads one. A watch tells of nothing when it is well again.
pub(crate) fn read(context: Node<'_>) -> Alert {
    let metadata = context.get("metadata");
    let id = context.get("watch_id").text();
    let name = metadata.get("name").text().or_else(|| id.clone()).unwrap_or("Watch".into());
    let plain = metadata.members().filter(|(_, value)| !value.is_object() && !value.is_list());
    let labels = plain.filter_map(|(key, value)| Some((key.to_string(), value.text()?.into_owned())));
    let labels = labels.filter(|(key, _)| !matches!(key.as_str(), "name" | "severity"));
    Alert::firing(name)
        .severity(metadata.first(&["severity", "priority"]))
        .fingerprint(id.clone().map(|id| format!("watch:{id}").into()))
        .label("watch_id", id)
        .labels(labels.collect::<Vec<_>>())
        .annotation("summary", context.first(&["message", "vars.message", "metadata.message"]))
        .annotation("hits", context.first(&["payload.hits.total.value", "payload.hits.total"]))
        .annotation("execution", context.get("id").text())
        .annotation("executed_at", context.first(&["execution_time", "trigger.triggered_time"]))
}
