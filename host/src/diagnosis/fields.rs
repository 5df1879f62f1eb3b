//! Fields of objects as the API writes them, and texts cut for a sentence.

use serde_json::Value;

pub(super) use crate::evidence::{list, short, text};

/// A number at a pointer.
pub(super) fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

/// The n-th text in double quotes, counted from 0.
pub(super) fn quoted(message: &str, n: usize) -> Option<&str> {
    message.split('"').nth(2 * n + 1).filter(|name| !name.is_empty() && name.len() < 254)
}

/// What stands between two words, cut at a sensible length.
pub(super) fn between<'a>(message: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(before)?;
    let (found, _) = rest.split_once(after)?;
    (!found.is_empty() && found.len() < 254).then_some(found)
}

/// Whether a text has any of these words, which are in small letters.
pub(super) fn contains_word(message: &str, words: &[&str]) -> bool {
    let message = message.to_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// `pod shop/web-1`.
pub(super) fn object(value: &Value) -> String {
    let kind = text(value, "/kind").to_lowercase();
    let (namespace, name) = (text(value, "/metadata/namespace"), text(value, "/metadata/name"));
    let slash = if namespace.is_empty() { "" } else { "/" };
    short(&format!("{kind} {namespace}{slash}{name}"))
}

/// A condition as the API states it.
pub(super) struct Condition<'a> {
    pub status: &'a str,
    pub reason: &'a str,
    pub message: &'a str,
}

impl Condition<'_> {
    /// Reason and message in one line.
    pub fn why(&self) -> String {
        match (self.reason.is_empty(), self.message.is_empty()) {
            (false, false) => short(&format!("{}: {}", self.reason, self.message)),
            _ => short(&format!("{}{}", self.reason, self.message)),
        }
    }
}

/// The condition of this type.
pub(super) fn condition<'a>(value: &'a Value, kind: &str) -> Option<Condition<'a>> {
    let found = list(value, "/status/conditions").iter().take(64).find(|one| text(one, "/type") == kind)?;
    let (status, reason, message) = (text(found, "/status"), text(found, "/reason"), text(found, "/message"));
    Some(Condition { status, reason, message })
}

/// Whether labels fit the selector of a workload, service or policy; an empty one fits all.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    let empty = serde_json::Map::new();
    let wanted = match selector.get("matchLabels").or_else(|| selector.get("matchExpressions").map(|_| &Value::Null)) {
        Some(labels) => labels.as_object().unwrap_or(&empty),
        None => selector.as_object().unwrap_or(&empty),
    };
    let label = |key: &str| labels.get(key).and_then(Value::as_str);
    let plain = wanted.iter().all(|(key, value)| label(key) == value.as_str());
    plain
        && list(selector, "/matchExpressions").iter().all(|one| {
            let has = label(text(one, "/key"));
            let within = || list(one, "/values").iter().filter_map(Value::as_str).any(|value| Some(value) == has);
            match text(one, "/operator") {
                "In" => within(),
                "NotIn" => !within(),
                "Exists" => has.is_some(),
                "DoesNotExist" => has.is_none(),
                _ => false,
            }
        })
}
