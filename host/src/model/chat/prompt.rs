//! What the model is told in a conversation, made from the conversation alone.
//!
//! The question that is being answered stands there with all its looks; earlier ones with their answers in words, as far
//! as there is room, the newest first.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::conversation::{AnswerOutcome, Conversation, Exchange};
use crate::domain::incident::Look;
use crate::domain::text::truncate;
use crate::domain::{Catalogue, Incident};
use crate::evidence;
use crate::model::conversation;
use crate::model::evidence::{allocate_bytes, call_line, sanitize, section};
use crate::model::names::Names;
use crate::model::offer::{self, OfferForm};
use crate::model::prompt::{Prompt, Shape};

/// Most bytes of all that is no tool.
const ROOM: usize = 48 * 1024;
/// Most bytes of an earlier question or answer.
const EARLIER: usize = 4096;
/// Looks of an earlier question that are named.
const NAMED: usize = 8;

/// Makes the prompt. `case` is the question that is being answered, with its looks.
pub(super) fn build(talk: &Conversation, case: &Incident, catalogue: &Catalogue, shape: &Shape<'_>) -> Prompt {
    let names = Names::of(catalogue);
    let mut system = include_str!("../chat.txt").to_string();
    // The same in the whole conversation, whatever a question is about.
    let used = BTreeSet::new();
    let for_tools = offer::ROOM.min(shape.bytes / 11 * 5);
    let (tools, missing) = match shape.form {
        OfferForm::Native => {
            let offer = offer::native(catalogue, &names, &used, for_tools);
            system.push_str(&offer.left_out());
            (offer.tools, offer.missing.len())
        }
        OfferForm::Text => {
            let offer = offer::text(catalogue, &used, for_tools);
            system.push_str(CALL);
            system.push_str(&offer.tools);
            system.push_str(&offer.left_out());
            (Vec::new(), offer.missing.len())
        }
    };
    if shape.language == "zh" {
        system.push_str("Answer in the language of the question; in Simplified Chinese where that is not clear.\n");
    } else {
        system.push_str("Answer in the language of the question.\n");
    }
    if let Some(incident) = &talk.incident {
        let _ = writeln!(system, "The conversation is about the incident {incident}.");
    }
    // What is the same in every question stands before what is not.
    if shape.last {
        system.push_str("This is the last step: answer in words now, with what is known.\n");
    }
    let of_tools: usize = tools.iter().map(|tool| tool.to_string().len()).sum();
    let room = shape.bytes.saturating_sub(of_tools + system.len()).min(ROOM);

    let (open, earlier) = match talk.exchanges.split_last() {
        Some((last, earlier)) if last.end.is_none() => (Some(last), earlier),
        _ => (None, talk.exchanges.as_slice()),
    };
    let turns = conversation::Turns::of(case, shape, room);
    let looks: Vec<&Look> = case.looks.iter().collect();
    let texts: Vec<String> = looks.iter().map(|look| sanitize(&evidence::for_model(look))).collect();
    let question = open.map(|open| truncate(&sanitize(&open.text), ROOM / 4)).unwrap_or_default();
    let for_looks = room.saturating_sub(question.len() + turns.size() + 200 * looks.len());
    let shares = allocate_bytes(&texts, for_looks);
    let numbered = looks.iter().zip(texts.iter().zip(&shares)).enumerate();
    let pieces: Vec<(&Look, String)> =
        numbered.map(|(index, (look, (text, share)))| (*look, section(index + 1, look, text, *share))).collect();
    let taken: usize = pieces.iter().map(|(_, piece)| piece.len()).sum();

    let mut messages = vec![json!({"role": "system", "content": system})];
    messages.extend(before(earlier, room.saturating_sub(question.len() + turns.size() + taken)));
    let mut asked = question;
    // What the host looked at before the model was asked.
    let first = case.model.turns.first().map_or(case.looks.len(), |turn| turn.after_looks);
    for (_, piece) in pieces.iter().take(first) {
        let _ = write!(asked, "\n{piece}");
    }
    messages.push(json!({"role": "user", "content": asked}));
    messages.extend(turns.messages(case, &pieces, &names));
    Prompt { messages, tools, names, missing }
}

/// How a tool is called where there is no field for tools.
const CALL: &str = "\
To call a tool, answer with exactly one fenced YAML block and nothing behind it:
```yaml
tool_call:
  tool_name: server.tool
  parameters:
    name: value
```
The tools:
";

/// Earlier questions and answers, the newest that have room, in their order.
fn before(earlier: &[Exchange], room: usize) -> Vec<Value> {
    let (mut left, mut kept) = (room, Vec::new());
    for exchange in earlier.iter().rev() {
        let asked = truncate(&sanitize(&exchange.text), EARLIER);
        let answered = truncate(&sanitize(&answer(exchange)), EARLIER);
        let size = asked.len() + answered.len();
        if size > left {
            break;
        }
        left -= size;
        kept.push([json!({"role": "user", "content": asked}), json!({"role": "assistant", "content": answered})]);
    }
    kept.into_iter().rev().flatten().collect()
}

/// What became of an earlier question, in words.
fn answer(exchange: &Exchange) -> String {
    let looked: Vec<String> = exchange.looks().take(NAMED).map(|look| call_line(&look.call)).collect();
    let looked = if looked.is_empty() { String::new() } else { format!("(looked: {})\n", looked.join("; ")) };
    match &exchange.end {
        Some(AnswerOutcome::Replied { text, .. }) => format!("{looked}{text}"),
        Some(AnswerOutcome::Proposed { incident, actions, text }) => {
            let calls: Vec<String> = actions.iter().map(|one| call_line(&one.call)).collect();
            format!("{looked}{text}\n(proposed, as incident {incident}: {})", calls.join("; "))
        }
        Some(AnswerOutcome::Failed(reason)) => format!("{looked}(no answer: {reason})"),
        Some(AnswerOutcome::Interrupted(reason)) => format!("{looked}(the answer was broken off: {reason})"),
        None => format!("{looked}(no answer)"),
    }
}
