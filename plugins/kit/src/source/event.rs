//! Alerts from formats that carry any event: what an event's type and data say of whether something is wrong.
//!
//! Whoever sends events here has chosen which, so an event that says nothing of its state is an alert.

use std::borrow::Cow;

use serde_json::Value;

use super::{Alert, Node, STATE, Status, first_sentence, parse};

/// What the operator says of types: lists of patterns, `*` standing for anything.
#[derive(Debug, Default)]
pub struct Types {
    ignore: Vec<String>,
    firing: Vec<String>,
    resolved: Vec<String>,
    severity: Vec<(String, String)>,
}

impl Types {
    /// Reads the settings `ignore`, `firing`, `resolved` and `severity`.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn read(settings: &str) -> Result<Self, String> {
        let value = parse(settings)?;
        let settings = Node::root(&value);
        let list = |name: &'static str| {
            let list = settings.get(name);
            if !list.exists() {
                return Ok(Vec::new());
            }
            list.need_items()?
                .map(|pattern| Ok(pattern.need_text()?.into_owned()))
                .collect::<Result<Vec<String>, String>>()
        };
        let severity = settings.get("severity");
        let severity = if severity.exists() { severity.need_object()?.texts() } else { Vec::new() };
        Ok(Self { ignore: list("ignore")?, firing: list("firing")?, resolved: list("resolved")?, severity })
    }

    /// What they say of a type; none where they say nothing.
    fn said(&self, kind: &str) -> Option<Said> {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, kind));
        if any(&self.ignore) {
            Some(Said::Nothing)
        } else if any(&self.firing) {
            Some(Said::Is(Status::Firing))
        } else if any(&self.resolved) {
            Some(Said::Is(Status::Resolved))
        } else {
            None
        }
    }

    fn severity(&self, kind: &str) -> Option<&str> {
        self.severity.iter().find(|(pattern, _)| matches(pattern, kind)).map(|(_, word)| word.as_str())
    }
}

/// Whether a text is what a pattern stands for.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.trim().to_ascii_lowercase(), text.trim().to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[derive(Clone, Copy)]
enum Said {
    Nothing,
    Is(Status),
    Acknowledged,
}

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
        let text = data.value().and_then(Value::as_str).map(|text| Cow::Owned(text.trim().to_string()));
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
            .starts_or_ends(status, self.time.map(Cow::Borrowed))
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

/// What a type says by its last words: `….failed.v1`, `ResourceWriteSuccess`.
fn of_type(kind: &str) -> Option<(Said, String)> {
    let bytes = kind.as_bytes();
    let mut end = kind.len();
    while end > 0 {
        let start = (0..end).rev().find(|at| {
            let (here, before) =
                (bytes.get(*at).copied().unwrap_or(b'.'), at.checked_sub(1).and_then(|at| bytes.get(at)).copied());
            *at == 0
                || before.is_some_and(|before| !before.is_ascii_alphanumeric())
                || (here.is_ascii_uppercase() && before.is_some_and(|before| before.is_ascii_lowercase()))
        })?;
        let part = kind.get(start..end)?.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let version = part.chars().all(|c| c.is_ascii_digit()) || (part.starts_with('v') && part.len() < 4);
        if let Some(said) = word(part).filter(|_| !version) {
            let before = kind.get(..start)?.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let before = before.strip_suffix("Near").unwrap_or(before);
            return Some((said, before.to_string()));
        }
        if !version && !part.is_empty() {
            return None;
        }
        end = start.saturating_sub(usize::from(start > 0 && !bytes.get(start - 1)?.is_ascii_alphanumeric()));
        if start == 0 {
            return None;
        }
    }
    None
}

fn word(text: &str) -> Option<Said> {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    Some(match letters.as_str() {
        "firing" | "fired" | "alerting" | "alert" | "triggered" | "activated" | "open" | "opened" | "failed"
        | "failure" | "fail" | "error" | "errored" | "fault" | "down" | "unhealthy" | "unavailable" | "degraded"
        | "critical" | "problem" | "disconnected" | "detected" | "reported" | "timedout" | "timeout" | "aborted"
        | "expired" | "expiry" | "exceeded" => Said::Is(Status::Firing),
        "resolved" | "recovered" | "ok" | "closed" | "cleared" | "success" | "succeeded" | "successful" | "up"
        | "healthy" | "available" | "connected" | "deactivated" | "inactive" | "normal" | "fixed" | "renewed"
        | "passed" => Said::Is(Status::Resolved),
        "acknowledged" | "acked" => Said::Acknowledged,
        "running" | "started" | "pending" | "queued" | "inprogress" | "unknown" | "paused" => Said::Nothing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_types_last_words_say_how_it_went() {
        for (kind, want) in [
            ("dev.tekton.event.pipelinerun.failed.v1", Some((Some(true), "dev.tekton.event.pipelinerun"))),
            ("dev.tekton.event.pipelinerun.successful.v1", Some((Some(false), "dev.tekton.event.pipelinerun"))),
            ("dev.cdevents.incident.resolved.0.2.0", Some((Some(false), "dev.cdevents.incident"))),
            ("Microsoft.Resources.ResourceWriteFailure", Some((Some(true), "Microsoft.Resources.ResourceWrite"))),
            ("Microsoft.KeyVault.CertificateNearExpiry", Some((Some(true), "Microsoft.KeyVault.Certificate"))),
            ("a.running", Some((None, "a"))),
            ("com.example.order", None),
            ("failed.orders", None),
            ("v1", None),
            ("", None),
        ] {
            let found = of_type(kind).map(|(said, base)| {
                (if let Said::Is(status) = said { Some(matches!(status, Status::Firing)) } else { None }, base)
            });
            assert_eq!(found, want.map(|(said, base)| (said, base.to_string())), "{kind}");
        }
    }

    #[test]
    fn patterns_stand_for_types() {
        for (pattern, text, want) in [
            ("a.b", "A.B", true),
            ("a.*", "a.b.c", true),
            ("*.debug", "a.b.debug", true),
            ("*.debug", "a.debug.x", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("*", "", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
    }
}
