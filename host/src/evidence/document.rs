//! Tells in which form an answer is, and has it read.

use serde_json::Value;

use super::event::{self, Event};
use super::object_summary::ObjectSummary;
use super::{describe, log, object, table, unstructured};
use crate::domain::call::Call;
use crate::domain::text::{canonical_json, truncate};
use crate::domain::{kind_of, long_values, values};

/// Objects of one answer that are read whole; of more the worst are told.
const OBJECTS: usize = 200;

/// An answer as it was read.
pub(super) enum ParsedAnswer {
    /// Objects and events.
    Objects(Vec<ObjectSummary>),
    /// Anything else, as lines.
    Lines(Vec<String>),
}

impl ParsedAnswer {
    pub fn lines(self) -> Vec<String> {
        match self {
            Self::Lines(lines) => lines,
            Self::Objects(all) => all.iter().flat_map(ObjectSummary::lines).collect(),
        }
    }
}

/// Whether a call asks for a log, by the name of its tool.
pub(super) fn is_log(call: &Call) -> bool {
    let tool = call.tool.rsplit('.').next().unwrap_or_default();
    tool.split('_').any(|word| matches!(word, "log" | "logs"))
}

/// The documents of a text that begins like one; almost any text is a word or a list of words for YAML.
pub(super) fn documents(text: &str) -> Option<Vec<Value>> {
    is_keyed(text).then(|| values(text))?
}

/// The same of a list that may be longer than what is looked at otherwise.
pub(super) fn long_documents(text: &str) -> Option<Vec<Value>> {
    is_keyed(text).then(|| long_values(text))?
}

fn is_keyed(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with(['{', '[', '#', '-']) || start.starts_with("apiVersion:") || start.starts_with("kind:")
}

/// Reads an answer to `call`.
pub(super) fn read(call: &Call, text: &str) -> ParsedAnswer {
    let start = text.trim_start();
    if start.is_empty() {
        return ParsedAnswer::Lines(vec!["the answer is empty".into()]);
    }
    if let Some(all) = describe::read(&kind_asked(call), text) {
        return ParsedAnswer::Objects(all);
    }
    if is_log(call)
        && let Some(lines) = log::of(text)
    {
        return ParsedAnswer::Lines(lines);
    }
    if let Some(documents) = documents(text)
        && let Some(read) = all(&documents)
    {
        return read;
    }
    if let Some(read) = table::read(text) {
        return read;
    }
    if start.starts_with(['{', '[']) || start.starts_with("apiVersion:") {
        return ParsedAnswer::Lines(unstructured::broken(text));
    }
    ParsedAnswer::Lines(unstructured::lines(text))
}

/// The kind that a call asks for, as an answer that is a description does not name it.
pub(super) fn kind_asked(call: &Call) -> String {
    let named = ["resourceType", "kind"].iter().find_map(|key| call.arguments.get(*key).and_then(Value::as_str));
    // `pod/web-1` names an object with its kind.
    let kind = named.and_then(|text| text.split('/').next()).unwrap_or_default();
    // Of another's kind the plural is not known, and is left as it stands.
    let foreign = || kind.split('.').next().unwrap_or_default().to_lowercase();
    kind_of(kind).map_or_else(foreign, str::to_string)
}

fn all(documents: &[Value]) -> Option<ParsedAnswer> {
    let mut seen = Vec::new();
    let mut lines = Vec::new();
    for document in documents {
        match one(document)? {
            ParsedAnswer::Objects(all) => seen.extend(all),
            ParsedAnswer::Lines(more) => lines.extend(more),
        }
    }
    match (seen.is_empty(), lines.is_empty()) {
        (true, true) => None,
        (false, true) => Some(ParsedAnswer::Objects(seen)),
        (_, false) => {
            let mut all: Vec<String> = seen.iter().flat_map(ObjectSummary::lines).collect();
            all.extend(lines);
            Some(ParsedAnswer::Lines(all))
        }
    }
}

fn one(document: &Value) -> Option<ParsedAnswer> {
    if let Some(items) = document.as_array() {
        return list(items);
    }
    document.as_object()?;
    for key in ["items", "events", "resources"] {
        if let Some(items) = document.get(key).and_then(Value::as_array) {
            return list(items);
        }
    }
    if let Some(logs) = document.get("logs").and_then(Value::as_object) {
        let mut lines = Vec::new();
        for (name, text) in logs {
            lines.push(format!("log of {name}:"));
            lines.extend(log::lines(text.as_str().unwrap_or_default()));
        }
        return Some(ParsedAnswer::Lines(lines));
    }
    if let Some(seen) = object::read(document) {
        return Some(ParsedAnswer::Objects(vec![seen]));
    }
    Some(ParsedAnswer::Lines(unstructured::fields(document)))
}

fn list(items: &[Value]) -> Option<ParsedAnswer> {
    if items.is_empty() {
        return Some(ParsedAnswer::Lines(vec!["nothing is listed".into()]));
    }
    if items.iter().all(event::is_one) {
        let events: Vec<Event> = items.iter().filter_map(event::read).collect();
        return Some(ParsedAnswer::Objects(vec![ObjectSummary { events, ..ObjectSummary::default() }]));
    }
    if let Some(mut seen) = items.iter().take(OBJECTS).map(object::read).collect::<Option<Vec<ObjectSummary>>>() {
        // Those with something to say come first; of a long list the others are one line each.
        seen.sort_by_key(|one| std::cmp::Reverse(object::troubled(one)));
        for one in seen.iter_mut().filter(|one| items.len() > 3 && !object::troubled(one)) {
            one.facts.clear();
            one.containers.clear();
        }
        return Some(ParsedAnswer::Objects(seen));
    }
    Some(ParsedAnswer::Lines(unstructured::items(items)))
}

/// The whole of an answer without what says nothing, on one line, cut; none where the excerpt says it all.
pub(super) fn details(text: &str, most: usize) -> Option<String> {
    match documents(text) {
        Some(documents) => {
            let pruned: Vec<String> = documents.iter().map(|one| canonical_json(&unstructured::pruned(one))).collect();
            Some(format!("in full: {}", truncate(&pruned.join(" "), most)))
        }
        None if text.lines().count() > 5 => Some(format!("in full:\n{}", truncate(text.trim_end(), most))),
        None => None,
    }
}
