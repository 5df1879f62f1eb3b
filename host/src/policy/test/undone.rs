//! What the host has seen of an action that a case takes back.

use serde_json::{Value, json};

use super::case::{ActionRow, Evaluation};
use crate::domain::Snapshot;
use crate::policy::evidence;
use crate::policy::set::Set;
use crate::rules::Context;

/// Lets the host have looked before the undone action, right after it, and now.
pub(super) fn see(set: &Set, row: &ActionRow, evaluation: &mut Evaluation) {
    let Some(before) = &row.before else { return };
    let after = row.after.clone().unwrap_or_else(|| changed(before));
    let now = row.now.as_ref().unwrap_or(&after);
    let seen = [before, &after, now].map(|object| snapshot(set, object, evaluation));
    let [before, after, now] = seen;
    if let Some(action) = evaluation.action.take() {
        let safeguards = crate::domain::Safeguards { before: now, ..action.safeguards.clone() };
        evaluation.action = Some(action.with_safeguards(safeguards));
    }
    if let Some(record) = evaluation.incident.actions.first_mut() {
        record.after = after;
        let safeguards = crate::domain::Safeguards { before, ..record.action.safeguards.clone() };
        record.action = record.action.clone().with_safeguards(safeguards);
    }
}

/// The object as it is after a change of what is wanted of it.
fn changed(object: &Value) -> Value {
    let mut object = object.clone();
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    if let (Some(generation), Some(place)) = (generation, object.pointer_mut("/metadata/generation")) {
        *place = json!(generation.saturating_add(1));
    }
    object
}

fn snapshot(set: &Set, object: &Value, evaluation: &Evaluation) -> Option<Snapshot> {
    let undone = &evaluation.incident.actions.first()?.action;
    let context = Context {
        now: evaluation.now,
        mode: evaluation.mode,
        history: &evaluation.history,
        catalogue: &evaluation.catalogue,
    };
    let check = evidence::check(set, &undone.proposal.call, Some(object), &evaluation.incident, &context, None);
    Snapshot::of(object, &undone.touches, check.and_then(|check| check.undo))
}
