//! The WebHooks plugin of Sentry 8 and 9, and of projects that still have it.

use std::borrow::Cow;

use tidegate_plugin::source::{Decoding, Node};

use crate::event::{describe, title};
use crate::{project, severity};

/// Decodes one: the issue at the root, its event within. It always fires.
pub(crate) fn decode(body: Node<'_>) -> Decoding {
    if !body.get("event").is_object() && !body.get("culprit").exists() && !body.get("project").exists() {
        return Err(format!(
            "{}; send webhooks of a Sentry integration (Settings, Custom Integrations), or of the WebHooks plugin",
            body.get("data").expected("Sentry's data")
        ));
    }
    let event = body.get("event");
    let heading = body.first(&["message", "event.title"]).unwrap_or_else(|| title(event));
    let id = body.get("id").text().map(|id| format!("issue:{id}"));
    let rules: Vec<_> = body.get("triggering_rules").items().filter_map(Node::text).collect();
    let mut alert = describe(event, heading);
    if let Some(level) = severity::of(body.get("level").text()) {
        alert = alert.severity(Some(level));
    }
    let named = body.first(&["project_slug", "project_name"]).or(project::name(body.get("project")).map(Cow::Owned));
    // The event has the project as a number.
    alert.labels.retain(|(key, _)| key != "project");
    let alert = alert
        .label("project", named)
        .label("rule", Some(Cow::Owned(rules.join(", "))))
        .annotation("culprit", body.get("culprit").text())
        .fingerprint(id.map(Cow::Owned))
        .link(body.get("url").text());
    Ok(alert.into())
}
