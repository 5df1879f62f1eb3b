//! Looks that a schedule has made: ruled on by the gates like any other, and nobody's incident.

use super::{Services, look};
use crate::domain::schedule::SOURCE;
use crate::domain::{Call, Labels};
use crate::ports::{LookError, ToolAnswer};

/// Bytes of an answer.
const MOST: usize = 256 << 10;

/// Makes these looks one after the other; as many answers as calls, in their order.
pub async fn gather(services: &Services, schedule: &str, calls: &[Call]) -> Vec<Result<ToolAnswer, LookError>> {
    let mut answers = Vec::new();
    let labels: Labels = [("alertname", "Findings"), ("schedule", schedule)].into_iter().collect();
    let id = format!("schedule-{schedule}");
    let Some(occasion) = look::standalone(services, SOURCE, &id, "Findings", labels) else { return answers };
    for call in calls {
        answers.push(look::survey(services, &occasion, call, MOST).await);
    }
    answers
}
