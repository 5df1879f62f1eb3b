//! One record.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, first_sentence, kubernetes};

use crate::attributes::{is_detail, is_dimension, usual};
use crate::severity::Severity;
use crate::wire::{Record, attributes, members, text};

/// Reads one; none of what is not bad enough.
pub(crate) fn read(read: Record<'_>, minimum: Severity) -> Result<Option<Alert>, String> {
    let record = read.record.need_object()?;
    let own = attributes(record);
    let get = |key: &str| own.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    let severity = Severity::of(record, get("exception.type").is_some());
    if severity < minimum {
        return Ok(None);
    }
    let resource = attributes(read.resource);
    let said = said(read);
    let named = name(read);
    let summary = said.clone().or_else(|| get("exception.message").map(str::to_string));
    let name = named.clone().or_else(|| read.scope.get("name").text()).unwrap_or("OpenTelemetry log".into());
    let fingerprint = fingerprint(&resource, &own, &name, named.is_none().then_some(summary.as_deref()).flatten());
    let of = |key: &str| resource.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let object = of("k8s.object.kind").zip(of("k8s.object.name"));
    let object = object.map(|(kind, name)| (kubernetes::label(&kind), name));
    let (details, labels): (Vec<_>, Vec<_>) = resource.into_iter().partition(|(key, _)| is_detail(key));
    let (dimensions, more): (Vec<_>, Vec<_>) = own.iter().cloned().partition(|(key, _)| is_dimension(key));
    let usual: Vec<_> =
        labels.iter().filter_map(|(key, value)| Some((usual(key)?.to_string(), value.clone()))).collect();
    let alert = Alert::firing(name)
        .severity_of(severity.word(), record.get("severityText").text())
        .fingerprint(Some(fingerprint.into()))
        .labels(labels)
        .labels(dimensions)
        .labels(object)
        .labels(usual)
        .usual_names()
        .label("scope", read.scope.get("name").text())
        .annotation("summary", summary.as_deref().map(first_sentence))
        .annotation("description", summary.clone().map(Cow::Owned))
        .annotation("trace_id", record.get("traceId").text())
        .annotation("span_id", record.get("spanId").text())
        .annotations(more)
        .annotations(details)
        .starts(record.first(&["timeUnixNano", "observedTimeUnixNano"]).filter(|time| time != "0"));
    Ok(Some(alert))
}

/// An event has a name; what has none is one line of a log.
pub(crate) fn name(read: Record<'_>) -> Option<Cow<'_, str>> {
    if let Some(name) = read.record.get("eventName").text() {
        return Some(name);
    }
    let own = attributes(read.record);
    let names = ["event.name", "k8s.event.reason", "exception.type", "alertname"];
    names.iter().find_map(|name| own.iter().find(|(key, _)| key == name)).map(|(_, value)| Cow::Owned(value.clone()))
}

/// What it says for people.
fn said(read: Record<'_>) -> Option<String> {
    let body = read.record.get("body");
    let message = members(body).find(|(key, _)| matches!(key.as_ref(), "message" | "msg" | "note"));
    message.map(|(_, text)| text).or_else(|| text(body)).map(Cow::into_owned)
}

/// The same for each record of one kind from one place. A log's line is told from others by its text, without numbers.
fn fingerprint(resource: &[(String, String)], own: &[(String, String)], name: &str, line: Option<&str>) -> String {
    let get = |key: &&str| own.iter().chain(resource).find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    let workload =
        ["k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name", "k8s.cronjob.name", "k8s.job.name"];
    let pod = workload.iter().find_map(get).or_else(|| get(&"k8s.pod.name")).or_else(|| get(&"k8s.object.name"));
    let places = ["k8s.cluster.name", "k8s.namespace.name", "service.namespace", "service.name"].iter().map(get);
    let host = pod.is_none().then(|| get(&"host.name")).flatten();
    let line: String =
        line.unwrap_or_default().chars().take(200).map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
    let parts = places.chain([pod, host, Some(name), Some(&line)]).map(Option::unwrap_or_default);
    parts.collect::<Vec<_>>().join("|")
}
