//! What an action changes, before and after, from what the host has seen itself: for pages, the API and the terminal alike.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{CHANGES, Change, changes, patched, precedes};
use crate::domain::incident::{ChangeView, FieldView};
use crate::domain::{Action, Incident, Undo};

/// What an action changes, and how it is known what stands there.
pub struct Known {
    /// The fields.
    pub changes: Vec<Change>,
    /// How it is known.
    pub by: By,
    /// Arguments besides.
    pub rest: Map<String, Value>,
}

/// How it is known what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The host has looked then.
    Look(Timestamp),
    /// The host has looked, and would restore it.
    Restoration,
    /// The proposer says so.
    Proposer,
}

/// What an action changes of what stands there. None where nothing is known of that.
pub fn known(incident: &Incident, action: &Action) -> Option<Known> {
    let call = &action.proposal.call;
    let looks = incident.looks.iter().filter(|look| precedes(look, &action.id));
    if let Some((changes, at)) = patched(call, &action.touches, looks) {
        let rest = call.arguments.iter().filter(|(_, value)| !value.is_object());
        return Some(Known {
            changes,
            by: By::Look(at),
            rest: rest.map(|(key, value)| (key.clone(), value.clone())).collect(),
        });
    }
    let (back, by) = match action.undo()? {
        Undo::Restore(back) => (back, By::Restoration),
        Undo::Proposed(back) => (back, By::Proposer),
        Undo::Tool(_) => return None,
    };
    if back.tool != call.tool {
        return None;
    }
    let value = |arguments: &Map<String, Value>| Value::Object(arguments.clone());
    let found = changes(&value(&back.arguments), &value(&call.arguments));
    let rest = call.arguments.iter().filter(|(key, value)| back.arguments.get(*key) == Some(value));
    let rest = rest.map(|(key, value)| (key.clone(), value.clone())).collect();
    (!found.is_empty() && found.len() <= CHANGES).then_some(Known { changes: found, by, rest })
}

/// The same for whoever reads the API.
pub fn change_view(incident: &Incident, action: &Action) -> Option<ChangeView> {
    let Known { changes, by, .. } = known(incident, action)?;
    let seen_at = match by {
        By::Look(at) => Some(at.to_string()),
        By::Restoration => incident.action(&action.id).and_then(|record| record.prepared_at).map(|at| at.to_string()),
        By::Proposer => None,
    };
    let known_by = match by {
        By::Look(_) => "look",
        By::Restoration => "restoration",
        By::Proposer => "proposer",
    };
    let field = |Change { path, before, after }| FieldView { path, before, after };
    Some(ChangeView { fields: changes.into_iter().map(field).collect(), known_by: known_by.into(), seen_at })
}
