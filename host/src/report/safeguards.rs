//! What belongs to the question about an action besides its call: what takes it back, and how success
//! is judged. Whoever says yes says yes to these too.

use serde_json::Value;

use super::Language;
use super::escape::Style;
use super::translation::Headings;
use crate::domain::text::letters::visible;
use crate::domain::{Action, Call, Undo, Verification};
use crate::evidence::{CHANGES, Change, taken_back};

/// Words around what takes an action back and how it is judged.
pub(super) struct SafeguardStrings {
    /// Before the call that restores what was there.
    pub restores: &'static str,
    /// Before the tool's own way back.
    pub by_tool: &'static str,
    /// Before what a proposer names.
    pub proposed: &'static str,
    /// The same three without the call.
    pub restores_short: &'static str,
    pub by_tool_short: &'static str,
    pub proposed_short: &'static str,
    pub nothing: &'static str,
    /// Without a check of the policies.
    pub alerts: &'static str,
    pub present: &'static str,
    pub absent: &'static str,
    pub within: &'static str,
    /// Before a verification that a proposer names.
    pub claimed: &'static str,
}

/// Letters of a call that a line has room for.
const LINE: usize = 500;

/// A call as its own line, with every letter that has no shape.
fn shown(call: &Call) -> String {
    visible(&format!("{} {}", call.tool, Value::Object(call.arguments.clone())))
}

/// The call that takes an action back as its own line. Of one that writes an object as a whole that the action
/// has written these are the fields that it changes.
fn back(action: &Action, call: &Call) -> String {
    let changes = taken_back(&action.proposal.call, call);
    match changes.filter(|changes| !changes.is_empty() && changes.len() <= CHANGES && changes.iter().all(Change::fits))
    {
        Some(changes) => {
            let lines: Vec<String> = changes.iter().map(Change::line).collect();
            visible(&format!("{} {}", call.tool, lines.join("; ")))
        }
        None => shown(call),
    }
}

/// The whole call that takes an action back, where it is longer than a line: who approves the action
/// approves all of it.
pub(super) fn long_undo(action: &Action) -> Option<String> {
    let call = action.undo()?.call();
    let arguments = serde_json::to_string_pretty(&call.arguments).unwrap_or_default();
    (back(action, call).chars().count() > LINE).then(|| visible(&format!("{}\n{arguments}", call.tool)))
}

/// Labelled lines: the proposer's word on the target, what takes the action back, how it is judged.
pub(super) fn lines(action: &Action, language: Language, style: Style) -> Vec<(&'static str, String)> {
    let (headings, words) = (language.translation().headings(), language.translation().safeguards());
    let mut lines: Vec<(&'static str, String)> = Vec::new();
    lines.extend(action.claimed_target().map(|claim| (headings.claim, style.name(claim))));
    let undo = match action.undo() {
        Some(Undo::Restore(call)) => format!("{}{}", words.restores, style.name(&back(action, call))),
        Some(Undo::Tool(call)) => format!("{}{}", words.by_tool, style.name(&back(action, call))),
        Some(Undo::Proposed(call)) => format!("{}{}", words.proposed, style.name(&back(action, call))),
        None => words.nothing.to_string(),
    };
    lines.push((headings.undone_by, undo));
    let own = action.safeguards.verify.as_ref();
    let judged = own.map_or_else(|| words.alerts.to_string(), |own| judged_by(own, headings, words, style));
    lines.push((headings.judged_by, judged));
    let claimed = action.claimed_verification();
    lines.extend(claimed.map(|claimed| {
        (headings.judged_by, format!("{}{}", words.claimed, judged_by(claimed, headings, words, style)))
    }));
    lines
}

fn judged_by(verification: &Verification, headings: &Headings, words: &SafeguardStrings, style: Style) -> String {
    let queries =
        |queries: &[String]| queries.iter().map(|one| style.name(one)).collect::<Vec<_>>().join(headings.comma);
    let mut text = style.name(&shown(&verification.look));
    for (word, list) in [(words.present, &verification.present), (words.absent, &verification.absent)] {
        if !list.is_empty() {
            text.push_str(&format!("{}{word} {}", headings.comma, queries(list)));
        }
    }
    let seconds = verification.within_ms / 1000;
    text.push_str(&format!("{}{} {seconds} s", headings.comma, words.within));
    text
}
