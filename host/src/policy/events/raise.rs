//! The alert that an event raises: what the rule says of it, and what the event says of its object.

use jiff::Timestamp;

use crate::domain::alert::limits::fit;
use crate::domain::event::{ENDS_AFTER, Event, SOURCE};
use crate::domain::text::truncate;
use crate::domain::{Alert, Labels, Status};
use crate::policy::items::AlertOf;
use crate::policy::span;

/// Bytes of a message that are kept.
const MESSAGE: usize = 1 << 10;

/// The alert, as if it began with this event.
pub(super) fn alert(event: &Event, of: &AlertOf, now: Timestamp) -> Alert {
    let AlertOf { name, severity, link, .. } = of;
    let mut labels: Labels = event.object.labels();
    let own = [("alertname", name.as_str()), ("severity", severity.as_str())];
    labels.extend(own);
    labels.extend(of.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    // A rule takes a label away by leaving it empty.
    labels.retain(|_, value| !value.is_empty());
    let mut annotations: Vec<(&str, String)> = Vec::new();
    if let Some(message) = event.message() {
        annotations.push(("summary", truncate(message, MESSAGE)));
    }
    if let Some(reason) = event.reason() {
        annotations.push(("reason", reason.into()));
    }
    if !event.said.subject.is_empty() {
        annotations.push(("event_subject", event.said.subject.clone()));
    }
    if let Some(ms) = of.ends_after {
        annotations.push((ENDS_AFTER, span::show(ms)));
    }
    let mut annotations: Labels = annotations.into_iter().collect();
    // How it ends is the host's own word.
    let own = of.annotations.iter().filter(|(key, _)| *key != ENDS_AFTER);
    annotations.extend(own.map(|(key, value)| (key.as_str(), value.as_str())));
    let fingerprint = of.fingerprint.clone().unwrap_or_else(|| event.fingerprint(name));
    fit(Alert {
        source: SOURCE.into(),
        name: name.clone(),
        status: Status::Firing,
        severity: *severity,
        labels,
        annotations,
        // A sender whose clock runs ahead tells of no future.
        starts_at: Some(event.occurred().map_or(now, |at| at.min(now))),
        ends_at: None,
        fingerprint,
        link: link.clone().filter(|link| !link.is_empty()),
    })
}
