//! What comes next where silences are in force: what one covers begins nothing and tells nobody before it ends.
//!
//! What was not decided yet is held by the decision itself (`policy/decide.rs`), like by a silence of a policy. What was
//! decided before and has not begun waits here. What has begun goes to its end, and is told.

use std::sync::Arc;

use jiff::Timestamp;

use super::Services;
use crate::domain::incident::{Effect, next_when};
use crate::domain::{Incident, Next, Silences, next};

/// As [`next`], under the silences in force.
pub fn coming(services: &Services, incident: &Incident, now: Timestamp) -> Next {
    let next = next(incident, now, &services.limits);
    under(&services.store.silences(), incident, now, next)
}

/// As [`coming`], where it is known which tools can be called now.
pub fn coming_when(services: &Services, incident: &Incident, now: Timestamp) -> Next {
    let ready = |tool: &str| services.tools.ready(tool);
    let next = next_when(incident, now, &services.limits, &ready);
    under(&services.store.silences(), incident, now, next)
}

fn under(silences: &Arc<Silences>, incident: &Incident, now: Timestamp, next: Next) -> Next {
    let held = incident.is_held() && incident.silenced_by().is_some();
    if silences.is_empty() && !held {
        return next;
    }
    match next {
        // The silence has ended before its time, or an alert has come that it does not cover.
        Next::Wait(_) if held && incident.conclusion.is_none() && silences.over(incident, now).is_none() => {
            Next::Do(Effect::Decide)
        }
        Next::Do(effect) if begins(&effect) && !incident.has_begun() && incident.by_people.closed.is_none() => {
            match silences.over(incident, now) {
                Some(cover) => Next::Wait(cover.until),
                None => Next::Do(effect),
            }
        }
        next => next,
    }
}

/// Whether an effect begins something, asks or tells somebody.
fn begins(effect: &Effect) -> bool {
    match effect {
        Effect::Plan { .. }
        | Effect::Collect
        | Effect::Look { .. }
        | Effect::AskModel
        | Effect::Rule { .. }
        | Effect::Report => true,
        Effect::Record(_)
        | Effect::Decide
        | Effect::Execute { .. }
        | Effect::Settle { .. }
        | Effect::Verify { .. }
        | Effect::Inspect { .. }
        | Effect::Undo { .. }
        | Effect::Close { .. } => false,
    }
}
