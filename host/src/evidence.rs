//! What a person would cut out of what a tool answered: the state of an object, its conditions that are
//! not as they should be, why containers wait or ended, events folded, the first and the last error of a
//! log, what one revision changed of another.
//!
//! Pure and total: any text gives an excerpt of bounded size, and a text in no form that is known gives
//! its first sensible lines. Nothing here decides anything; reports, messages, the model and the diagnosis read it.
//! The whole answer stays in the journal.

mod action_change;
mod container;
mod describe;
mod difference;
mod document;
mod event;
mod listed;
mod log;
mod log_line;
mod object;
mod object_summary;
mod observation;
mod patch;
mod revision;
mod table;
#[cfg(test)]
mod tests;
mod unstructured;
mod write;

pub use action_change::{ActionChange, Basis, action_change, change_view};
pub use difference::{CHANGES, Change, changes};
pub(crate) use event::{Event, age};
pub(crate) use listed::{ListedObject, ObjectList, events, objects};
pub(crate) use log::last_error;
pub(crate) use object::{list, text};
pub(crate) use object_summary::NODE_PRESSURES;
pub(crate) use observation::{Detail, Observation, observed};
pub use patch::patched;
pub use revision::{RevisionPair, between_revisions};
pub(crate) use table::Row;
pub use write::{ObjectWrite, taken_back, written};

use crate::domain::action::ActionId;
use crate::domain::call::Call;
use crate::domain::entry::Purpose;
use crate::domain::incident::{Incident, Look};
use crate::domain::text::{one_line, shorten};

/// Bytes of an answer that are read; what is behind them is not looked at.
const READ: usize = 512 << 10;
/// Lines of an excerpt.
const LINES: usize = 40;
/// Letters of one line.
const LETTERS: usize = 400;
/// Bytes of the document that a model gets besides, where it asked for the look itself.
const DETAILS: usize = 4 << 10;

/// What was cut out of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// One observation each, without control characters.
    pub lines: Vec<String>,
    /// How many further lines were cut out and have no room.
    pub left_out: usize,
}

impl Excerpt {
    fn new(lines: impl IntoIterator<Item = String>) -> Self {
        let mut excerpt = Self::default();
        for line in lines {
            let line = one_line(&line, LETTERS);
            if line.is_empty() {
                continue;
            }
            if excerpt.lines.len() < LINES {
                excerpt.lines.push(line);
            } else {
                excerpt.left_out += 1;
            }
        }
        excerpt
    }

    /// The lines as one text; the last says how many are left out.
    pub fn text(&self) -> String {
        let mut text = self.lines.join("\n");
        if self.left_out > 0 {
            text.push_str(&format!("\n… {} more lines", self.left_out));
        }
        text
    }
}

/// Cuts out of an answer to `call` what a person would.
pub fn excerpt(call: &Call, text: &str) -> Excerpt {
    let text = readable(text);
    Excerpt::new(document::read(call, text).lines())
}

/// The same of a look, with what its gate or its server said where it gave no answer.
pub fn of(look: &Look) -> Excerpt {
    if look.ok && look.refused.is_none() {
        return excerpt(&look.call, &look.text);
    }
    Excerpt::new(unstructured::lines(readable(&look.told())))
}

/// What a model is shown of a look: the excerpt, and the document without what says nothing where the
/// model itself has asked for it, because then it may be after any detail of it.
pub fn for_model(look: &Look) -> String {
    let mut text = of(look).text();
    if look.purpose == Purpose::Model
        && look.ok
        && let Some(details) = document::details(readable(&look.text), DETAILS)
    {
        text.push('\n');
        text.push_str(&details);
    }
    text
}

/// Whether a look may show what stood there before an action: not one at what an action has changed.
pub fn precedes(look: &Look, action: &ActionId) -> bool {
    match &look.purpose {
        Purpose::After { .. } | Purpose::Verify { .. } => false,
        Purpose::Before { action: of } | Purpose::Gate { action: of } => of == action,
        Purpose::Evidence | Purpose::Model | Purpose::Plan => true,
    }
}

/// Whether a look was made to see what is wrong. What was looked at to rule on an action, to prepare or to
/// verify one is shown with that action.
pub fn is_evidence(look: &Look) -> bool {
    matches!(look.purpose, Purpose::Evidence | Purpose::Model | Purpose::Plan)
}

/// An incident's evidence, in order; people count it from 1.
pub fn evidence_of(incident: &Incident) -> Vec<&Look> {
    incident.looks.iter().filter(|look| is_evidence(look)).collect()
}

fn readable(text: &str) -> &str {
    let text = shorten::unmarked(text);
    text.get(..text.floor_char_boundary(READ)).unwrap_or_default()
}

/// A text in one line, cut for the middle of a sentence.
pub(crate) fn short(text: &str) -> String {
    const SHORT: usize = 240;
    let line = one_line(text, LETTERS);
    match line.char_indices().nth(SHORT) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}
