//! Finds YAML and JSON documents in an answer: in fences, as the whole answer, or in the middle.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// Most documents that are looked at.
const MOST: usize = 16;

static FENCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s)```[ \t]*([A-Za-z0-9_+-]*)[ \t]*\r?\n(.*?)(?:\r?\n?[ \t]*```|\z)").ok());

/// All documents that are mappings or lists, in order. The error says why the one that seems to be
/// meant cannot be read.
pub(super) fn read(text: &str) -> Result<Vec<Value>, String> {
    let mut found = Vec::new();
    let mut broken = None;
    let fences = FENCE.as_ref().into_iter().flat_map(|fence| fence.captures_iter(text)).take(MOST);
    for fence in fences {
        let group = |index| fence.get(index).map_or("", |part| part.as_str());
        let said = group(1).to_ascii_lowercase();
        if !matches!(said.as_str(), "" | "yaml" | "yml" | "json" | "json5" | "tool_call" | "tool_code") {
            continue;
        }
        match document(group(2)) {
            Ok(value) => found.push(value),
            Err(why) => broken = Some(why),
        }
    }
    if found.is_empty() {
        found = json(text);
    }
    if found.is_empty() && !text.contains("```") {
        match mapping(text) {
            Some(Ok(value)) => found.push(value),
            Some(Err(why)) => broken = Some(why),
            None => {}
        }
    }
    match broken {
        Some(why) if found.is_empty() => Err(format!("the model's decision cannot be read: {why}")),
        _ => Ok(found),
    }
}

fn document(text: &str) -> Result<Value, String> {
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) if text.trim_start().starts_with('{') => {
            // A flow mapping with comments or bare words is YAML all the same.
            yaml(text).map_err(|_| error.to_string())?
        }
        Err(_) => yaml(text)?,
    };
    if matches!(value, Value::Object(_) | Value::Array(_)) { Ok(value) } else { Err("it is no mapping".into()) }
}

/// What stands behind the last document of an answer; all of it belongs to a mapping that has no fence.
pub(super) fn rest(text: &str) -> &str {
    match FENCE.as_ref().and_then(|fence| fence.find_iter(text).last()) {
        Some(fence) => text.get(fence.end()..).unwrap_or_default(),
        None => objects(text).last().map_or("", |(_, behind)| behind),
    }
}

/// JSON objects that stand in the text, each whole.
pub(super) fn json(text: &str) -> Vec<Value> {
    objects(text).into_iter().map(|(value, _)| value).collect()
}

/// The same, each with what stands behind it.
pub(super) fn objects(text: &str) -> Vec<(Value, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    for _ in 0..4 * MOST {
        let Some(start) = rest.find('{') else { break };
        let Some(candidate) = rest.get(start..) else {
            break;
        };
        let mut stream = serde_json::Deserializer::from_str(candidate).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                rest = candidate.get(stream.byte_offset()..).unwrap_or_default();
                found.push((value, rest));
            }
            _ => rest = candidate.get(1..).unwrap_or_default(),
        }
    }
    found
}

/// The part of an answer that is a mapping without a fence: from the first line that begins with a
/// name of the schema.
fn mapping(text: &str) -> Option<Result<Value, String>> {
    const FIRST: [&str; 6] = ["decision:", "reason:", "tool_call:", "决策:", "原因:", "action:"];
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if FIRST.iter().any(|name| line.starts_with(name)) {
            return text.get(offset..).map(yaml);
        }
        offset += line.len();
    }
    None
}

/// Reads YAML within narrow limits. Sentences that hold a colon, which YAML forbids and models
/// write, are quoted for them; nothing else is repaired.
fn yaml(text: &str) -> Result<Value, String> {
    parse(text).or_else(|why| parse(&quoted(text)).map_err(|_| why))
}

fn parse(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 20_000,
            max_aliases: 0,
            max_anchors: 0,
            max_depth: 32,
            max_documents: 1,
            max_nodes: 10_000,
            max_total_scalar_bytes: 64 * 1024,
            max_merge_keys: 0,
        },
    };
    serde_saphyr::from_str_with_options::<Value>(text, options)
        .map_err(|error| error.to_string().lines().next().unwrap_or_default().to_string())
}

/// Names whose values are sentences.
const SENTENCES: [&str; 8] = ["reason", "root_cause", "impact", "explanation", "analysis", "原因", "根因", "影响"];

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.lines() {
        let sentence = line.split_once(':').filter(|(name, value)| {
            let value = value.trim();
            SENTENCES.contains(&name.trim()) && !value.is_empty() && !value.starts_with(['"', '\'', '|', '>', '[', '{'])
        });
        // A list item may be such a sentence as well.
        let item = line.trim_start().strip_prefix("- ").filter(|item| {
            let name = item.split(':').next().unwrap_or_default();
            item.contains(':') && name.contains(' ') && !item.starts_with(['"', '\'', '{', '['])
        });
        match (sentence, item) {
            (Some((name, value)), _) => {
                out.push_str(&format!("{name}: {}", Value::String(value.trim().to_string())));
            }
            (None, Some(item)) => {
                let indent = line.len() - line.trim_start().len();
                out.push_str(&format!("{}- {}", " ".repeat(indent), Value::String(item.to_string())));
            }
            (None, None) => out.push_str(line),
        }
        out.push('\n');
    }
    out
}
