//! Evidence: the looks that the policies want, side by side and in rounds, since what was seen leads to more;
//! then what it shows to be wrong is named.

use std::time::Duration;

use futures::future::{Either, select};
use futures::{StreamExt, stream};

use super::Services;
use super::look::{look, record};
use crate::diagnosis;
use crate::domain::entry::Purpose;
use crate::domain::{Call, Entry, Fact, Incident};
use crate::ports::{LookError, ToolError};
use crate::rules::{Context, Policies};

/// Calls that are under way side by side.
const SIDE_BY_SIDE: usize = 6;
/// Looks of one collection.
const LOOKS: usize = 40;
/// How long one round may take. What a server that has just gone down is waited for stands within it.
const ROUND: Duration = Duration::from_secs(45);
/// How long all rounds may take: then it is decided with what was seen.
const WHOLE: Duration = Duration::from_secs(90);
/// How long a collection waits behind those of other incidents before it is given up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One round: the looks that are wanted and were not made, or, where there are none, what all of them show.
pub async fn run(services: &Services, incident: &Incident) -> Vec<Fact> {
    let incident = &*incident.collecting_at(services.clock.now());
    let mut wanted = required_looks(services.policies.as_ref(), incident, &services.moment().context());
    let left = time_left(services, incident);
    if left.is_zero() {
        wanted.clear();
    }
    // Looks side by side do not know of one another: those for which there is no room are refused after them.
    let beyond = wanted.split_off(services.gate.looks_left(incident, &Purpose::Evidence).min(wanted.len()));
    let deadline = services.clock.elapsed() + left.min(ROUND);
    let mut facts: Vec<Fact> = stream::iter(wanted)
        .map(|call| within(services, incident, call, deadline))
        .buffered(SIDE_BY_SIDE)
        .collect()
        .await;
    let at = services.clock.now();
    let mut seen = incident.clone();
    facts.iter().for_each(|fact| seen.apply(&Entry { at, fact: fact.clone() }));
    for call in beyond {
        let fact = within(services, &seen, call, deadline).await;
        seen.apply(&Entry { at, fact: fact.clone() });
        facts.push(fact);
    }
    let more = self::required_looks(services.policies.as_ref(), &seen, &services.moment().context());
    if facts.is_empty() || more.is_empty() {
        facts.push(collected(&seen, incomplete(&seen, more.len())));
    }
    facts
}

/// Ends a collection that found no place for its looks: it goes on with what was seen.
pub fn end(incident: &Incident) -> Vec<Fact> {
    let seconds = PATIENCE.as_secs();
    let why = format!("evidence of other incidents of the same cluster was waited for, for {seconds} s in vain");
    vec![collected(incident, Some(why))]
}

fn collected(seen: &Incident, incomplete: Option<String>) -> Fact {
    Fact::Collected { causes: Some(diagnosis::of(seen)), incomplete }
}

fn time_left(services: &Services, incident: &Incident) -> Duration {
    let gone = incident.collecting_since().map_or(0, |began| services.clock.ms_since(began));
    WHOLE.saturating_sub(Duration::from_millis(gone))
}

/// Why it is not all the evidence that was wanted; none where it is.
fn incomplete(seen: &Incident, more: usize) -> Option<String> {
    let late = seen.current_evidence().filter(|look| !look.ok && look.text.starts_with(LATE)).count();
    let late = (late > 0).then(|| format!("{late} of {} looks had no answer in time", seen.current_evidence().count()));
    let more = (more > 0).then(|| format!("{more} more were wanted when the time for evidence was over"));
    let why: Vec<String> = late.into_iter().chain(more).collect();
    (!why.is_empty()).then(|| why.join("; "))
}

/// How the error of a look begins that was given up.
const LATE: &str = "no answer within";

/// The looks that any set of policies wants as evidence and that were not made yet, as many as there is room for.
pub fn required_looks(policies: &dyn Policies, incident: &Incident, context: &Context<'_>) -> Vec<Call> {
    let made = incident.current_evidence().count();
    let decided = incident.decision.iter().flat_map(|decision| decision.evidence.iter().cloned());
    let mut calls: Vec<Call> = Vec::new();
    for call in decided.chain(policies.evidence(incident, context)) {
        if !incident.looked_for_evidence(&call) && !calls.contains(&call) {
            calls.push(call);
        }
    }
    calls.truncate(LOOKS.saturating_sub(made));
    calls
}

/// A look that is given up at the deadline.
async fn within(services: &Services, incident: &Incident, call: Call, deadline: Duration) -> Fact {
    let left = deadline.saturating_sub(services.clock.elapsed());
    let looked = std::pin::pin!(look(services, incident, Purpose::Evidence, call.clone()));
    match select(looked, services.clock.sleep(left)).await {
        Either::Left(((_, fact), _)) => fact,
        Either::Right(_) => {
            let error = format!("{LATE} {} s", ROUND.as_secs());
            record(Purpose::Evidence, call, &Err(LookError::Failed(ToolError::Lost(error))), 0)
        }
    }
}
