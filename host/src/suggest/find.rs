//! Finds what was done in the same way often enough.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jiff::Timestamp;

use super::shape::Shape;
use super::{Draft, draft};
use crate::domain::history::Causes;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Call, Cause, Fact, Incident, IncidentId, Labels, Origin, Outcome, Stream};
use crate::ports::{Journal, JournalError};

/// Incidents of one way that a draft looks at: the newest say best what is done today.
const LOOKED_AT: usize = 200;

/// More steps than this are no rule that a person can judge.
const MOST_STEPS: usize = 5;

/// One incident that ended well.
pub struct ResolvedIncident {
    pub incident: Incident,
    pub labels: Labels,
    pub shapes: Vec<(String, Shape)>,
    /// What was done, in order.
    pub calls: Vec<Call>,
    pub by: String,
    /// What the host found to be wrong, the most telling cause.
    pub finding: Option<Cause>,
}

impl ResolvedIncident {
    /// The name of its alerts.
    pub fn alert(&self) -> &str {
        self.incident.alerts.first().map(|alert| alert.name.as_str()).unwrap_or_default()
    }
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
    let mut ways: BTreeMap<String, Vec<Rc<ResolvedIncident>>> = BTreeMap::new();
    let mut of_findings: BTreeMap<String, Vec<Rc<ResolvedIncident>>> = BTreeMap::new();
    let mut entries = 0_u64;
    journal.replay(0, &mut |_, sealed| {
        entries += 1;
        if entries.is_multiple_of(50_000) {
            progress(&format!("{entries} entries read"));
        }
        match Stream::of(&sealed.stream) {
            Stream::Host | Stream::Conversation => return Ok(()),
            Stream::Incident => {}
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
            let case = Rc::new(case);
            let of_finding = way_of_finding(&case).map(|way| of_findings.entry(way).or_default());
            for cases in of_finding.into_iter().chain([ways.entry(way(&case)).or_default()]) {
                cases.push(Rc::clone(&case));
                if cases.len() > LOOKED_AT.max(min) {
                    cases.remove(0);
                }
            }
        }
        Ok(())
    })?;
    let enough = |cases: &Vec<Rc<ResolvedIncident>>| cases.len() >= min.max(1);
    // One alert's name says more than its finding alone; a finding says more than each of several names.
    of_findings.retain(|_, cases| {
        let first = cases.first().map(|case| case.alert());
        enough(cases) && cases.iter().any(|case| Some(case.alert()) != first)
    });
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for (way, cases) in &of_findings {
        drafts.extend(draft::draft(cases).map(|draft| (way.clone(), draft)));
    }
    let covered = |cases: &Vec<Rc<ResolvedIncident>>| {
        cases.iter().all(|case| way_of_finding(case).is_some_and(|way| drafts.contains_key(&way)))
    };
    let named: Vec<Draft> = ways
        .into_values()
        .filter(|cases| enough(cases) && !covered(cases))
        .filter_map(|cases| draft::draft(&cases))
        .collect();
    Ok(named.into_iter().chain(drafts.into_values()).collect())
}

/// An incident that was repaired by a model's or a person's proposals alone, all of them verified but for alternatives that
/// were not needed.
fn case(incident: Incident) -> Option<ResolvedIncident> {
    if incident.outcome() != Some(Outcome::Fixed) || incident.actions.len() > MOST_STEPS {
        return None;
    }
    let name = &incident.alerts.first()?.name;
    if incident.actions.is_empty() || incident.alerts.iter().any(|alert| alert.name != *name) {
        return None;
    }
    let untried = |record: &ActionRecord| incident.is_alternative(record) && record.state == ActionState::Proposed;
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
    let calls = done.iter().map(|record| record.action.proposal.call.clone()).collect();
    let finding = Causes::of(incident.causes().unwrap_or_default()).iter().next();
    let mut by: Vec<String> = done.iter().map(|record| record.action.origin.to_string()).collect();
    by.dedup();
    let approvals = done.iter().flat_map(|record| &record.approvals);
    let mut approved: Vec<String> = approvals.map(|approval| approval.person.to_string()).collect();
    approved.dedup();
    if !approved.is_empty() {
        by.push(format!("approved by {}", approved.join(" and ")));
    }
    Some(ResolvedIncident { labels, shapes, calls, by: by.join(", "), finding, incident })
}

fn way(case: &ResolvedIncident) -> String {
    format!("{:?} {}", case.alert(), steps(case))
}

/// The same whatever fired, where the host found out what was wrong.
fn way_of_finding(case: &ResolvedIncident) -> Option<String> {
    Some(format!("{} {}", case.finding?.as_str(), steps(case)))
}

fn steps(case: &ResolvedIncident) -> String {
    let source = case.incident.alerts.first().map(|alert| alert.source.as_str()).unwrap_or_default();
    let steps = case.shapes.iter().map(|(tool, shape)| format!("{tool:?}{}", shape.skeleton()));
    format!("{source:?} {}", steps.collect::<Vec<_>>().join(" "))
}
