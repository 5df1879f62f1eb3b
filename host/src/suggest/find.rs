//! Finds what was done in the same way often enough.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::shape::Shape;
use super::{Draft, draft};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Fact, Incident, IncidentId, Labels, Origin, Outcome, Stream};
use crate::ports::{Journal, JournalError};

/// Incidents of one way that a draft looks at: the newest say best what is done today.
const LOOKED_AT: usize = 200;

/// More steps than this are no rule that a person can judge.
const MOST_STEPS: usize = 5;

/// One incident that ended well.
pub struct Case {
    pub incident: Incident,
    pub labels: Labels,
    pub shapes: Vec<(String, Shape)>,
    pub by: String,
}

/// Drafts for everything that a model or a person resolved in the same way at least `min` times since
/// `since`, each time verified.
///
/// # Errors
/// When the journal cannot be read.
pub fn find(
    journal: &dyn Journal,
    since: Timestamp,
    min: usize,
    progress: &dyn Fn(&str),
) -> Result<Vec<Draft>, JournalError> {
    let mut open: HashMap<IncidentId, Incident> = HashMap::new();
    let mut ways: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    let mut entries = 0_u64;
    journal.replay(0, &mut |_, sealed| {
        entries += 1;
        if entries.is_multiple_of(50_000) {
            progress(&format!("{entries} entries read"));
        }
        if !Stream::is_incident(&sealed.stream) {
            return Ok(());
        }
        let entry = sealed.open::<Fact>().map_err(|error| {
            JournalError(format!("entry {} of {} cannot be read: {error}", sealed.n, sealed.stream))
        })?;
        let id = IncidentId(sealed.stream.into());
        match open.get_mut(&id) {
            Some(incident) => incident.apply(&entry),
            None if entry.at >= since => open.extend(Incident::open(id.clone(), &entry).map(|new| (id.clone(), new))),
            None => {}
        }
        // What comes after the end of an incident is about messages.
        if matches!(entry.fact, Fact::Concluded { .. })
            && let Some(case) = open.remove(&id).and_then(case)
        {
            let cases = ways.entry(way(&case)).or_default();
            cases.push(case);
            if cases.len() > LOOKED_AT.max(min) {
                cases.remove(0);
            }
        }
        Ok(())
    })?;
    Ok(ways.into_values().filter(|cases| cases.len() >= min.max(1)).filter_map(|cases| draft::draft(&cases)).collect())
}

/// An incident that was repaired by a model's or a person's proposals alone, all of them verified but for alternatives that
/// were not needed.
fn case(incident: Incident) -> Option<Case> {
    if incident.outcome() != Some(Outcome::Fixed) || incident.actions.len() > MOST_STEPS {
        return None;
    }
    let name = &incident.alerts.first()?.name;
    if incident.actions.is_empty() || incident.alerts.iter().any(|alert| alert.name != *name) {
        return None;
    }
    let untried =
        |record: &ActionRecord| record.action.origin == Origin::Model && record.state == ActionState::Proposed;
    let done: Vec<&ActionRecord> = incident.actions.iter().filter(|record| !untried(record)).collect();
    let helped = |record: &ActionRecord| record.state == ActionState::Verified && record.attempts > 0;
    let judged = |record: &ActionRecord| matches!(record.action.origin, Origin::Model | Origin::Person { .. });
    if done.is_empty() || !done.iter().all(|record| helped(record) && judged(record)) {
        return None;
    }
    let labels = incident.labels();
    let shape = |record: &&ActionRecord| {
        let call = &record.action.proposal.call;
        (call.tool.clone(), Shape::of_map(&call.arguments, &labels))
    };
    let shapes = done.iter().map(shape).collect();
    let mut by: Vec<String> = done.iter().map(|record| record.action.origin.to_string()).collect();
    by.dedup();
    let approvals = done.iter().flat_map(|record| &record.approvals);
    let mut approved: Vec<String> = approvals.map(|approval| approval.person.to_string()).collect();
    approved.dedup();
    if !approved.is_empty() {
        by.push(format!("approved by {}", approved.join(" and ")));
    }
    Some(Case { labels, shapes, by: by.join(", "), incident })
}

fn way(case: &Case) -> String {
    let first = case.incident.alerts.first();
    let (source, name) = first.map(|alert| (alert.source.as_str(), alert.name.as_str())).unwrap_or_default();
    let steps = case.shapes.iter().map(|(tool, shape)| format!("{tool:?}{}", shape.skeleton()));
    format!("{source:?} {name:?} {}", steps.collect::<Vec<_>>().join(" "))
}
