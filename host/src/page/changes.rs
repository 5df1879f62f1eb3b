//! What an action changes, before and after, from what the host has seen itself.

use maud::{Markup, html};
use serde_json::Value;

use super::frame::Frame;
use super::parts::whole;
use crate::domain::{Action, Incident, Undo};
use crate::evidence::{CHANGES, Change, changes};
use crate::report::Language;

/// Letters of a change that stands on one line.
const SHORT: usize = 200;

/// The arguments that differ between an action's call and the call that restores what the host saw before: of each what
/// stands there, and what will. None where nothing is known of what stood there.
pub fn restored(action: &Action) -> Option<Vec<Change>> {
    let Some(Undo::Restore(back)) = action.undo() else { return None };
    let call = &action.proposal.call;
    if back.tool != call.tool {
        return None;
    }
    let value = |arguments: &serde_json::Map<String, Value>| Value::Object(arguments.clone());
    let found = changes(&value(&back.arguments), &value(&call.arguments));
    (!found.is_empty() && found.len() <= CHANGES).then_some(found)
}

/// What an action changes in one line.
pub fn short(incident: &Incident, action: &Action, language: Language) -> String {
    let text = match restored(action) {
        Some(changes) => changes.iter().map(Change::line).collect::<Vec<_>>().join("; "),
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
