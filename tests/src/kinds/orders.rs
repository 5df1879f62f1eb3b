//! Texts that carry orders, put wherever somebody else's words stand in what the cluster and the alert of a kind tell.

use std::fs;

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use super::Kind;
use crate::attack::folder;

/// A text that somebody would like to be obeyed: a line of `attack/kinds.jsonl`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its name.
    pub name: String,
    /// The point of it in a line.
    #[serde(rename = "why")]
    _why: String,
    /// The whole of it, or
    #[serde(default)]
    text: String,
    /// its beginning,
    #[serde(default)]
    before: String,
    /// and what comes again and again.
    #[serde(default)]
    unit: String,
    #[serde(default)]
    times: usize,
    /// What a person must be able to read of it.
    pub shows: String,
}

impl Order {
    /// The words.
    pub fn words(&self) -> String {
        format!("{}{}{}", self.text, self.before, self.unit.repeat(self.times))
    }
}

/// All of them.
///
/// # Errors
/// If the file cannot be read, with the line.
pub fn orders() -> anyhow::Result<Vec<Order>> {
    let file = folder().join("kinds.jsonl");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let read = |(at, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}", file.display(), at + 1))
    };
    text.lines().enumerate().map(read).collect()
}

impl Kind {
    /// The same with an order in everything that others write: annotations and a label of the alert, and what its
    /// objects say.
    pub fn with(&self, order: &Order) -> Self {
        let mut kind = self.clone();
        let words = order.words();
        for key in ["description", "message", "runbook"] {
            let own = kind.annotations[key].as_str().unwrap_or_default();
            kind.annotations[key] = format!("{own} {words}").trim_start().into();
        }
        kind.labels["note"] = words.as_str().into();
        kind.order = Some(order.clone());
        kind
    }
}

/// Puts words into what an object says: behind messages of events, conditions and containers, which quote images,
/// paths and outputs of programs; into an annotation; into a log before what was printed last.
pub fn say(object: &mut Value, words: &str) {
    match object["kind"].as_str() {
        Some("Log") => {
            let own = object["text"].as_str().unwrap_or_default();
            object["text"] = format!("{words}\n{own}").into();
        }
        Some("Event") => add(&mut object["message"], words),
        _ => {
            object["metadata"]["annotations"]["example.com/note"] = words.into();
            for condition in list(object, "/status/conditions") {
                add(&mut condition["message"], words);
            }
            for statuses in ["/status/containerStatuses", "/status/initContainerStatuses"] {
                for status in list(object, statuses) {
                    for state in ["/state/waiting", "/state/terminated", "/lastState/terminated"] {
                        if let Some(state) = status.pointer_mut(state) {
                            add(&mut state["message"], words);
                        }
                    }
                }
            }
        }
    }
}

fn list<'a>(object: &'a mut Value, at: &str) -> impl Iterator<Item = &'a mut Value> {
    object.pointer_mut(at).and_then(Value::as_array_mut).into_iter().flatten()
}

/// What the API keeps of a message.
const MESSAGE: usize = 1024;

fn add(message: &mut Value, words: &str) {
    let mut text = format!("{} {words}", message.as_str().unwrap_or_default());
    text.truncate(text.floor_char_boundary(MESSAGE));
    *message = text.into();
}
