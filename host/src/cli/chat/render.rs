//! Conversations as texts.

use serde_json::{Map, Value};

use crate::chat::RulingView;
use crate::cli::screen::Screen;
use crate::domain::conversation::{AnswerView, ConversationStatus, ConversationView, QuestionView};
use crate::domain::text::{canonical_json, one_line};

/// Most bytes of arguments in a line.
const ARGUMENTS: usize = 200;

/// Arguments in one line.
pub fn arguments(arguments: &Map<String, Value>) -> String {
    one_line(&canonical_json(&Value::Object(arguments.clone())), ARGUMENTS)
}

/// What came of a look, in one line.
pub fn look_result(ok: bool, refused: Option<&str>, text: &str, took_ms: u64) -> String {
    match (refused, ok) {
        (Some(gate), _) => format!("  refused by gate {gate}: {}", one_line(text, ARGUMENTS)),
        (None, true) => format!("  answered in {took_ms} ms"),
        (None, false) => format!("  failed: {}", one_line(text, ARGUMENTS)),
    }
}

/// What stands behind the words of an answer: how its proposals stand, and who decides.
pub fn answer_end(answer: &AnswerView, rulings: &[RulingView]) -> Screen {
    let mut screen = Screen::default();
    let AnswerView::Proposed { incident, actions, .. } = answer else { return screen };
    screen.line(format!("Proposed as incident {incident}; nothing is changed by asking:"));
    if rulings.is_empty() {
        for one in actions {
            screen.line(format!("  {}  {} on {}", one.action, one.tool, one.target));
        }
    }
    for ruling in rulings {
        let RulingView { proposed, state, gate, reason } = ruling;
        let by = gate.as_ref().map(|gate| format!(" by gate {gate}: {reason}")).unwrap_or_default();
        screen.line(format!("  {}  {} on {}: {state}{by}", proposed.action, proposed.tool, proposed.target));
        if state == "asked" {
            let action = &proposed.action;
            screen.line(format!(
                "      who may is in `tidegate incidents show {incident}`; they approve with `tidegate approve {incident} {action}` under a \
                 proven name, or refuse with `tidegate deny {incident} {action}`"
            ));
        }
    }
    screen
}

/// Why there is no answer, where there is none.
pub fn no_answer(answer: &AnswerView) -> Option<String> {
    match answer {
        AnswerView::Failed { reason } => Some(format!("no answer: {reason}")),
        AnswerView::Interrupted { reason } => Some(format!("the answer was broken off: {reason}")),
        AnswerView::Replied { .. } | AnswerView::Proposed { .. } => None,
    }
}

/// Conversations in a table.
pub fn list(conversations: &[ConversationView]) -> Screen {
    if conversations.is_empty() {
        let mut screen = Screen::default();
        screen.line("no conversations");
        return screen;
    }
    let rows = conversations.iter().map(|one| {
        let state = state(one.state).to_string();
        let incident = one.incident.clone().unwrap_or_else(|| "-".into());
        [one.id.clone(), one.updated_at.clone(), state, one.person.clone(), incident, one.title.clone()]
    });
    Screen::table(["ID", "LAST", "STATE", "PERSON", "INCIDENT", "FIRST QUESTION"], rows)
}

fn state(standing: ConversationStatus) -> &'static str {
    match standing {
        ConversationStatus::Open => "open",
        ConversationStatus::Answering => "answering",
        ConversationStatus::Interrupted => "interrupted",
        ConversationStatus::Closed => "closed",
    }
}

/// A whole conversation.
pub fn conversation(view: &ConversationView) -> Screen {
    let mut screen = Screen::default();
    let about = view.incident.as_ref().map(|id| format!(", about incident {id}")).unwrap_or_default();
    screen.line(format!("{} of {}: {}{about}", view.id, view.person, state(view.state)));
    screen.line(format!("{} requests to models, {} tokens", view.calls, view.tokens));
    for question in &view.questions {
        screen.gap();
        one(&mut screen, question, view.state);
    }
    screen
}

fn one(screen: &mut Screen, question: &QuestionView, state: ConversationStatus) {
    screen.text_lines(format!("> {}", question.text));
    for look in &question.looks {
        screen.line(format!("… {} {}", look.tool, arguments(&look.arguments)));
        if let Some(gate) = &look.refused {
            screen.line(format!("  refused by gate {gate}: {}", one_line(&look.text, ARGUMENTS)));
        }
    }
    match &question.answer {
        None if state == ConversationStatus::Answering => screen.line("(no answer yet)"),
        None => screen.line("(the answer was broken off: tidegate ended in the middle of it)"),
        Some(answer) => {
            if let AnswerView::Replied { text } | AnswerView::Proposed { text, .. } = answer {
                screen.text_lines(text);
            }
            screen.extend(&answer_end(answer, &[]));
            if let Some(why) = no_answer(answer) {
                screen.line(format!("({why})"));
            }
        }
    }
}
