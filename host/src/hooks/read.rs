//! Hooks out of the documents of a cluster: YAML or JSON, several in a file, and lists of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Hook;

/// The group of ops's own resources.
const GROUP: &str = "crd.chenshaowen.com/";

/// The hooks of a text; what else stands there is named in `skipped`.
///
/// # Errors
/// When the text cannot be read.
pub fn read(name: &str, text: &str, skipped: &mut Vec<String>) -> Result<Vec<Hook>, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 1_000_000,
            max_aliases: 100,
            max_anchors: 100,
            max_depth: 64,
            max_documents: 10_000,
            max_nodes: 500_000,
            max_total_scalar_bytes: 4 << 20,
            max_merge_keys: 0,
        },
    };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| format!("{name} cannot be read: {}", error.to_string().lines().next().unwrap_or_default()))?;
    let mut hooks = Vec::new();
    for document in documents {
        documented(name, document, &mut hooks, skipped);
    }
    Ok(hooks)
}

fn documented(name: &str, document: Value, hooks: &mut Vec<Hook>, skipped: &mut Vec<String>) {
    let kind = document.pointer("/kind").and_then(Value::as_str).unwrap_or_default().to_string();
    if kind.ends_with("List") || (kind.is_empty() && document.is_array()) {
        let items = match document {
            Value::Array(items) => items,
            mut list => list.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default(),
        };
        // A list of lists is no kind of list that a cluster gives.
        items.into_iter().for_each(|item| one(name, &item, hooks, skipped));
    } else if !document.is_null() {
        one(name, &document, hooks, skipped);
    }
}

fn one(name: &str, document: &Value, hooks: &mut Vec<Hook>, skipped: &mut Vec<String>) {
    let text = |path: &str| document.pointer(path).and_then(Value::as_str).unwrap_or_default().to_string();
    let (kind, version, own) = (text("/kind"), text("/apiVersion"), text("/metadata/name"));
    if kind != "EventHooks" || !(version.is_empty() || version.starts_with(GROUP)) {
        skipped.push(format!(
            "{name}: {} {own:?} is no EventHooks of {GROUP}v1",
            if kind.is_empty() { "a document" } else { &kind }
        ));
        return;
    }
    if own.is_empty() {
        skipped.push(format!("{name}: an EventHooks without metadata.name"));
        return;
    }
    for list in ["include", "exclude"] {
        let given = document.pointer(&format!("/spec/keywords/{list}"));
        if given.is_some_and(|given| !given.is_array() && !given.is_null()) {
            skipped.push(format!("{name}: EventHooks {own:?}: spec.keywords.{list} is no list; a cluster refuses it"));
            return;
        }
    }
    let strings = |path: &str| -> Vec<String> {
        document.pointer(path).and_then(Value::as_array).into_iter().flatten().filter_map(plain).collect()
    };
    let options = document.pointer("/spec/options").and_then(Value::as_object).into_iter().flatten();
    let options: BTreeMap<String, String> =
        options.filter_map(|(key, value)| Some((key.clone(), plain(value)?))).collect();
    hooks.push(Hook {
        name: own,
        namespace: text("/metadata/namespace"),
        kind: text("/spec/type"),
        subject: text("/spec/subject").trim().to_lowercase(),
        url: text("/spec/url").trim().to_string(),
        options,
        include: strings("/spec/keywords/include"),
        exclude: strings("/spec/keywords/exclude"),
        match_mode: text("/spec/keywords/matchMode"),
        match_type: text("/spec/keywords/matchType"),
        additional: text("/spec/additional"),
    });
}

/// A text, and what YAML takes for a number where somebody forgot the quotes.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
