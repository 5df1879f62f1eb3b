//! Source for Datadog's webhooks.
//!
//! The body is the user's own, made of variables, so each field is looked for under the names of the body that the
//! README recommends, of Datadog's default body, and of others that are in use. A variable that was not filled in
//! (`$ALERT_ID`) is no value.

mod fields;
mod title;

use std::borrow::Cow;

use tidegate_plugin::json::Value;
use tidegate_plugin::source::{Alert, Decoding, Inbound, Node, STATE, Status, placeholder, tags};

use fields::Fields;
use title::Title;

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = body(request)?;
    let fields = Fields::of(Node::root(&value).need_object()?);
    let event = fields.text(&["title", "event_title"]);
    let plain = fields.text(&["alert_title", "alert_name", "monitor_name", "name"]);
    let title = Title::of(event.as_deref().or(plain.as_deref()).unwrap_or_default());
    let name = plain.as_deref().map(|text| Title::of(text).name).filter(|name| !name.is_empty()).unwrap_or(title.name);
    if name.is_empty() && fields.text(&["alert_id", "id", "event_type", "event_id"]).is_none() {
        return Err(Node::root(&value)
            .get("title")
            .expected("the title of an event of Datadog; the README of this source has a body for the webhook"));
    }
    let transition = fields.text(&["alert_transition", "transition", "alert_status_transition"]);
    let kind = fields.text(&["alert_type", "type"]);
    let (status, state) = status(transition.as_deref().or(title.state), kind.as_deref());
    let priority = fields.text(&["alert_priority", "priority", "severity"]);
    let scope = fields.text(&["alert_scope", "scope", "alert_group"]);
    let scope = scope.as_deref().or(title.scope).unwrap_or_default().trim_matches(['{', '}']).to_string();
    let (of_scope, _) = tags::split(scope.split(',').map(|tag| Cow::Owned(tag.trim().to_string())));
    let (of_tags, bare) =
        tags::split(tags::of(fields.node(&["tags", "alert_tags"])).into_iter().filter_map(placeholder::filled));
    let link = fields.text(&["link", "url", "event_link", "alert_url"]);
    let id = fields.text(&["alert_id", "monitor_id", "alert.id"]);
    let date = fields.text(&["date", "last_updated"]);
    let name = if name.is_empty() { "Datadog alert" } else { name };
    let mut alert = Alert::firing(name)
        .status(status)
        .severity(
            severity(priority.as_deref().or(title.priority), kind.as_deref(), status)
                .map(|word| Cow::Owned(word.to_string())),
        )
        .labels(of_scope)
        .labels(of_tags)
        .label("host", fields.text(&["hostname", "host"]))
        .label("monitor_id", id.clone())
        .label("org", fields.text(&["org_name", "org.name"]))
        .annotation("summary", event.clone().or(plain))
        .annotation(
            "description",
            fields.text(&["body", "event_msg", "text_only_msg", "message", "text"]).map(|text| without_marks(&text)),
        )
        .annotation("tags", Some(bare.join(",").into()))
        .annotation(STATE, state.map(Into::into))
        .fingerprint(identity(&fields, id.as_deref(), &scope))
        .link(link)
        .usual_names();
    for (name, keys) in DETAILS {
        alert = alert.annotation(name, fields.text(keys));
    }
    Ok(alert.changed(date).into())
}

const DETAILS: [(&str, &[&str]); 10] = [
    ("transition", &["alert_transition", "transition"]),
    ("query", &["alert_query", "query"]),
    ("metric", &["alert_metric", "metric"]),
    ("status", &["alert_status", "alert.status"]),
    ("value", &["alert_value", "value"]),
    ("snapshot_url", &["snapshot"]),
    ("event_type", &["event_type"]),
    ("event_id", &["event_id", "id"]),
    ("logs_sample", &["logs_sample"]),
    ("incident_url", &["incident_url"]),
];

/// JSON, or the form that Datadog makes of the body's members where that is ticked.
fn body(request: &Inbound) -> Result<Value<'_>, String> {
    request.any_form(&["payload"]).map_err(|reason| {
        format!(
            "{reason}; in the webhook's body write each variable in quotes of its own, such as \"title\": \"$EVENT_TITLE\""
        )
    })
}

/// The transition says it where there is one; else the kind does, which is `success` of what is well again.
fn status(transition: Option<&str>, kind: Option<&str>) -> (Status, Option<&'static str>) {
    let word = transition.unwrap_or_default().trim().to_ascii_lowercase();
    if word.contains("recover") || word == "ok" || word == "resolved" {
        return (Status::Resolved, None);
    }
    if word.is_empty() && kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("success")) {
        return (Status::Resolved, None);
    }
    (Status::Firing, word.contains("no data").then_some("no_data"))
}

/// The monitor's priority, else the kind of the event. `normal` is the priority of every event, and `success` says
/// nothing of how bad it was.
fn severity<'t>(priority: Option<&'t str>, kind: Option<&'t str>, status: Status) -> Option<&'t str> {
    let word = priority.map(str::trim).filter(|word| !word.eq_ignore_ascii_case("normal"));
    word.or_else(|| kind.map(str::trim).filter(|_| matches!(status, Status::Firing)))
}

/// What Datadog aggregates events by, which is the same for a group's alert and its recovery; else the monitor and its
/// group. The number of the event itself is another one each time.
fn identity<'a>(fields: &Fields<'a>, id: Option<&str>, scope: &str) -> Option<Cow<'a, str>> {
    let cycle = fields.text(&["aggreg_key", "aggregation_key", "alert_cycle_key", "cycle_id"]);
    cycle.or_else(|| id.map(|id| Cow::Owned(format!("{id}/{scope}"))))
}

/// Datadog marks Markdown with `%%%` before and behind.
fn without_marks(text: &str) -> Cow<'static, str> {
    text.trim().trim_start_matches("%%%").trim_end_matches("%%%").trim().to_string().into()
}
