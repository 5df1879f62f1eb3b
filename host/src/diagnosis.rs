//! What is wrong, named from what was seen: objects, events and logs of a cluster in, causes out, without any
//! rule or model. One file a family of causes.
//!
//! Pure and total: any answer of any tool gives a bounded list, and what cannot be read gives none. A cause
//! says how sure it is and on which observations it rests; nothing here decides what is done about it.

mod admission;
mod alerts;
mod autoscaling;
mod certificate;
mod claim;
mod configuration;
mod crash;
mod fields;
mod image;
mod job;
mod logs;
mod network;
mod node;
mod observations;
mod probe;
mod rollout;
mod scheduling;
mod start;
#[cfg(test)]
mod tests;
mod transient;

use crate::domain::incident::{Incident, Look};
use crate::domain::{Alert, Cause, NamedCause};
use crate::evidence::{self, Event};
use observations::Observations;

/// Causes of one incident, objects that one of them names, and lines of evidence for one.
const CAUSES: usize = 12;
const OBJECTS: usize = 3;
const LINES: usize = 4;

/// What an incident's alerts and evidence show to be wrong, the most telling first.
pub fn of(incident: &Incident) -> Vec<NamedCause> {
    causes(incident.firing(), incident.current_looks().filter(|look| evidence::is_evidence(look)))
}

/// What alerts and looks show to be wrong, each cause once, the most telling first.
pub fn causes<'a>(
    alerts: impl IntoIterator<Item = &'a Alert>,
    looks: impl IntoIterator<Item = &'a Look>,
) -> Vec<NamedCause> {
    let world = Observations::new(alerts, looks);
    let mut found = CauseSet::default();
    for family in [
        image::find,
        configuration::find,
        crash::find,
        probe::find,
        scheduling::find,
        claim::find,
        node::find,
        admission::find,
        network::find,
        certificate::find,
        autoscaling::find,
        job::find,
        rollout::find,
        alerts::find,
        // Nothing is wrong only if nothing else is.
        transient::find,
    ] {
        family(&world, &mut found);
    }
    found.ordered()
}

/// Causes while they are gathered.
#[derive(Default)]
struct CauseSet(Vec<NamedCause>);

impl CauseSet {
    /// Takes a cause in; the same trouble of another object is one cause about several.
    fn add(&mut self, cause: NamedCause) {
        let Some(known) = self.0.iter_mut().find(|known| known.same(&cause)) else {
            // What is beyond would not be told.
            if self.0.len() < 20 * CAUSES {
                self.0.push(cause);
            }
            return;
        };
        known.restarts = known.restarts.max(cause.restarts);
        known.confidence = known.confidence.max(cause.confidence);
        if known.said.is_empty() {
            known.said = cause.said;
        }
        for object in cause.objects {
            if known.objects.contains(&object) {
                continue;
            }
            if known.objects.len() < OBJECTS {
                known.objects.push(object);
            } else {
                known.more += 1;
            }
        }
        for line in cause.evidence {
            if known.evidence.len() < LINES && !known.evidence.contains(&line) {
                known.evidence.push(line);
            }
        }
    }

    /// Takes in what an event alone tells, of an object that was not seen itself.
    fn told(&mut self, cause: Cause, event: &Event, confidence: u8) {
        let mut cause = NamedCause::new(cause, evidence::short(&event.object), confidence);
        cause.said = evidence::short(&event.message);
        self.add(cause);
    }

    /// Whether this has been found, of any object.
    fn has(&self, of: impl Fn(Cause) -> bool) -> bool {
        self.0.iter().any(|known| of(known.cause))
    }

    /// The most telling first: what explains before what follows from it, the surer before the less sure.
    fn ordered(self) -> Vec<NamedCause> {
        let mut all = self.0;
        let explained = all.iter().any(|one| !one.cause.follows());
        for one in &mut all {
            one.evidence.truncate(LINES);
            if explained && one.cause.follows() {
                one.confidence = one.confidence.min(40);
            }
        }
        all.sort_by_key(|one| (std::cmp::Reverse(one.confidence), one.cause));
        all.truncate(CAUSES);
        all
    }
}
