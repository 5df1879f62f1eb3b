//! What an action's record and its incident say to the gate: earlier changes and pauses.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Action, Incident};

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
