//! An alert of a stream, until Graylog 3.0.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, Status};

/// Reads one; `triggered` says whether the condition holds.
pub(crate) fn read(body: Node<'_>) -> Alert {
    let (result, stream) = (body.get("check_result"), body.get("stream"));
    let condition = result.get("triggered_condition");
    let over = result.get("triggered").text().is_some_and(|text| text == "false");
    let name = condition.get("title").text().or_else(|| stream.get("title").text()).unwrap_or("Graylog alert".into());
    let ids = [stream.get("id").text(), condition.get("id").text()];
    let known = ids.iter().any(Option::is_some);
    let fingerprint = ids.map(Option::unwrap_or_default).join(":");
    let messages: Vec<_> =
        result.get("matching_messages").items().filter_map(|one| one.get("message").text()).take(5).collect();
    let status = if over { Status::Resolved } else { Status::Firing };
    Alert::firing(name)
        .status(status)
        .fingerprint(known.then_some(Cow::Owned(fingerprint)))
        .label("stream", stream.get("title").text())
        .label("stream_id", stream.get("id").text())
        .label("condition_type", condition.get("type").text())
        .annotation("summary", result.get("result_description").text())
        .annotation("description", stream.get("description").text())
        .annotation("messages", Some(Cow::Owned(messages.join("\n"))))
        .changed(result.get("triggered_at").text())
        .link(body.get("stream_url").text())
}
