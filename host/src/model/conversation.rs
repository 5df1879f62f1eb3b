//! The earlier turns of the conversation, as messages.

use serde_json::{Value, json};

use super::evidence::{call_line, outside};
use super::names::Names;
use super::offer::Form;
use crate::domain::Incident;
use crate::domain::entry::{Answer, AskedCall, Purpose};
use crate::domain::incident::{Look, Turn};
use crate::domain::text::cut;

/// How much of the model's own words it is shown again.
pub(super) const WORDS: usize = 2048;

/// Every turn, each followed by what came of it.
pub(super) fn messages(incident: &Incident, pieces: &[(&Look, String)], names: &Names, form: Form) -> Vec<Value> {
    let turns = &incident.model.turns;
    let mut messages = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        let until = turns.get(index + 1).map_or(incident.looks.len(), |next| next.after_looks);
        let looks: Vec<&Look> = incident
            .looks
            .iter()
            .skip(turn.after_looks)
            .take(until.saturating_sub(turn.after_looks))
            .filter(|look| look.purpose == Purpose::Model)
            .collect();
        let words = cut(&outside(&turn.text), WORDS);
        match &turn.answer {
            Answer::Look { calls } if form == Form::Native && calls.iter().all(|call| !call.id.is_empty()) => {
                let made: Vec<Value> = calls.iter().map(|asked| made(asked, names)).collect();
                messages.push(json!({"role": "assistant", "content": words, "tool_calls": made}));
                for asked in calls {
                    let content = result(asked, &looks, pieces);
                    messages.push(json!({"role": "tool", "tool_call_id": asked.id, "content": content}));
                }
            }
            Answer::Look { calls } => {
                messages.push(json!({"role": "assistant", "content": said(turn, &words)}));
                let results: Vec<String> = calls.iter().map(|asked| result(asked, &looks, pieces)).collect();
                messages.push(
                    json!({"role": "user", "content": format!("{}\nWhat is the next step?", results.join("\n"))}),
                );
            }
            _ => {
                messages.push(json!({"role": "assistant", "content": said(turn, &words)}));
                messages
                    .push(json!({"role": "user", "content": "The host went on from there. What is the next step?"}));
            }
        }
    }
    messages
}

fn made(asked: &AskedCall, names: &Names) -> Value {
    let arguments = Value::Object(asked.call.arguments.clone()).to_string();
    let function = json!({"name": names.offered(&asked.call.tool), "arguments": arguments});
    json!({"id": asked.id, "type": "function", "function": function})
}

fn result(asked: &AskedCall, looks: &[&Look], pieces: &[(&Look, String)]) -> String {
    let look = looks.iter().find(|look| look.call == asked.call);
    look.and_then(|look| pieces.iter().find(|(other, _)| std::ptr::eq(*other, *look))).map_or_else(
        || format!("{} was not called: there is a limit to the calls of one answer.", call_line(&asked.call)),
        |(_, piece)| piece.clone(),
    )
}

/// Its own words, or what it did where it said nothing.
fn said(turn: &Turn, words: &str) -> String {
    // A native call does not show in the words.
    let native = matches!(&turn.answer, Answer::Look { calls } if calls.iter().any(|asked| !asked.id.is_empty()));
    if !words.trim().is_empty() && !native {
        return words.to_string();
    }
    match &turn.answer {
        Answer::Look { calls } => {
            let calls: Vec<String> = calls.iter().map(|asked| call_line(&asked.call)).collect();
            format!("{words}\n(called {})", calls.join("; ")).trim().to_string()
        }
        Answer::Act { proposals, .. } => {
            let calls: Vec<String> = proposals.iter().map(|proposal| call_line(&proposal.call)).collect();
            format!("(proposed {})", calls.join("; "))
        }
        Answer::Resolved { .. } => "(said that nothing is left to do)".into(),
        Answer::Person { .. } => "(said that a person is needed)".into(),
    }
}
