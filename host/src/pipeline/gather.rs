//! Looks that a schedule has made: ruled on by the gates like any other, and nobody's incident.

use super::{Services, look};
use crate::domain::schedule::SOURCE;
use crate::domain::{Alert, Call, Entry, Fact, Incident, IncidentId, Labels, Severity, Status};
use crate::ports::{LookError, ToolAnswer};

/// Bytes of an answer.
const MOST: usize = 256 << 10;

/// Makes these looks one after the other; as many answers as calls, in their order.
pub async fn gather(services: &Services, schedule: &str, calls: &[Call]) -> Vec<Result<ToolAnswer, LookError>> {
    let mut answers = Vec::new();
    let Some(occasion) = occasion(services, schedule) else { return answers };
    for call in calls {
        answers.push(look::survey(services, &occasion, call, MOST).await);
    }
    answers
}

/// What the looks are made for, as gates see it: an alert of no incident of the journal.
fn occasion(services: &Services, schedule: &str) -> Option<Incident> {
    let labels: Labels = [("alertname", "Findings"), ("schedule", schedule)].into_iter().collect();
    let alert = Alert {
        source: SOURCE.into(),
        name: "Findings".into(),
        status: Status::Firing,
        severity: Severity::Info,
        labels,
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: String::new(),
        link: None,
    };
    let fact = Fact::Opened { group_key: String::new(), source: SOURCE.into(), alerts: vec![alert] };
    let id = IncidentId(format!("schedule-{schedule}").as_str().into());
    Incident::open(id, &Entry { at: services.clock.now(), fact })
}
