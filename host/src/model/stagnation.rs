//! Whether the model turns in circles.

use serde_json::Value;

use crate::domain::Incident;
use crate::domain::call::{Call, digest};
use crate::domain::entry::ModelAnswer;

/// What is said of it to people.
pub(super) const WHY: &str = "the model asks again for what it has already seen and gets no further";
/// And to the model, once.
pub(super) const DECIDE: &str =
    "it asks for nothing but what was seen already; decide with what is known, without another look";

/// Whether this answer and the one before it ask for nothing but what had been seen already when
/// they were given. Once may be a slip, and the world may have moved on; twice is a circle.
pub(super) fn stagnates(incident: &Incident, answer: &ModelAnswer) -> bool {
    let Some(turn) = incident.model.turns.last() else {
        return false;
    };
    repeats(incident, answer, incident.looks.len()) && repeats(incident, &turn.answer, turn.after_looks)
}

fn repeats(incident: &Incident, answer: &ModelAnswer, seen: usize) -> bool {
    let ModelAnswer::Look { calls } = answer else {
        return false;
    };
    let known: Vec<String> = incident.looks.iter().take(seen).map(|look| essence(&look.call)).collect();
    !calls.is_empty() && calls.iter().all(|asked| known.contains(&essence(&asked.call)))
}

/// What a call asks for, whatever it says besides: empty and false arguments, case and the plural
/// of words make no other call.
fn essence(call: &Call) -> String {
    let mut plain = Call { tool: call.tool.clone(), arguments: serde_json::Map::new() };
    for (name, value) in &call.arguments {
        let value = match value {
            Value::Null | Value::Bool(false) => continue,
            Value::String(text) if text.trim().is_empty() => continue,
            Value::String(text) => {
                let text = text.trim().to_lowercase();
                let singular = text.strip_suffix('s').filter(|_| name.to_lowercase().ends_with("type"));
                Value::String(singular.map_or(text.clone(), Into::into))
            }
            other => other.clone(),
        };
        plain.arguments.insert(name.clone(), value);
    }
    digest(&plain)
}
