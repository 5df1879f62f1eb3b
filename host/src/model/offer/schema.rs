//! The schema of a tool as a model needs it: without what endpoints stumble over, and with as much detail as there is
//! room for. The check of arguments sees the schema as it is.

use serde_json::{Map, Value, json};

use super::Detail;
use crate::domain::text::truncate;

/// Levels of a composed schema that are put together.
const COMPOSED: usize = 4;
/// And its parts, which may refer to each other.
const PARTS: usize = 500;
/// What composes a schema.
const COMPOSING: [&str; 9] = ["$ref", "allOf", "anyOf", "oneOf", "not", "enum", "if", "then", "else"];
/// What tells a model nothing that it needs.
const NOISE: [&str; 9] =
    ["$schema", "$id", "$comment", "title", "examples", "example", "deprecated", "readOnly", "writeOnly"];
/// Members that hold schemas by names of somebody's own.
const NAMED: [&str; 4] = ["properties", "patternProperties", "$defs", "definitions"];
/// Bytes of the values of one argument that are shown as such.
const VALUES: usize = 240;
/// Levels of a schema that are looked at.
const DEPTH: usize = 16;

/// A schema with as much detail as is wanted.
pub(super) fn trim(schema: &Value, detail: Detail) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(map) = &mut schema {
        flatten(map);
        map.insert("type".into(), "object".into());
        if !map.get("properties").is_some_and(Value::is_object) {
            map.insert("properties".into(), json!({}));
        }
    }
    shorten(&mut schema, detail, 0);
    if schema.is_object() { schema } else { json!({"type": "object", "properties": {}}) }
}

/// The arguments that must be given, with their types alone, and the names of the others.
pub(super) fn brief(schema: &Value) -> (Value, Vec<String>) {
    let whole = trim(schema, Detail::Typed);
    let required = whole.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let (mut properties, mut others) = (Map::new(), Vec::new());
    for (name, property) in whole.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if required.iter().any(|wanted| wanted == name) {
            let member = |key: &str| property.get(key).map(|value| (key.to_string(), value.clone()));
            let plain: Map<String, Value> = ["type", "enum"].into_iter().filter_map(member).collect();
            properties.insert(name.clone(), Value::Object(plain));
        } else {
            others.push(name.clone());
        }
    }
    let mut brief =
        Map::from_iter([("type".to_string(), json!("object")), ("properties".to_string(), properties.into())]);
    if !required.is_empty() {
        brief.insert("required".into(), required.into());
    }
    (Value::Object(brief), others)
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

/// Leaves out noise and shortens what is said of each part.
fn shorten(schema: &mut Value, detail: Detail, depth: usize) {
    if depth >= DEPTH {
        return;
    }
    match schema {
        Value::Object(map) => {
            map.retain(|name, value| !is_noise(name, value, detail));
            let listed = long_values(map);
            if let Some(Value::String(about)) = map.get_mut("description") {
                *about = truncate(about, detail.argument());
            }
            if detail.argument() == 0 {
                map.remove("description");
            }
            if let Some(listed) = listed {
                let about = map.get("description").and_then(Value::as_str).map(|about| format!("{about}; "));
                map.insert("description".into(), format!("{}{listed}", about.unwrap_or_default()).into());
            }
            for (name, value) in map.iter_mut() {
                match value {
                    Value::Object(named) if NAMED.contains(&name.as_str()) => {
                        named.values_mut().for_each(|schema| shorten(schema, detail, depth + 1));
                    }
                    Value::Object(_) | Value::Array(_) if !is_data(name) => shorten(value, detail, depth + 1),
                    _ => {}
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shorten(item, detail, depth + 1)),
        _ => {}
    }
}

/// Members that hold values and no schema.
fn is_data(name: &str) -> bool {
    matches!(name, "enum" | "const" | "default" | "required" | "type")
}

fn is_noise(name: &str, value: &Value, detail: Detail) -> bool {
    match name {
        // What holds without it is what most models take for granted.
        "additionalProperties" => value.is_boolean() || value.as_object().is_some_and(Map::is_empty),
        "default" => detail != Detail::Whole,
        "description" => !value.is_string(),
        name => NOISE.contains(&name),
    }
}

/// Takes out values that are too many to be shown, and tells the first of them in words.
fn long_values(map: &mut Map<String, Value>) -> Option<String> {
    let values = map.get("enum").and_then(Value::as_array)?;
    if map.get("enum")?.to_string().len() <= VALUES {
        return None;
    }
    let (mut told, mut count) = (String::from("one of "), 0_usize);
    for value in values {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
        if told.len() + value.len() > VALUES {
            break;
        }
        told.push_str(&value);
        told.push_str(", ");
        count += 1;
    }
    told.push_str(&format!("and {} more", values.len() - count));
    map.remove("enum");
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_is_composed_at_its_top_becomes_one_of_an_object() {
        let composed = json!({
            "$defs": {"base": {"properties": {"name": {"type": "string"}}, "required": ["name"]}},
            "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"ns": {}}}],
            "oneOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}, "ns": {"type": "string"}}}],
            "properties": {"own": {}},
        });
        let made = trim(&composed, Detail::Whole);
        let names: Vec<&String> = made["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["a", "b", "name", "ns", "own"]);
        assert_eq!((&made["required"], &made["type"]), (&json!(["name"]), &json!("object")));
        assert!(made.get("allOf").is_none() && made.get("oneOf").is_none());
        let own = json!({"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}]}}, "required": ["a"]});
        assert_eq!(trim(&own, Detail::Whole), own);
        for odd in [json!("x"), json!(null), json!({"type": "string", "properties": null})] {
            assert_eq!(trim(&odd, Detail::Whole), json!({"type": "object", "properties": {}}));
        }
    }

    #[test]
    fn what_tells_a_model_nothing_goes_and_arguments_of_any_name_stay() {
        let many: Vec<String> = (0..60).map(|n| format!("value-{n:02}")).collect();
        let schema = json!({
            "$schema": "s", "title": "T", "additionalProperties": false,
            "properties": {
                "title": {"type": "string", "title": "Title", "description": "a title", "examples": ["x"]},
                "description": {"type": "string", "description": "y".repeat(300), "default": "z"},
                "kind": {"type": "string", "enum": many, "description": "the kind"},
                "default": {"type": "object", "properties": {"title": {"type": "integer", "minimum": 1}}},
            },
            "required": ["title", "kind"],
        });
        let got = trim(&schema, Detail::Short);
        assert_eq!(got["properties"]["title"], json!({"type": "string", "description": "a title"}));
        let about = got["properties"]["description"]["description"].as_str().unwrap();
        assert!(about.len() < 120 && got["properties"]["description"].get("default").is_none(), "{about}");
        let kind = &got["properties"]["kind"];
        let about = kind["description"].as_str().unwrap();
        assert!(kind.get("enum").is_none() && about.starts_with("the kind; one of value-00, value-01"), "{about}");
        assert!(about.ends_with(" more") && about.len() < 300, "{about}");
        assert_eq!(got["properties"]["default"]["properties"]["title"], json!({"type": "integer", "minimum": 1}));
        assert!(got.get("title").is_none() && got.get("additionalProperties").is_none());

        let (brief, others) = brief(&schema);
        assert_eq!(brief["properties"], json!({"title": {"type": "string"}, "kind": {"type": "string"}}));
        assert_eq!(
            (&brief["required"], others),
            (&json!(["title", "kind"]), vec!["default".into(), "description".into()])
        );
    }
}
