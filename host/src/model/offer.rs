//! The tools as an offer to the model.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::choice;
use super::names::Names;
use crate::domain::text::cut;
use crate::domain::{Catalogue, Risk, Tool};

/// How tools are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// In the field that endpoints have for it.
    Native,
    /// In the text.
    Text,
}

/// Most bytes that all tools together take.
pub(super) const ROOM: usize = 40 * 1024;
/// Levels of a composed schema that are put together.
const COMPOSED: usize = 4;
/// And its parts, which may refer to each other.
const PARTS: usize = 500;
/// What composes a schema.
const COMPOSING: [&str; 9] = ["$ref", "allOf", "anyOf", "oneOf", "not", "enum", "if", "then", "else"];
/// Steps of thrift: longest description of a tool and of an argument.
const THRIFT: [(usize, usize); 4] = [(600, 400), (300, 120), (160, 0), (60, 0)];

/// Definitions for the field `tools` within `room` bytes, and how many did not fit. Those in `used` come first.
pub(super) fn native(catalogue: &Catalogue, names: &Names, used: &BTreeSet<&str>, room: usize) -> (Vec<Value>, usize) {
    offer(catalogue, used, room, |tool, text, argument| {
        json!({"type": "function", "function": {
            "name": names.offered(&tool.name),
            "description": description(tool, text),
            "parameters": schema(&tool.schema, argument),
        }})
    })
}

/// The same as lines of text, and how many did not fit.
pub(super) fn text(catalogue: &Catalogue, used: &BTreeSet<&str>, room: usize) -> (String, usize) {
    let (lines, missing) = offer(catalogue, used, room, |tool, text, argument| {
        let arguments = schema(&tool.schema, argument);
        let properties = arguments.get("properties").cloned().unwrap_or_else(|| json!({}));
        let required = arguments.get("required").cloned().unwrap_or_else(|| json!([]));
        let about = description(tool, text);
        Value::String(format!("- {}: {about}\n  parameters: {properties}\n  required: {required}\n", tool.name))
    });
    (lines.iter().filter_map(Value::as_str).collect(), missing)
}

fn offer(
    catalogue: &Catalogue,
    used: &BTreeSet<&str>,
    room: usize,
    make: impl Fn(&Tool, usize, usize) -> Value,
) -> (Vec<Value>, usize) {
    let mut tools: Vec<&Tool> = catalogue.tools.values().collect();
    // What only looks comes first.
    tools.sort_by_key(|tool| (tool.risk, &tool.name));
    let (mut made, mut sizes) = (Vec::new(), Vec::new());
    for (text, argument) in THRIFT {
        made = tools.iter().map(|tool| make(tool, text, argument)).collect();
        sizes = made.iter().map(|value| value.to_string().len()).collect();
        if sizes.iter().sum::<usize>() <= room {
            return (made, 0);
        }
    }
    let fitting = choice::fitting(&tools, &sizes, used, room);
    let missing = made.len() - fitting.len();
    let fits = |(place, value)| fitting.contains(&place).then_some(value);
    (made.into_iter().enumerate().filter_map(fits).collect(), missing)
}

fn description(tool: &Tool, longest: usize) -> String {
    let text = cut(&tool.description, longest);
    match tool.risk {
        Risk::Read => text,
        risk => format!("[proposal only: a policy gate decides; risk {}] {text}", risk.as_str()),
    }
}

/// A schema with shorter descriptions and without what endpoints stumble over.
fn schema(schema: &Value, longest: usize) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(map) = &mut schema {
        map.remove("$schema");
        flatten(map);
        map.insert("type".into(), "object".into());
        if !map.get("properties").is_some_and(Value::is_object) {
            map.insert("properties".into(), json!({}));
        }
    }
    shorten(&mut schema, longest, 0);
    if schema.is_object() { schema } else { json!({"type": "object", "properties": {}}) }
}

/// Some endpoints refuse a schema that is composed at its top: what its parts explain is put together. What
/// the parts demand of each other is left to the check of arguments, which sees the schema as it is.
fn flatten(map: &mut Map<String, Value>) {
    // Most are not composed, and need no copy.
    if !COMPOSING.iter().any(|key| map.contains_key(*key)) {
        return;
    }
    let whole = Value::Object(map.clone());
    let mut parts: Vec<(&Value, bool, usize)> = vec![(&whole, true, 0)];
    let (mut properties, mut required) = (Map::new(), Vec::new());
    let mut looked_at = 0;
    while let Some((part, demanded, depth)) = parts.pop() {
        looked_at += 1;
        if looked_at > PARTS {
            break;
        }
        for (name, schema) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
            properties.entry(name.clone()).or_insert_with(|| schema.clone());
        }
        let names = part.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in names.filter(|_| demanded) {
            if !required.contains(name) {
                required.push(name.clone());
            }
        }
        if depth >= COMPOSED {
            continue;
        }
        let target = part.get("$ref").and_then(Value::as_str).and_then(|at| whole.pointer(at.strip_prefix('#')?));
        parts.extend(target.map(|target| (target, demanded, depth + 1)));
        for (key, all) in [("allOf", true), ("anyOf", false), ("oneOf", false)] {
            let inner = part.get(key).and_then(Value::as_array).into_iter().flatten();
            parts.extend(inner.map(|part| (part, demanded && all, depth + 1)));
        }
    }
    for key in COMPOSING {
        map.remove(key);
    }
    map.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        map.insert("required".into(), Value::Array(required));
    }
}

fn shorten(value: &mut Value, longest: usize, depth: usize) {
    match value {
        Value::Object(map) => {
            match map.get_mut("description") {
                Some(Value::String(text)) if longest > 0 => *text = cut(text, longest),
                Some(Value::String(_)) => {
                    map.remove("description");
                }
                // An argument that is called description.
                _ => {}
            }
            if depth < 16 {
                map.values_mut().for_each(|value| shorten(value, longest, depth + 1));
            }
        }
        Value::Array(items) if depth < 16 => items.iter_mut().for_each(|item| shorten(item, longest, depth + 1)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::catalogue;

    #[test]
    fn changing_tools_are_marked_and_come_last() {
        let mut catalogue = catalogue(&["k.a_patch", "k.get"]);
        catalogue.tools.get_mut("k.a_patch").unwrap().risk = Risk::High;
        let (tools, missing) = native(&catalogue, &Names::of(&catalogue), &BTreeSet::new(), ROOM);
        assert_eq!(missing, 0);
        assert_eq!(tools[0]["function"]["name"], "k__get");
        let about = tools[1]["function"]["description"].as_str().unwrap();
        assert!(about.starts_with("[proposal only: a policy gate decides; risk high]"), "{about}");
        assert_eq!(tools[1]["function"]["parameters"]["type"], "object");
    }

    #[test]
    fn a_schema_that_is_composed_at_its_top_becomes_one_of_an_object() {
        let composed = json!({
            "$defs": {"base": {"properties": {"name": {"type": "string"}}, "required": ["name"]}},
            "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"ns": {}}}],
            "oneOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}, "ns": {"type": "string"}}}],
            "properties": {"own": {}},
        });
        let made = schema(&composed, 100);
        let names: Vec<&String> = made["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["a", "b", "name", "ns", "own"]);
        assert_eq!((&made["required"], &made["type"]), (&json!(["name"]), &json!("object")));
        assert!(made.get("allOf").is_none() && made.get("oneOf").is_none());
        let own = json!({"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}]}}, "required": ["a"]});
        assert_eq!(schema(&own, 100), own);
        for odd in [json!("x"), json!(null), json!({"type": "string", "properties": null})] {
            assert_eq!(schema(&odd, 100), json!({"type": "object", "properties": {}}));
        }
    }

    #[test]
    fn many_tools_are_described_ever_shorter_and_at_last_left_out() {
        let names: Vec<String> = (0..400).map(|n| format!("k.tool{n:03}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut catalogue = catalogue(&names);
        for tool in catalogue.tools.values_mut() {
            tool.description = "x".repeat(1000);
            tool.schema = json!({"$schema": "s", "properties": {"a": {"description": "y".repeat(500)}}});
        }
        let (tools, missing) = native(&catalogue, &Names::of(&catalogue), &BTreeSet::new(), ROOM);
        assert!(missing > 0 && tools.len() + missing == 400);
        assert!(tools.iter().map(|tool| tool.to_string().len()).sum::<usize>() <= ROOM);
        assert_eq!(tools[0]["function"]["parameters"]["properties"]["a"], json!({}));
    }
}
