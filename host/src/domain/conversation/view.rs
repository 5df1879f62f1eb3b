//! The shape of a conversation in the HTTP API.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AnswerOutcome, Conversation, Exchange, ProposedChange};
use crate::domain::incident::Look;
use crate::domain::text::truncate;

/// Most bytes of a look's text in a view; all of it is in the journal.
const LOOK: usize = 2048;
/// Most bytes of the first question where a conversation is listed.
const TITLE: usize = 120;

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationStatus {
    /// The next question can be asked.
    Open,
    /// A question is being answered.
    Answering,
    /// The last answer was broken off; the next question can be asked.
    Interrupted,
    /// Nothing more is asked.
    Closed,
}

impl ConversationStatus {
    /// `unanswered` says that the last question has no end, or was broken off.
    pub(super) fn of(closed: bool, answering: bool, unanswered: bool) -> Self {
        match () {
            () if closed => Self::Closed,
            () if answering => Self::Answering,
            () if unanswered => Self::Interrupted,
            () => Self::Open,
        }
    }
}

/// By what a conversation is known where it is listed: the beginning of its first question.
pub(super) fn title(question: &str) -> String {
    truncate(question.lines().next().unwrap_or_default(), TITLE)
}

/// A conversation for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationView {
    /// Its name.
    pub id: String,
    /// Where it stands.
    pub state: ConversationStatus,
    /// Who began it.
    pub person: String,
    /// The incident that it is about.
    pub incident: Option<String>,
    /// When it began, RFC 3339.
    pub began_at: String,
    /// When anything last happened, RFC 3339.
    pub updated_at: String,
    /// The first question, cut.
    pub title: String,
    /// Questions and answers, oldest first; left out of listings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<QuestionView>,
    /// Requests to models.
    pub calls: u64,
    /// Tokens both ways.
    pub tokens: u64,
    /// Money in millionths of the unit of the prices.
    pub cost_micros: u64,
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuestionView {
    /// When it was asked, RFC 3339.
    pub at: String,
    /// Who asked.
    pub person: String,
    /// In their words.
    pub text: String,
    /// The looks behind the answer.
    pub looks: Vec<LookView>,
    /// What came of it; none as long as it is being answered.
    pub answer: Option<AnswerView>,
}

/// A look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookView {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// Whether it answered without an error.
    pub ok: bool,
    /// The gate that refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What it told, cut; of one that was refused, why.
    pub text: String,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AnswerView {
    /// Words.
    Replied {
        /// These.
        text: String,
    },
    /// Changes that were proposed, under the gate like any other.
    Proposed {
        /// The incident.
        incident: String,
        /// What.
        actions: Vec<ProposedView>,
        /// The model's words.
        text: String,
    },
    /// No answer.
    Failed {
        /// Why.
        reason: String,
    },
    /// An answer that was broken off.
    Interrupted {
        /// By what.
        reason: String,
    },
}

/// A proposed change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposedView {
    /// The action within its incident.
    pub action: String,
    /// The tool.
    pub tool: String,
    /// What it touches.
    pub target: String,
}

impl ConversationView {
    /// A conversation as it stands; `answering` says whether somebody works on its last question now.
    pub fn new(conversation: &Conversation, answering: bool) -> Self {
        let broken_off =
            matches!(conversation.exchanges.last().map(|last| &last.end), Some(Some(AnswerOutcome::Interrupted(_))));
        let state = ConversationStatus::of(
            conversation.closed.is_some(),
            answering,
            broken_off || conversation.open().is_some(),
        );
        let usage = conversation.usage();
        let first = conversation.exchanges.first().map(|exchange| exchange.text.as_str()).unwrap_or_default();
        Self {
            id: conversation.id.to_string(),
            state,
            person: conversation.person.to_string(),
            incident: conversation.incident.as_ref().map(ToString::to_string),
            began_at: conversation.began_at.to_string(),
            updated_at: conversation.updated_at.to_string(),
            title: title(first),
            questions: conversation.exchanges.iter().map(QuestionView::from).collect(),
            calls: usage.calls,
            tokens: usage.tokens(),
            cost_micros: usage.cost_micros,
        }
    }
}

impl From<&Exchange> for QuestionView {
    fn from(exchange: &Exchange) -> Self {
        Self {
            at: exchange.at.to_string(),
            person: exchange.person.to_string(),
            text: exchange.text.clone(),
            looks: exchange.looks().map(LookView::from).collect(),
            answer: exchange.end.as_ref().map(AnswerView::from),
        }
    }
}

impl From<&Look> for LookView {
    fn from(look: &Look) -> Self {
        Self {
            tool: look.call.tool.clone(),
            arguments: look.call.arguments.clone(),
            ok: look.ok,
            refused: look.refused.clone(),
            text: truncate(&look.text, LOOK),
        }
    }
}

impl From<&AnswerOutcome> for AnswerView {
    fn from(end: &AnswerOutcome) -> Self {
        match end {
            AnswerOutcome::Replied { text, .. } => Self::Replied { text: text.clone() },
            AnswerOutcome::Proposed { incident, actions, text } => Self::Proposed {
                incident: incident.to_string(),
                actions: actions.iter().map(ProposedView::from).collect(),
                text: text.clone(),
            },
            AnswerOutcome::Failed(reason) => Self::Failed { reason: reason.clone() },
            AnswerOutcome::Interrupted(reason) => Self::Interrupted { reason: reason.clone() },
        }
    }
}

impl From<&ProposedChange> for ProposedView {
    fn from(suggested: &ProposedChange) -> Self {
        let ProposedChange { action, call, target } = suggested;
        Self { action: action.0.clone(), tool: call.tool.clone(), target: target.clone() }
    }
}
