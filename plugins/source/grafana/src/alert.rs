//! One alert of the group.

use tidegate_plugin::source::{Alert, Node, Status, link::absolute};

use crate::group::Group;

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

/// Decodes one alert.
pub(crate) fn decode(native: Node<'_>, group: &Group<'_>) -> Result<Alert, String> {
    let word = native.get("status").text().unwrap_or_default().trim().to_ascii_lowercase();
    let status = match word.as_str() {
        "firing" | "alerting" => Status::Firing,
        "resolved" | "ok" | "normal" => Status::Resolved,
        _ => return Err(native.get("status").expected("firing or resolved")),
    };
    let labels = native.get("labels").need_object()?;
    let annotations = around(native, "annotations");
    let summary = annotations.iter().find(|(key, _)| key == "summary").map(|(_, text)| text.as_str().into());
    let label = |key| labels.get(key).text().map(|text| text.trim().to_string());
    let name = label("alertname").map(Into::into).or_else(|| group.rule.clone()).or_else(|| group.title.clone());
    let name = name.or(summary).unwrap_or("Grafana alert".into()).into_owned();
    let link = LINKS.iter().find_map(|key| absolute(&native.get(key).text()?, group.external_url.as_deref()));
    // Readings change with each evaluation, so they must not become labels. A user's annotation wins over a detail
    // of the same name.
    let readings = around(native, "values").into_iter().map(|(name, number)| (format!("value.{name}"), number));
    let mut alert = Alert::firing(name)
        .status(status)
        .severity(label("severity").map(Into::into))
        .labels(labels.texts())
        .annotations(annotations)
        .annotation("grafana_org_id", Some(group.org.as_str().into()))
        .annotations(readings)
        .starts(native.get("startsAt").text())
        .ends(native.get("endsAt").text())
        .fingerprint(native.get("fingerprint").text().map(|own| format!("{}:{own}", group.org).into()))
        .link(link.map(Into::into));
    for (key, name) in DETAILS {
        alert = alert.annotation(name, native.get(key).text());
    }
    Ok(alert)
}

/// What stands around an alert costs none: what is no object is one text of that name.
fn around(native: Node<'_>, key: &str) -> Vec<(String, String)> {
    let around = native.get(key);
    if around.value().is_some_and(|value| value.is_object()) {
        return around.texts();
    }
    around.text().map(|text| (key.to_string(), text.into_owned())).into_iter().collect()
}
