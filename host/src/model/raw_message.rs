//! A model's message as it came, within a bound: what goes back to its endpoint with the conversation.
//!
//! Thinking models want their thoughts back with the turn that called a tool, and some sign them. What they
//! wrote is cut where it is too long; what may be signed is left out rather than changed.

use serde_json::{Map, Value};

use crate::domain::text::truncate;

/// Most bytes of a message that is kept.
pub(super) const MOST: usize = 48 * 1024;
/// Most bytes of one text of it.
pub(super) const TEXT: usize = 12 * 1024;
/// Members that are prose, which may be cut.
const PROSE: [&str; 4] = ["content", "reasoning_content", "reasoning", "refusal"];
/// Members without which the conversation makes no sense.
const NEEDED: [&str; 3] = ["role", "content", "tool_calls"];

/// What is kept of a message; nothing of one that is no object or too large for all that.
pub(super) fn capture(message: &Value) -> Option<Value> {
    shortened(message, TEXT, MOST)
}

/// A kept message with its prose cut to `text` bytes, and without the largest of its other members where
/// it has more than `most` bytes then.
pub(super) fn shortened(message: &Value, text: usize, most: usize) -> Option<Value> {
    let mut members = message.as_object()?.clone();
    for name in PROSE {
        match members.get_mut(name) {
            Some(Value::String(words)) if words.len() > text => *words = truncate(words, text),
            // An answer in parts; parts that are not text may be signed.
            Some(Value::Array(parts)) => {
                for part in parts {
                    if let Some(Value::String(words)) = part.get_mut("text")
                        && words.len() > text
                    {
                        *words = truncate(words, text);
                    }
                }
            }
            _ => {}
        }
    }
    members.insert("role".into(), "assistant".into());
    while size(&members) > most {
        let optional = members.iter().filter(|(name, _)| !NEEDED.contains(&name.as_str()));
        let largest = optional.max_by_key(|(_, value)| value.to_string().len()).map(|(name, _)| name.clone())?;
        members.remove(&largest);
    }
    Some(Value::Object(members))
}

fn size(members: &Map<String, Value>) -> usize {
    members.iter().map(|(name, value)| name.len() + value.to_string().len()).sum()
}

/// The calls of a message, with their ids.
pub(super) fn calls(message: &Value) -> impl Iterator<Item = &str> {
    let calls = message.get("tool_calls").and_then(Value::as_array);
    calls.into_iter().flatten().map(|call| call.get("id").and_then(Value::as_str).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_stays_as_it_came_within_a_bound() {
        let message = json!({
            "role": "assistant", "content": null, "reasoning_content": "first look", "unknown": {"a": [1, null]},
            "tool_calls": [{"id": "c", "extra_content": {"google": {"thought_signature": "AY89=="}}}],
        });
        assert_eq!(capture(&message), Some(message));
        let long = json!({"content": "y".repeat(TEXT + 9), "signature": "x".repeat(MOST), "small": "z"});
        let got = capture(&long).unwrap();
        assert!(got["content"].as_str().unwrap().ends_with("bytes cut)"));
        assert_eq!((got.get("signature"), &got["small"]), (None, &json!("z")), "what may be signed goes whole");
        assert_eq!(capture(&json!({"tool_calls": "x".repeat(MOST + 1)})), None);
        assert_eq!(capture(&json!("text")), None);
    }
}
