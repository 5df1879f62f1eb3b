//! One event: what set off an issue alert, and an error by itself.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoding, Node};

use crate::{project, severity};

/// Tags that differ from event to event, or that say of whom they are; details, no dimensions.
const VOLATILE: [&str; 6] = ["url", "user", "sentry:user", "level", "trace", "request_id"];

/// Decodes one; it always fires, because Sentry tells of the end with the issue.
pub(crate) fn decode(data: Node<'_>, event: Node<'_>) -> Decoding {
    let event = event.need_object()?;
    let rule = data.first(&["triggered_rule", "issue_alert.title"]);
    let alert = describe(event, title(event))
        .label("rule", rule)
        .fingerprint(fingerprint(event).map(Cow::Owned))
        .link(event.first(&["web_url", "issue_url", "url"]));
    Ok(alert.into())
}

pub(crate) fn title(event: Node<'_>) -> Cow<'_, str> {
    event
        .first(&["title", "metadata.title", "message", "logentry.formatted", "culprit"])
        .unwrap_or("Sentry event".into())
}

/// What an event says of itself, in any of the formats.
pub(crate) fn describe(event: Node<'_>, title: Cow<'_, str>) -> Alert {
    let (details, tags) = tags(event).into_iter().partition::<Vec<_>, _>(|(key, _)| VOLATILE.contains(&key.as_str()));
    let level = event.get("level").text().or_else(|| tag(event, "level"));
    let host = tag(event, "server_name");
    let details = details.into_iter().filter(|(key, _)| key != "level");
    let details = details.map(|(key, value)| (format!("tag.{key}"), value));
    let value = event.first(&["metadata.value", "message", "logentry.formatted", "logentry.message"]);
    Alert::firing(title.clone())
        .severity(severity::of(level))
        .label(
            "project",
            event.first(&["project_slug", "project_name"]).or(project::name(event.get("project")).map(Cow::Owned)),
        )
        .label("environment", event.get("environment").text())
        .label("host", host)
        .labels(tags)
        .annotation("summary", Some(title))
        .annotation("description", value)
        .annotation("culprit", event.first(&["culprit", "location"]))
        .annotation("error_type", event.path("metadata.type").text())
        .annotation("platform", event.get("platform").text())
        .annotation("release", event.get("release").text())
        .annotation("event_id", event.first(&["event_id", "eventID"]))
        .annotations(details)
        .starts(event.first(&["datetime", "dateCreated", "timestamp", "received"]))
}

/// Pairs, or objects of `key` and `value`.
fn tags(event: Node<'_>) -> Vec<(String, String)> {
    let pair = |tag: Node<'_>| {
        let mut parts = tag.items();
        let (key, value) =
            if tag.is_list() { (parts.next()?, parts.next()?) } else { (tag.get("key"), tag.get("value")) };
        Some((key.text()?.into_owned(), value.text()?.into_owned()))
    };
    let tags = event.get("tags");
    if tags.is_object() { tags.texts() } else { tags.items().filter_map(pair).collect() }
}

fn tag<'a>(event: Node<'_>, key: &str) -> Option<Cow<'a, str>> {
    tags(event).into_iter().find(|(known, _)| known == key).map(|(_, value)| Cow::Owned(value))
}

/// The issue's, which older senders name by its address alone. `fingerprint` of an event is a template of grouping
/// (`{{ default }}`) and no identity.
fn fingerprint(event: Node<'_>) -> Option<String> {
    let issue = event.first(&["issue_id", "groupID", "issue.id"]).map(Cow::into_owned);
    let addressed = || {
        let url = event.first(&["issue_url", "web_url"])?;
        let (_, rest) = url.split_once("/issues/")?;
        rest.split('/').next().filter(|id| !id.is_empty()).map(str::to_string)
    };
    match issue.or_else(addressed) {
        Some(id) => Some(format!("issue:{id}")),
        None => Some(format!("event:{}", event.first(&["event_id", "id"])?)),
    }
}
