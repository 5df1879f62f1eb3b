//! A change of an issue.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Node, STATE, Status};

use crate::{project, severity};

/// Decodes one. Whether an assigned issue is open stands in the issue and not in the action; when it was resolved or opened
/// again stands nowhere, but for when Sentry `sent` it.
pub(crate) fn decode(body: Node<'_>, sent: Option<&str>) -> Decoding {
    let issue = body.path("data.issue").need_object()?;
    let word = |text: Option<Cow<'_, str>>| text.unwrap_or_default().trim().to_ascii_lowercase();
    let closed =
        |word: &str| matches!(word, "resolved" | "archived" | "ignored" | "muted" | "closed" | "resolvedinnextrelease");
    let open = !closed(&word(issue.get("status").text()));
    let action = word(body.get("action").text());
    // What is open again was first seen before it was resolved, and would be told too late.
    let again = matches!(action.as_str(), "unresolved" | "unarchived" | "regressed" | "escalating");
    let (status, state) = match action.as_str() {
        action if closed(action) => (Status::Resolved, None),
        "assigned" if open => (Status::Firing, Some("assigned")),
        "assigned" => return Ok(Decoded::nothing()),
        "created" => (Status::Firing, None),
        _ if again || open => (Status::Firing, None),
        _ => (Status::Resolved, None),
    };
    let title = issue.first(&["title", "metadata.title", "culprit"]).unwrap_or("Sentry issue".into());
    let assigned = issue.path("assignedTo").first(&["name", "email"]);
    let alert = Alert::firing(title.clone())
        .status(status)
        .severity(severity::of(issue.get("level").text()))
        .fingerprint(issue.get("id").text().map(|id| format!("issue:{id}").into()))
        .label("project", project::name(issue.get("project")).map(Cow::Owned))
        .annotation("summary", Some(title))
        .annotation("description", issue.first(&["metadata.value", "culprit"]))
        .annotation("culprit", issue.get("culprit").text())
        .annotation("error_type", issue.path("metadata.type").text())
        .annotation("platform", issue.get("platform").text())
        .annotation("short_id", issue.get("shortId").text())
        .annotation("count", issue.get("count").text())
        .annotation("users", issue.get("userCount").text())
        .annotation("last_seen", issue.get("lastSeen").text())
        .annotation("priority", issue.get("priority").text())
        .annotation("assigned_to", assigned)
        .annotation(STATE, state.map(Cow::Borrowed))
        .starts(issue.get("firstSeen").text().filter(|_| !again))
        .link(issue.first(&["web_url", "permalink"]));
    let told = again || matches!(status, Status::Resolved);
    Ok(if told { alert.changed(sent.map(Cow::Borrowed)) } else { alert }.into())
}
