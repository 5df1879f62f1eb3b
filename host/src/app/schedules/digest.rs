//! The digest: what came, what was decided by whom, what waits for a person, and what was spent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::ScheduleJob;
use crate::backend::{Cancellation, Filter};
use crate::domain::incident::ActionState;
use crate::domain::schedule::{DIGEST, SOURCE};
use crate::domain::{Alert, Incident, Labels, Outcome, Severity, State, Status, inspection};
use crate::pipeline;
use crate::report::digest::{self, Digest, Waiting};

/// So many incidents are read; what is beyond is said.
const MOST: usize = 2_000;

impl ScheduleJob {
    pub(super) async fn digest(&self, name: &str, within: Duration) -> Result<String, String> {
        let services = &self.services;
        let now = services.clock.now();
        let back = SignedDuration::try_from(within).unwrap_or(SignedDuration::from_hours(24));
        let since = now.checked_sub(back).unwrap_or(Timestamp::MIN);
        let filter = Filter { since: Some(since), limit: MOST, ..Filter::default() };
        let records = Arc::clone(&self.records);
        // It reads files.
        let read = tokio::task::spawn_blocking(move || records.list(&filter, &Cancellation::default()));
        let incidents = read.await.map_err(|_| "the record could not be read: a fault of the host".to_string())?;
        let mut digest = counted(&incidents.map_err(|error| format!("the record cannot be read: {error}"))?, since);
        // What waits may have come before.
        let waits = services.store.all();
        digest.waiting = waits.iter().filter_map(|incident| waiting(incident)).collect();
        digest.waiting.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.id.cmp(&b.id)));
        digest.silent = self.heartbeats.silent(services.clock.elapsed());
        let title = digest::title(name, &digest, services.language);
        let alert = alert(name, now, &title, &digest::text(&digest, services.language));
        let received = pipeline::receive(services, vec![alert]).await.map_err(|error| error.to_string())?;
        let told: Vec<String> = received.incidents.iter().map(ToString::to_string).collect();
        let came = match digest.incidents {
            0 => "no incident was".to_string(),
            1 => "1 incident was".into(),
            several => format!("{several} incidents were"),
        };
        Ok(format!("{came} told of in {}", told.join(", ")))
    }
}

/// What the incidents come to, digests themselves left out.
fn counted(incidents: &[Incident], since: Timestamp) -> Digest {
    let mut digest = Digest { since, more: incidents.len() >= MOST, ..Digest::default() };
    for incident in incidents.iter().filter(|incident| !is_told(incident)) {
        digest.incidents += 1;
        digest.alerts += incident.alert_count() as u64;
        *digest.severities.entry(incident.severity()).or_default() += 1;
        *digest.sources.entry(incident.source.to_string()).or_default() += 1;
        *digest.outcomes.entry(incident.outcome().map(Outcome::as_str)).or_default() += 1;
        let model = incident.model.calls > 0;
        let rule = incident.decision.as_ref().and_then(|decision| decision.rule.clone());
        match rule {
            Some(rule) if !model => *digest.rules.entry(rule).or_default() += 1,
            _ if model => digest.by_model += 1,
            _ => digest.undecided += 1,
        }
        for record in incident.actions.iter() {
            match digest.changes.iter_mut().find(|(state, _)| *state == record.state) {
                Some((_, count)) => *count += 1,
                None => digest.changes.push((record.state, 1)),
            }
            for approval in &record.approvals {
                *digest.approved.entry(approval.person.to_string()).or_default() += 1;
            }
        }
        digest.calls += incident.model.calls;
        digest.tokens += incident.model.prompt_tokens + incident.model.completion_tokens;
        digest.cost_micros += incident.model.cost_micros;
    }
    digest
}

/// Whether it is a digest or a report of an inspection rather than a trouble.
fn is_told(incident: &Incident) -> bool {
    let first = incident.alerts.first();
    first.is_some_and(|alert| {
        (alert.source == SOURCE && alert.name == DIGEST)
            || (alert.source == inspection::SOURCE && alert.name == inspection::REPORT)
    })
}

fn waiting(incident: &Incident) -> Option<Waiting> {
    if incident.closed.is_some() || is_told(incident) {
        return None;
    }
    let asks = incident.state() == State::AwaitingApproval;
    let person = incident.outcome() == Some(Outcome::NeedsPerson) && incident.firing().next().is_some();
    let actions = incident.actions.iter().filter(|record| record.state == ActionState::Asked);
    (asks || person).then(|| Waiting {
        id: incident.id.to_string(),
        title: titled(incident),
        severity: incident.severity(),
        since: incident.opened_at,
        asked: actions.count(),
    })
}

/// Its title; of one that is about no object, with what its alert says.
fn titled(incident: &Incident) -> String {
    let title = incident.title();
    match incident.alerts.first().filter(|alert| alert.name == title && alert.title() != title) {
        Some(alert) => format!("{title}: {}", alert.title()),
        None => title,
    }
}

fn alert(name: &str, now: Timestamp, title: &str, text: &str) -> Alert {
    let severity = Severity::Info;
    let pairs = [("alertname", DIGEST), ("schedule", name), ("severity", severity.as_str())];
    let mut labels: Labels = pairs.into_iter().collect();
    // Each is told of by itself.
    labels.insert("run", now.to_string().as_str());
    let annotations: BTreeMap<&str, &str> = [("summary", title), (inspection::DIGEST, text)].into();
    Alert {
        source: SOURCE.into(),
        name: DIGEST.into(),
        status: Status::Firing,
        severity,
        labels,
        annotations: annotations.into_iter().collect(),
        starts_at: Some(now),
        ends_at: None,
        fingerprint: format!("{name} {now}"),
        link: None,
    }
}
