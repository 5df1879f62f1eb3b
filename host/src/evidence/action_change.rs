//! What an action changes, before and after, from what the host has seen itself: for pages, the API and the terminal alike.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{CHANGES, Change, changes, patched, precedes};
use crate::domain::incident::{ChangeView, FieldView};
use crate::domain::{Action, Incident, Undo};

/// What an action changes, and how it is known what stands there.
pub struct ActionChange {
    /// The fields.
    pub changes: Vec<Change>,
    /// How it is known.
    pub by: Basis,
    /// Arguments besides.
    pub rest: Map<String, Value>,
}

/// How it is known what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The host has looked then.
    Look(Timestamp),
    /// The host has looked, and would restore it.
    Restoration,
    /// The proposer says so.
    Proposer,
}

/// What an action changes of what stands there. None where nothing is known of that.
pub fn action_change(incident: &Incident, action: &Action) -> Option<ActionChange> {
    let call = &action.proposal.call;
    let looks = incident.looks.iter().filter(|look| precedes(look, &action.id));
    if let Some((changes, at)) = patched(call, &action.touches, looks) {
        let rest = call.arguments.iter().filter(|(_, value)| !value.is_object());
        return Some(ActionChange {
            changes,
            by: Basis::Look(at),
            rest: rest.map(|(key, value)| (key.clone(), value.clone())).collect(),
        });
    }
    let (back, by) = match action.undo()? {
        Undo::Restore(back) => (back, Basis::Restoration),
        Undo::Proposed(back) => (back, Basis::Proposer),
        Undo::Tool(_) => return None,
    };
    if back.tool != call.tool {
        return None;
    }
    let (found, rest) = between(&back.arguments, &call.arguments);
    (!found.is_empty() && found.len() <= CHANGES).then_some(ActionChange { changes: found, by, rest })
}

/// What a call changes that another one would take back, and its arguments besides. What only one of both says is no field that
/// changes: most arguments may be left out.
fn between(back: &Map<String, Value>, call: &Map<String, Value>) -> (Vec<Change>, Map<String, Value>) {
    let said_by_both = |arguments: &Map<String, Value>, other: &Map<String, Value>| {
        let both = arguments.iter().filter(|(key, _)| other.contains_key(*key));
        Value::Object(both.map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    let found = changes(&said_by_both(back, call), &said_by_both(call, back));
    let rest = call.iter().filter(|(key, value)| back.get(*key).is_none_or(|known| known == *value));
    (found, rest.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// The same for whoever reads the API.
pub fn change_view(incident: &Incident, action: &Action) -> Option<ChangeView> {
    let ActionChange { changes, by, .. } = action_change(incident, action)?;
    let seen_at = match by {
        Basis::Look(at) => Some(at.to_string()),
        Basis::Restoration => {
            incident.action(&action.id).and_then(|record| record.prepared_at).map(|at| at.to_string())
        }
        Basis::Proposer => None,
    };
    let known_by = match by {
        Basis::Look(_) => "look",
        Basis::Restoration => "restoration",
        Basis::Proposer => "proposer",
    };
    let field = |Change { path, before, after }| FieldView { path, before, after };
    Some(ChangeView { fields: changes.into_iter().map(field).collect(), known_by: known_by.into(), seen_at })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_argument_that_one_call_leaves_out_is_no_field_that_changes() {
        let of = |value: Value| value.as_object().cloned().unwrap();
        let back = of(json!({"name": "web", "replicas": 3, "resourceType": "deployment", "spec": {"a": 1, "b": 2}}));
        let call = of(json!({"name": "web", "replicas": 4, "dryRun": false, "spec": {"a": 1}}));
        let (found, rest) = between(&back, &call);
        let lines: Vec<String> = found.iter().map(Change::line).collect();
        assert_eq!(lines, ["replicas: 3 → 4", "spec.b: 2 → –"], "within a value that both write it is one");
        assert_eq!(rest, of(json!({"name": "web", "dryRun": false})));
    }
}
