//! Actions as data, for targets that lay them out themselves.

use serde_json::Value;

use super::facts::prefix;
use super::happened;
use super::question::{undo, who_answered};
use crate::domain::incident::ActionRecord;
use crate::domain::message::ActionSummary;
use crate::domain::text::{one_line, truncate};
use crate::ports::IncidentRecord;
use crate::report::Language;
use crate::report::ending::repairs;
use crate::report::escape::Style;
use crate::report::translation::approver_sentence;

/// Actions of a message, and texts of one of them.
const ACTIONS: usize = 5;
const TEXTS: usize = 5;

/// Bytes of arguments, beyond which only a part could be shown.
const ARGUMENTS: usize = 4 << 10;

/// Letters of a sentence.
const SENTENCE: usize = 300;

const PLAIN: Style = Style::Plain;

/// The one that the message is about, else those that were done; where nothing was, what was wanted.
pub(super) fn reported_actions(
    story: &IncidentRecord,
    about: Option<&ActionRecord>,
    language: Language,
) -> Vec<ActionSummary> {
    if let Some(record) = about {
        return vec![action(story, record, language)];
    }
    let mut records: Vec<&ActionRecord> = repairs(&story.incident).collect();
    records.sort_by_key(|record| !happened(record));
    records.into_iter().take(ACTIONS).map(|record| action(story, record, language)).collect()
}

fn action(story: &IncidentRecord, record: &ActionRecord, language: Language) -> ActionSummary {
    let translation = language.translation();
    let action = &record.action;
    let arguments = Value::Object(action.proposal.call.arguments.clone()).to_string();
    let expires = record.ruling.as_ref().and_then(|ruling| ruling.until);
    let approvers = record.ruling.as_ref().filter(|ruling| ruling.until.is_some());
    ActionSummary {
        id: action.id.to_string(),
        tool: one_line(action.tool(), SENTENCE),
        target: one_line(&action.target(), SENTENCE),
        arguments: Some(arguments).filter(|text| text.len() <= ARGUMENTS),
        risk: action.risk.as_str().into(),
        state: record.state.as_str().into(),
        state_text: translation.action_state(record.state).into(),
        proposed_by: translation.origin(&action.origin, PLAIN),
        reason: one_line(&action.proposal.reason, SENTENCE),
        evidence: action.proposal.evidence.iter().take(TEXTS).map(|text| one_line(text, SENTENCE)).collect(),
        undo: undo(action, language).into(),
        approvers: approvers.map(|ruling| approver_sentence(translation, record, ruling, PLAIN)).unwrap_or_default(),
        expires_ms: expires.and_then(|until| u64::try_from(until.as_millisecond()).ok()),
        answers: who_answered(story, record, language, PLAIN).into_iter().take(TEXTS).collect(),
        result: record
            .result
            .as_deref()
            .map(|text| one_line(&truncate(text, 4 * SENTENCE), SENTENCE))
            .unwrap_or_default(),
        digest: prefix(&action.digest).into(),
    }
}
