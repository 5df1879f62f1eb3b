//! Alerts from formats that carry any event: what an event's type and data say of whether something is wrong.
//!
//! Whoever sends events here has chosen which, so an event that says nothing of its state is an alert.

mod types;
mod words;

use std::borrow::Cow;

use super::{Alert, Node, STATE, Status, first_sentence};
use words::{Said, of_type, word};

pub use types::Types;

/// An event, however it was wrapped.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// `com.example.disk.full`.
    pub kind: &'a str,
    /// Who sent it.
    pub source: Option<&'a str>,
    /// What it is about.
    pub subject: Option<&'a str>,
    /// When it happened.
    pub time: Option<&'a str>,
    /// Everything else.
    pub data: Node<'a>,
    /// How bad it is, where it is said beside the data.
    pub severity: Option<&'a str>,
}

const STATES: [&str; 9] = [
    "status",
    "state",
    "alertState",
    "alert_state",
    "alertStatus",
    "outcome",
    "subject.content.outcome",
    "resourceInfo.properties.availabilityState",
    "currentHealthStatus",
];
const NAMES: [&str; 6] = ["alertname", "labels.alertname", "alertName", "rule", "name", "title"];
const SUMMARIES: [&str; 11] = [
    "summary",
    "annotations.summary",
    "message",
    "output",
    "reason",
    "subject.content.description",
    "description",
    "error",
    "resourceInfo.properties.detailedStatus",
    "title",
    "text",
];
const SEVERITIES: [&str; 5] = ["severity", "labels.severity", "priority", "level", "alertSeverity"];

impl Event<'_> {
    fn titled(self) -> String {
        match self.subject {
            Some(subject) => format!("{}: {subject}", self.kind),
            None => self.kind.to_string(),
        }
    }

    /// The alert that it stands for; none where it changes nothing of what is known.
    pub fn alert(self, types: &Types) -> Option<Alert> {
        let Self { kind, data, .. } = self;
        let state = data.first(&STATES).filter(|state| state.len() < 40);
        let said = types
            .said(kind)
            .or_else(|| state.as_deref().and_then(word))
            .or_else(|| of_type(kind).map(|(said, _)| said));
        let (status, acknowledged) = match said {
            Some(Said::Nothing) => return None,
            Some(Said::Is(status)) => (status, None),
            Some(Said::Acknowledged) => (Status::Firing, Some("acknowledged")),
            None => (Status::Firing, None),
        };
        let text = data.value().and_then(|value| value.as_str()).map(|text| Cow::Owned(text.trim().to_string()));
        let summary = data.first(&SUMMARIES).or_else(|| text.clone());
        let named = data.first(&NAMES).filter(|name| name.len() <= 200);
        let subject = data.path("subject.id").text().or_else(|| self.subject.map(Cow::Borrowed));
        let severity = types.severity(kind).map(Cow::Borrowed).or_else(|| self.severity.map(Cow::Borrowed));
        let name = named.clone().unwrap_or(Cow::Borrowed(kind));
        let what = named.unwrap_or_else(|| base(kind, types).into());
        let mut own = format!("{}|{what}|{}", self.source.unwrap_or_default(), subject.as_deref().unwrap_or_default());
        let mut alert = Alert::firing(name)
            .status(status)
            .severity(severity.or_else(|| data.first(&SEVERITIES)))
            .labels(data.get("labels").texts())
            .label("event_type", Some(base(kind, types).into()))
            .label("event_source", self.source.map(Into::into))
            .label("subject", subject.clone())
            .annotation("summary", Some(summary.as_deref().map_or_else(|| self.titled().into(), first_sentence)))
            .annotation("description", data.first(&["description", "annotations.description"]).or(summary.clone()))
            .annotation("runbook_url", data.first(&["runbook_url", "annotations.runbook_url", "runbook"]))
            .annotation("type", Some(kind.into()))
            .annotation(STATE, acknowledged.map(Into::into))
            .changed(self.time.map(Cow::Borrowed))
            .link(data.first(&["url", "link", "html_url", "generatorURL"]));
        for (key, value) in data.flat(".").into_iter().filter(|(key, _)| !key.starts_with("labels.")).take(60) {
            if let Some(known) = object(&key) {
                alert = alert
                    .label(known, Some(Cow::Borrowed(value.as_str())).filter(|value| !value.starts_with(['{', '['])));
            }
            alert = alert.annotation(&format!("data.{key}"), Some(value.into()));
        }
        let mut alert = alert.usual_names();
        if subject.is_none() {
            // Then the labels tell its events apart, if there are any.
            let mut labels: Vec<String> = alert.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            labels.sort_unstable();
            own.push_str(&labels.join(","));
        }
        alert.fingerprint = Some(own);
        Some(alert)
    }
}

/// Whose name a member holds: `output_fields.k8s.pod.name` is that of a pod.
fn object(key: &str) -> Option<&'static str> {
    let ends = std::iter::successors(Some(key), |rest| rest.split_once('.').map(|(_, rest)| rest));
    ends.filter_map(super::usual::named).next()
}

/// The type without the word that says how it went, so that an end finds its beginning.
fn base(kind: &str, types: &Types) -> String {
    // Where the operator says it, both types have the patterns' common beginning.
    match (types.said(kind), of_type(kind)) {
        (Some(_), _) => kind.rsplit_once('.').map_or(kind, |(before, _)| before).to_string(),
        (None, Some((_, base))) => base,
        (None, None) => kind.to_string(),
    }
}
