//! What an action's record and its incident say to the gate: earlier changes, pauses, what is taken
//! back.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::action::digest;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Action, ActionId, Incident};

/// The attempt that goes on when the action is permitted once more.
pub(super) fn continued(record: &ActionRecord) -> Option<&str> {
    let again = record.state == ActionState::Allowed && record.attempts > 0;
    record.attempt.as_deref().filter(|_| again)
}

/// The paused scope that an action falls into.
pub(super) fn paused<'a>(paused: &'a BTreeSet<String>, incident: &Incident, action: &Action) -> Option<&'a str> {
    let rule = incident.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or_default();
    let server = &action.touches.server;
    paused.iter().find_map(|scope| match scope.as_str() {
        "" => Some("execution"),
        scope if scope == format!("rule:{rule}") || scope == format!("server:{server}") => Some(scope),
        _ => None,
    })
}

/// Targets that the incident has changed, and how many objects each is.
pub(super) fn changed_targets(incident: &Incident, except: &str) -> BTreeMap<String, usize> {
    let changed = incident.actions.iter().filter(|record| record.attempts > 0 && record.action.id.0 != except);
    changed.map(|record| (record.action.touches.to_string(), objects(&record.action))).collect()
}

/// One call may name many objects.
pub(super) fn objects(action: &Action) -> usize {
    action.touches.names.iter().filter(|name| *name != "*").count().max(1)
}

/// Whether an action is what its incident planned for taking back one that was carried out.
pub(super) fn takes_back(incident: &Incident, undone: &ActionId, action: &Action) -> bool {
    let record = incident.action(undone).filter(|record| record.attempts > 0);
    let planned = record.and_then(ActionRecord::taking_back);
    planned.is_some_and(|planned| digest(&planned) == action.digest)
}
