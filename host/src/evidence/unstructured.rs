//! Answers in no form that is known: documents of another kind, texts, and documents that were cut.

use serde_json::{Map, Value};

use super::short;

/// Fields of a document of unknown kind that are shown.
const FIELDS: usize = 24;
/// Lines of a text that are shown: its beginning, and its end where it is long.
const HEAD: usize = 12;
const TAIL: usize = 6;
const DEEPEST: usize = 24;

/// Keys under which nobody finds what is wrong.
const NOISE: [&str; 11] = [
    "managedFields",
    "uid",
    "resourceVersion",
    "selfLink",
    "creationTimestamp",
    "generation",
    "generateName",
    "kubectl.kubernetes.io/last-applied-configuration",
    "ownerReferences",
    "lastProbeTime",
    "observedGeneration",
];

/// Keys that tell what is the case, the most telling first.
const TELLING: [&str; 16] = [
    "error", "message", "reason", "status", "phase", "state", "health", "type", "severity", "count", "name", "success",
    "code", "value", "result", "kind",
];

/// A document without what says nothing.
pub(super) fn pruned(value: &Value) -> Value {
    prune(value, 0)
}

fn prune(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(_) | Value::Array(_) if depth >= DEEPEST => Value::String("…".into()),
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !NOISE.contains(&key.as_str()));
            Value::Object(kept.map(|(key, value)| (key.clone(), prune(value, depth + 1))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| prune(item, depth + 1)).collect()),
        other => other.clone(),
    }
}

/// The fields of a document of unknown kind, the most telling first.
pub(super) fn fields(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    leaves("", value, 0, &mut found);
    let rank = |path: &String| {
        let key = path.rsplit('.').next().unwrap_or_default().split('[').next().unwrap_or_default().to_lowercase();
        TELLING.iter().position(|telling| *telling == key).unwrap_or(TELLING.len())
    };
    found.sort_by_key(|(path, _)| rank(path));
    let left = found.len().saturating_sub(FIELDS);
    let mut lines: Vec<String> =
        found.into_iter().take(FIELDS).map(|(path, text)| format!("{}: {}", short(&path), short(&text))).collect();
    if left > 0 {
        lines.push(format!("… {left} more fields"));
    }
    lines
}

/// A list of things of unknown kind, one line each.
pub(super) fn items(items: &[Value]) -> Vec<String> {
    let line = |item: &Value| {
        let mut found = Vec::new();
        leaves("", item, 0, &mut found);
        let parts = found.into_iter().take(8).map(|(path, text)| match path.as_str() {
            "" => short(&text),
            path => format!("{}={}", short(path), short(&text)),
        });
        parts.collect::<Vec<_>>().join(" ")
    };
    let mut lines = vec![format!("{} are listed", items.len())];
    lines.extend(items.iter().take(FIELDS).map(line));
    if items.len() > FIELDS {
        lines.push(format!("… {} more", items.len() - FIELDS));
    }
    lines
}

fn leaves(path: &str, value: &Value, depth: usize, found: &mut Vec<(String, String)>) {
    if found.len() > 2000 || depth > DEEPEST {
        return;
    }
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !NOISE.contains(&key.as_str())) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(&path, value, depth + 1, found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                leaves(&format!("{path}[{at}]"), value, depth + 1, found);
            }
        }
        Value::String(text) => found.push((path.to_string(), text.clone())),
        other => found.push((path.to_string(), other.to_string())),
    }
}

/// Lines of a document that cannot be read as a whole, such as one that was cut: those whose key tells.
pub(super) fn broken(text: &str) -> Vec<String> {
    let telling = |line: &str| {
        let Some((key, value)) = line.split_once(':') else { return false };
        let key = key.trim().trim_start_matches("- ").trim_matches(['"', '\'']).to_lowercase();
        let value = value.trim();
        TELLING.contains(&key.as_str()) && !matches!(value, "" | "{" | "[" | "|" | "{}" | "[]")
    };
    let all: Vec<String> = text
        .lines()
        .filter(|line| telling(line))
        .map(|line| line.trim().trim_start_matches("- ").trim_end_matches(',').replace('"', ""))
        .collect();
    let mut lines =
        vec![format!("the document cannot be read as a whole ({} bytes); what its fields say:", text.len())];
    if all.is_empty() {
        lines.push(short(text));
    }
    lines.extend(all.iter().take(FIELDS).map(|line| short(line)));
    if all.len() > FIELDS {
        lines.push(format!("… {} more fields", all.len() - FIELDS));
    }
    lines
}

/// A text: its first lines, and its last ones where it is long.
pub(super) fn lines(text: &str) -> Vec<String> {
    let all: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    if all.len() <= HEAD + TAIL {
        return all.iter().map(|line| (*line).to_string()).collect();
    }
    let mut lines: Vec<String> = all.iter().take(HEAD).map(|line| (*line).to_string()).collect();
    lines.push(format!("… {} lines", all.len() - HEAD - TAIL));
    lines.extend(all.iter().skip(all.len() - TAIL).map(|line| (*line).to_string()));
    lines
}
