//! What an action changes, before and after, from what the host has seen itself.

use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::frame::Frame;
use super::parts::whole;
use crate::domain::{Action, Incident, Undo};
use crate::evidence::{CHANGES, Change, changes, patched, precedes};
use crate::report::Language;

/// Letters of a change that stands on one line.
const SHORT: usize = 200;

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

/// What an action changes in one line.
pub fn short(incident: &Incident, action: &Action, language: Language) -> String {
    let text = match known(incident, action) {
        Some(known) => known.changes.iter().map(Change::line).collect::<Vec<_>>().join("; "),
        None => language.asked(incident, action).1.lines().map(str::trim).collect::<Vec<_>>().join(" "),
    };
    crate::domain::text::one_line(&text, SHORT)
}

/// Changes as a difference, whole.
pub fn difference(changes: &[Change], frame: &Frame<'_>) -> Markup {
    let words = frame.words();
    html! {
        dl.diff {
            @for change in changes {
                dt { code { (whole(&change.path)) } }
                @match &change.before {
                    Some(before) => dd.before { span.hidden { (words.was) " " } pre { (whole(before)) } },
                    None => dd.before.none { (words.was_nothing) },
                }
                @match &change.after {
                    Some(after) => dd.after { span.hidden { (words.will_be) " " } pre { (whole(after)) } },
                    None => dd.after.none { (words.will_be_nothing) },
                }
            }
        }
    }
}
