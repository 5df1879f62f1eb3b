//! What an action changes, before and after, as a page shows it.

use maud::{Markup, html};

use super::frame::Frame;
use super::parts::multiline;
use crate::domain::{Action, Incident};
use crate::evidence::{Change, action_change};
use crate::report::Language;

/// Letters of a change that stands on one line.
const SHORT: usize = 200;

/// What an action changes in one line.
pub fn short(incident: &Incident, action: &Action, language: Language) -> String {
    let text = match action_change(incident, action) {
        Some(known) => known.changes.iter().map(Change::line).collect::<Vec<_>>().join("; "),
        None => language.asked(incident, action).1.lines().map(str::trim).collect::<Vec<_>>().join(" "),
    };
    crate::domain::text::one_line(&text, SHORT)
}

/// Changes as a difference, whole.
pub fn difference(changes: &[Change], frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    html! {
        dl.diff {
            @for change in changes {
                dt { code { (multiline(&change.path)) } }
                @match &change.before {
                    Some(before) => dd.before { span.hidden { (words.was) " " } pre { (multiline(before)) } },
                    None => dd.before.none { (words.was_nothing) },
                }
                @match &change.after {
                    Some(after) => dd.after { span.hidden { (words.will_be) " " } pre { (multiline(after)) } },
                    None => dd.after.none { (words.will_be_nothing) },
                }
            }
        }
    }
}
