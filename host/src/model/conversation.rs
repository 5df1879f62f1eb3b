//! The earlier turns of the conversation, as messages: as they came where the endpoint that gave them is asked
//! again, and told anew from what they mean otherwise.

use serde_json::{Value, json};

use super::evidence::{call_line, sanitize};
use super::names::Names;
use super::offer::OfferForm;
use super::prompt::Shape;
use super::raw_message;
use crate::domain::Incident;
use crate::domain::entry::{AskedCall, ModelAnswer, Purpose};
use crate::domain::incident::{Look, Turn};
use crate::domain::text::truncate;

/// How much of the model's own words it is shown again, where they are told anew.
const WORDS: usize = 2048;

/// The turns within a room.
pub(super) struct Turns<'a> {
    turns: Vec<(&'a Turn, Option<Value>)>,
    native: bool,
    words: usize,
}

impl<'a> Turns<'a> {
    /// Takes of each turn what may go back; the less room there is, the less.
    pub(super) fn of(incident: &'a Incident, shape: &Shape<'_>, room: usize) -> Self {
        let (text, most) = (raw_message::TEXT.min(room / 8).max(256), raw_message::MOST.min(room / 4));
        let native = shape.form == OfferForm::Native;
        let as_it_came = |turn: &'a Turn| {
            let original = turn.original.as_deref().filter(|original| original.by == shape.by);
            let message = original.and_then(|original| original.message.as_ref());
            // Where tools are described in the text, calls are told in words.
            let message = message.filter(|message| native || raw_message::calls(message).next().is_none());
            (turn, message.and_then(|message| raw_message::shortened(message, text, most)))
        };
        let turns = incident.model.turns.iter().map(as_it_came).collect();
        Self { turns, native, words: WORDS.min(room / 16) }
    }

    /// Bytes that they take, without what came of them.
    pub(super) fn size(&self) -> usize {
        let one = |(turn, message): &(&Turn, Option<Value>)| {
            message.as_ref().map_or_else(|| turn.text.len().min(self.words) + 200, |message| message.to_string().len())
        };
        self.turns.iter().map(one).sum()
    }

    /// Every turn, each followed by what came of it.
    pub(super) fn messages(&self, incident: &Incident, pieces: &[(&Look, String)], names: &Names) -> Vec<Value> {
        let mut messages = Vec::new();
        for (index, (turn, message)) in self.turns.iter().enumerate() {
            let next = self.turns.get(index + 1);
            let until = next.map_or(incident.looks.len(), |(next, _)| next.after_looks);
            let looks = incident.looks.iter().skip(turn.after_looks).take(until.saturating_sub(turn.after_looks));
            let looks: Vec<&Look> = looks.filter(|look| look.purpose == Purpose::Model).collect();
            let asked = match &turn.answer {
                ModelAnswer::Look { calls } => calls.as_slice(),
                _ => &[],
            };
            let words = truncate(&sanitize(&turn.text), self.words);
            let rebuilt = || {
                let ids = !asked.is_empty() && asked.iter().all(|call| !call.id.is_empty());
                let made = || asked.iter().map(|asked| made(asked, names)).collect::<Vec<Value>>();
                (self.native && ids).then(|| json!({"role": "assistant", "content": words, "tool_calls": made()}))
            };
            let called =
                message.clone().filter(|message| raw_message::calls(message).next().is_some()).or_else(rebuilt);
            if let Some(called) = called {
                let results = results(&called, asked, &looks, pieces);
                messages.push(called);
                messages.extend(results);
                continue;
            }
            messages
                .push(message.clone().unwrap_or_else(|| json!({"role": "assistant", "content": said(turn, &words)})));
            let next = match &turn.answer {
                ModelAnswer::Look { calls } => {
                    let results: Vec<String> = calls.iter().map(|asked| result(asked, &looks, pieces)).collect();
                    format!("{}\nWhat is the next step?", results.join("\n"))
                }
                _ => "The host went on from there. What is the next step?".into(),
            };
            messages.push(json!({"role": "user", "content": next}));
        }
        messages
    }
}

/// A result for every call of a message, also for those that were not made: endpoints want one for each.
fn results(message: &Value, asked: &[AskedCall], looks: &[&Look], pieces: &[(&Look, String)]) -> Vec<Value> {
    let mut left: Vec<&AskedCall> = asked.iter().collect();
    let answer = |id: &str| {
        let place = left.iter().position(|asked| asked.id == id);
        let content = match place.map(|place| left.remove(place)) {
            Some(asked) => result(asked, looks, pieces),
            None if asked.is_empty() => {
                "The host took it as a proposal and went on from there. What is the next step?".into()
            }
            None => "It was not called: looks come first, and there is a limit to the calls of one answer.".into(),
        };
        json!({"role": "tool", "tool_call_id": id, "content": content})
    };
    raw_message::calls(message).map(answer).collect()
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
    let native = matches!(&turn.answer, ModelAnswer::Look { calls } if calls.iter().any(|asked| !asked.id.is_empty()));
    if !words.trim().is_empty() && !native {
        return words.to_string();
    }
    match &turn.answer {
        ModelAnswer::Look { calls } => {
            let calls: Vec<String> = calls.iter().map(|asked| call_line(&asked.call)).collect();
            format!("{words}\n(called {})", calls.join("; ")).trim().to_string()
        }
        ModelAnswer::Act { proposals, .. } => {
            let calls: Vec<String> = proposals.iter().map(|proposal| call_line(&proposal.call)).collect();
            format!("(proposed {})", calls.join("; "))
        }
        ModelAnswer::Resolved { .. } => "(said that nothing is left to do)".into(),
        ModelAnswer::Person { .. } => "(said that a person is needed)".into(),
    }
}
