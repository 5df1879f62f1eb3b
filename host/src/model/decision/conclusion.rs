//! The answer that ends a conversation: its schema, as a tool that models can call, and what it must hold.

use serde_json::{Value, json};

use super::draft::{self, Draft};
use crate::domain::entry::{Diagnosis, ModelAnswer};
use crate::model::names::Names;
use crate::model::wire::RawCall;

/// The tool with which a model that calls tools ends the conversation.
const NAME: &str = "final_answer";

/// The definition of that tool, for the field `tools`; none where a server has one of this name.
pub(in crate::model) fn definition(names: &Names) -> Option<Value> {
    if names.real(NAME).is_some() {
        return None;
    }
    let text = |about: &str| json!({"type": "string", "description": about});
    let step = json!({"type": "object", "properties": {
        "text": text("what to do and why"),
        "command": text("one line that a person can paste, with all names written out; none where there is none"),
    }, "required": ["text"]});
    let action = json!({"type": "object", "properties": {
        "tool_name": text("one of the other tools that changes something"),
        "parameters": {"type": "object", "description": "all its arguments"},
    }, "required": ["tool_name", "parameters"]});
    let properties = json!({
        "decision": {"type": "string", "enum": ["act", "resolved", "need_person"]},
        "root_cause": text("what is wrong"),
        "confidence": {"type": "integer", "minimum": 0, "maximum": 100, "description": "how sure of root_cause"},
        "confidence_reason": text("what that rests on, and what is not known"),
        "impact": text("what it does to users"),
        "steps": {"type": "array", "items": step, "description": "what a person would do, best first"},
        "prevention": {"type": "array", "items": {"type": "string"}},
        "actions": {"type": "array", "items": action, "description": "with act: changes, best first; the next is tried only where the one before did not help"},
    });
    Some(json!({"type": "function", "function": {
        "name": NAME,
        "description": "Ends your part with your account of the incident. Changes in actions are proposals.",
        "parameters": {
            "type": "object", "properties": properties, "required": ["decision", "root_cause", "confidence", "steps"],
        },
    }}))
}

/// The calls that are no final answer, and the final answer before which no look stands.
///
/// # Errors
/// Where its arguments cannot be read, as a sentence.
pub(super) fn taken_out(calls: &[RawCall], names: &Names) -> Result<(Vec<RawCall>, Option<Draft>), String> {
    let is_final = |call: &&RawCall| call.name.trim() == NAME && names.real(NAME).is_none();
    let Some(answer) = calls.iter().find(is_final) else { return Ok((calls.to_vec(), None)) };
    let others: Vec<RawCall> = calls.iter().filter(|call| !is_final(call)).cloned().collect();
    let read = draft::arguments(&Value::String(answer.arguments.clone()))
        .map_err(|why| format!("the arguments of {NAME} cannot be read: {why}"))?;
    let draft = Draft::of(&[Value::Object(read)]).ok_or_else(|| format!("{NAME} names no decision"))?;
    Ok((others, Some(draft)))
}

/// Whether an answer that ends the conversation says what is wrong, without which it says nothing.
///
/// # Errors
/// That it does not, as a sentence.
pub(super) fn says_what(diagnosis: &Diagnosis) -> Result<(), String> {
    if diagnosis.root_cause.is_empty() { Err(lacks_all(&["root_cause"])) } else { Ok(()) }
}

/// What an answer that says what is wrong lacks of what people need beside that, as a sentence.
pub(super) fn lacks(answer: &ModelAnswer) -> Option<String> {
    // That nothing is wrong any more needs no advice, and what is done about it is ruled on.
    let ModelAnswer::Person { diagnosis } = answer else { return None };
    let mut lacks = Vec::new();
    if diagnosis.confidence.is_none() {
        lacks.push("confidence (a whole number from 0 to 100)");
    }
    if diagnosis.steps.is_empty() {
        lacks.push("steps (what a person should do, best first)");
    }
    (!lacks.is_empty()).then(|| lacks_all(&lacks))
}

fn lacks_all(parts: &[&str]) -> String {
    format!("the model's decision lacks {}", parts.join(", "))
}
