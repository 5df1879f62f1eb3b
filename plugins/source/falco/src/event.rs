//! One event that a rule matched.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node};

use crate::identity::Place;

/// What Falco says of itself.
const SNAPSHOT: &str = "Falco internal: metrics snapshot";

/// Reads one; it always fires. What Falco measures of itself, and Falcosidekick's test, are no alert.
pub(crate) fn read(event: Node<'_>) -> Result<Option<Alert>, String> {
    let event = event.need_object()?;
    let (rule, output) = (event.get("rule").text(), event.get("output").text());
    if rule.is_none() && output.is_none() {
        return Err(format!("{}; switch Falco's json_output on", event.get("rule").expected("the name of a rule")));
    }
    let test = output.as_deref().is_some_and(|output| output.starts_with("This is a test from falcosidekick"));
    if test || rule.as_deref() == Some(SNAPSHOT) {
        return Ok(None);
    }
    let name = rule.unwrap_or("Falco".into());
    let place = Place::of(event);
    let fingerprint = place.fingerprint(&name);
    let fields = event.get("output_fields").flat(".").into_iter().filter(|(_, text)| text != "<NA>");
    let reading = |(key, text): &(String, String)| {
        key.starts_with("evt.time") || key == "evt.rawtime" || text.parse::<f64>().is_ok()
    };
    let (readings, labels): (Vec<_>, Vec<_>) = fields.partition(reading);
    let container = event.get("output_fields").get("container.name").text();
    let alert = Alert::firing(name.clone())
        .severity(event.get("priority").text())
        .fingerprint(Some(Cow::Owned(fingerprint)))
        .label("rule", Some(name))
        .label("namespace", place.namespace)
        .label("pod", place.pod)
        .label("container", container)
        .label("host", place.host)
        .label("source", event.get("source").text())
        .label("tags", event.get("tags").joined(", "))
        .labels(labels)
        .annotation("summary", output.as_deref().map(|text| without_time(text).into()))
        .annotation("hostname", event.get("hostname").text())
        .annotation("uuid", event.get("uuid").text())
        .annotations(readings)
        .starts(event.get("time").text());
    Ok(Some(alert))
}

/// `09:15:40.698757000: Warning Something happened`: the time and the priority are told elsewhere.
fn without_time(output: &str) -> &str {
    let output = output.trim();
    let Some((time, rest)) = output.split_once(": ") else { return output };
    let is_time = !time.is_empty() && time.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '.');
    let rest = if is_time { rest } else { return output };
    let priorities = ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"];
    let after = priorities.iter().find_map(|word| rest.strip_prefix(word)?.strip_prefix(' '));
    after.unwrap_or(rest).trim()
}
