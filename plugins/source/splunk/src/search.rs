//! One triggered search.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node};

use crate::row::Row;

/// What the row may say of how bad it is; Splunk itself does not send that.
const SEVERITY: [&str; 4] = ["result.severity", "result.urgency", "result.priority", "severity"];

/// Reads one. It always fires: a search that finds nothing any more sends nothing.
pub(crate) fn read(body: Node<'_>, identity: &[Cow<'_, str>]) -> Result<Option<Alert>, String> {
    let body = body.need_object()?;
    if !["search_name", "sid", "result"].iter().any(|key| body.get(key).exists()) {
        return Err(format!(
            "{}; send Splunk's own webhook alert action, whose body is not to be changed",
            body.get("search_name").expected("the name of a search")
        ));
    }
    // Some forwarders of alerts write all rows.
    let rows = body.get("results");
    let result = if body.get("result").exists() { body.get("result") } else { rows.items().next().unwrap_or(rows) };
    let row = Row::of(result, identity);
    let name = body.get("search_name").text().unwrap_or("Splunk search".into());
    let app = body.get("app").text();
    let chosen = identity.iter().filter_map(|key| Some(format!("|{key}={}", result.get(key).joined(", ")?)));
    let fingerprint = format!("{}/{name}{}", app.as_deref().unwrap_or_default(), chosen.collect::<String>());
    let summary = result.first(&["message", "description"]).unwrap_or_else(|| name.clone());
    let details = row.details.into_iter().map(|(key, text)| (format!("result.{key}"), text));
    let alert = Alert::firing(name.clone())
        .severity(SEVERITY.iter().find_map(|path| body.path(path).text()))
        .fingerprint(Some(fingerprint.into()))
        .label("search", Some(name))
        .label("app", app)
        .labels(row.labels)
        .usual_names()
        .annotation("summary", Some(summary))
        .annotation("description", result.get("_raw").joined("\n"))
        .annotation("owner", body.get("owner").text())
        .annotation("sid", body.get("sid").text())
        .annotations(details)
        .starts(result.get("_time").text())
        .link(body.get("results_link").text());
    Ok(Some(alert))
}
