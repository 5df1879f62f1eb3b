//! One alert of the group.

use serde_json::Value;

use crate::bindings::exports::tidegate::plugin::source::Alert;
use crate::bindings::tidegate::plugin::types::{Moment, Status};
use crate::body::Group;
use crate::link;
use crate::reader::Reader;

/// Fields that become annotations under a name of their own, because a user's annotation may well
/// be called `values`.
const DETAILS: [(&str, &str); 6] = [
    ("valueString", "grafana_value_string"),
    ("imageURL", "grafana_image_url"),
    ("silenceURL", "grafana_silence_url"),
    ("dashboardURL", "grafana_dashboard_url"),
    ("panelURL", "grafana_panel_url"),
    ("generatorURL", "grafana_generator_url"),
];

/// The nearest place to look at first.
const LINKS: [&str; 3] = ["panelURL", "dashboardURL", "generatorURL"];

/// Decodes the alert at `place`.
pub(crate) fn decode(value: &Value, place: &str, group: &Group<'_>) -> Result<Alert, String> {
    let native = Reader::new(value, place)?;
    let status = native.text("status").unwrap_or_default().trim().to_ascii_lowercase();
    let status = match status.as_str() {
        "firing" | "alerting" => Status::Firing,
        "resolved" | "ok" | "normal" => Status::Resolved,
        _ => return native.refuse("status", "firing or resolved"),
    };
    if native.get("labels").is_none() {
        return native.refuse("labels", "an object");
    }
    let labels = native.texts("labels")?;
    let annotations = around(&native, "annotations");
    let label = |wanted: &str| find(&labels, wanted);
    let name = label("alertname")
        .or(group.rule.as_deref())
        .or(group.title.as_deref())
        .or_else(|| find(&annotations, "summary"))
        .unwrap_or("Grafana alert")
        .to_string();
    let severity = label("severity").map(str::to_string);
    let fingerprint = native.text("fingerprint").map(|own| format!("{}:{own}", group.org));
    let moment = |key| native.text(key).map(|text| Moment::Text(text.into()));
    Ok(Alert {
        name,
        status,
        severity,
        starts_at: moment("startsAt"),
        ends_at: moment("endsAt"),
        fingerprint,
        link: first_link(&native, group),
        annotations: with_details(annotations, &native, group),
        labels,
        extra: Vec::new(),
    })
}

/// Stands for an alert that cannot be read: the host leaves it out by this name and reason.
pub(crate) fn unreadable(value: &Value, reason: String) -> Alert {
    let name = value.pointer("/labels/alertname").and_then(Value::as_str).unwrap_or_default();
    Alert {
        name: name.to_string(),
        status: Status::Firing,
        severity: None,
        starts_at: None,
        ends_at: None,
        fingerprint: None,
        link: None,
        annotations: Vec::new(),
        labels: Vec::new(),
        extra: vec![("unreadable".to_string(), reason)],
    }
}

/// Stands for the alerts that Grafana left out of its message.
pub(crate) fn truncated(count: u64) -> Alert {
    let mut alert = unreadable(&Value::Null, format!("the sender left {count} more alerts out of this message"));
    alert.extra.push(("truncated".to_string(), count.to_string()));
    alert
}

fn find<'a>(pairs: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(key, _)| key == wanted)?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

fn first_link(native: &Reader<'_>, group: &Group<'_>) -> Option<String> {
    let absolute = |key: &&str| native.text(key).and_then(|url| link::absolute(&url, group.external_url.as_deref()));
    LINKS.iter().find_map(absolute)
}

/// What stands around an alert costs none: what is no object is one text of that name.
fn around(native: &Reader<'_>, key: &str) -> Vec<(String, String)> {
    let alone = |_| native.text(key).map(|text| (key.to_string(), text.into_owned())).into_iter().collect();
    native.texts(key).unwrap_or_else(alone)
}

/// The user's annotations, then what Grafana adds. Readings change with each evaluation, so they
/// must not become labels. A user's annotation wins over a detail of the same name.
fn with_details(
    mut annotations: Vec<(String, String)>,
    native: &Reader<'_>,
    group: &Group<'_>,
) -> Vec<(String, String)> {
    let mut details = vec![("grafana_org_id".to_string(), group.org.clone())];
    for (name, number) in around(native, "values") {
        details.push((format!("value.{name}"), number));
    }
    for (key, name) in DETAILS {
        if let Some(text) = native.text(key) {
            details.push((name.into(), text.into()));
        }
    }
    for (name, value) in details {
        if !annotations.iter().any(|(taken, _)| *taken == name) {
            annotations.push((name, value));
        }
    }
    annotations
}
