//! Checks settings against the part of JSON Schema that plugin manifests use: `type`, `required`,
//! `properties`, `additionalProperties`, `items`, `enum`, `minimum`, `maximum`.

use serde_json::{Map, Value};

/// Sentences about settings that do not fit. Without a schema a plugin takes no settings.
pub fn problems(schema: Option<&Value>, settings: &Map<String, Value>) -> Vec<String> {
    let mut problems = Vec::new();
    match schema {
        None if settings.is_empty() => {}
        None => problems.push("settings are given but the plugin takes none".to_string()),
        Some(schema) => object(schema, settings, "settings", &mut problems),
    }
    problems
}

/// Words of JSON Schema that are read, and those that are there for people.
const WORDS: [&str; 8] =
    ["type", "required", "properties", "additionalProperties", "items", "enum", "minimum", "maximum"];
const FOR_PEOPLE: [&str; 6] = ["description", "title", "default", "examples", "format", "deprecated"];

/// Words of JSON Schema that are for the plugin and for editors: what they demand the host does not check.
const UNCHECKED: [&str; 34] = [
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "prefixItems",
    "const",
    "multipleOf",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "patternProperties",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "definitions",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "minContains",
    "maxContains",
    "contentEncoding",
    "contentMediaType",
    "if",
    "then",
    "else",
    "readOnly",
    "writeOnly",
];

/// A sentence about a word in a schema that would have no effect, such as one that is misspelt.
pub fn unread(schema: &Value) -> Option<String> {
    let Value::Object(members) = schema else { return None };
    for (word, inner) in members {
        let within = match (word.as_str(), inner) {
            ("properties", Value::Object(properties)) => properties.values().find_map(unread),
            ("additionalProperties" | "items", inner) => unread(inner),
            (word, _) if WORDS.contains(&word) || FOR_PEOPLE.contains(&word) || UNCHECKED.contains(&word) => None,
            (word, _) if word.starts_with("x-") || word.starts_with('$') => None,
            (word, _) => Some(format!(
                "{word} is no word of JSON Schema; the host checks {}, and shows description",
                WORDS.join(", ")
            )),
        };
        if within.is_some() {
            return within;
        }
    }
    None
}

/// Sentences about settings that still hold what stands in a printed line to be replaced.
pub fn placeholders(settings: &Map<String, Value>) -> Vec<String> {
    fn within(value: &Value, place: &str, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text == "…" || text.contains("://…") => {
                found.push(format!("{place} is still the placeholder {text:?}: write the value that is meant"));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, one)| within(one, &format!("{place}[{i}]"), found))
            }
            Value::Object(members) => {
                members.iter().for_each(|(key, one)| within(one, &format!("{place}.{key}"), found))
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    settings.iter().for_each(|(key, value)| within(value, &format!("settings.{key}"), &mut found));
    found
}

fn value(schema: &Value, value: &Value, place: &str, problems: &mut Vec<String>) {
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind, value)) {
        problems.push(format!("{place} must be {}, not {}", kinds.join(" or "), name(value)));
        return;
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.contains(value)
    {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        problems.push(format!("{place} must be one of {}", allowed.join(", ")));
    }
    if let Some(number) = value.as_f64() {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        if let Some(least) = bound("minimum").filter(|least| number < *least) {
            problems.push(format!("{place} must be at least {least}"));
        }
        if let Some(most) = bound("maximum").filter(|most| number > *most) {
            problems.push(format!("{place} must be at most {most}"));
        }
    }
    match value {
        Value::Object(map) => object(schema, map, place, problems),
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (i, item) in items.iter().enumerate() {
                    self::value(schema, item, &format!("{place}[{i}]"), problems);
                }
            }
        }
        _ => {}
    }
}

fn object(schema: &Value, map: &Map<String, Value>, place: &str, problems: &mut Vec<String>) {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for key in required.filter_map(Value::as_str).filter(|key| !map.contains_key(*key)) {
        problems.push(format!("{place}.{key} is missing"));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let additional = schema.get("additionalProperties");
    for (key, item) in map {
        let place = format!("{place}.{key}");
        match (properties.and_then(|properties| properties.get(key)), additional) {
            (Some(schema), _) => value(schema, item, &place, problems),
            (None, Some(schema @ Value::Object(_))) => value(schema, item, &place, problems),
            (None, Some(Value::Bool(true))) => {}
            (None, None) if properties.is_none() => {}
            // A misspelt key must not be ignored, so what is not named is refused by default.
            _ => problems.push(format!("{place} is not a setting of this plugin")),
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => name(value) == other,
    }
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(settings: Value) -> Vec<String> {
        let schema = json!({
            "type": "object",
            "required": ["url"],
            "properties": {
                "url": {"type": "string"},
                "retries": {"type": "integer", "minimum": 0, "maximum": 5},
                "style": {"enum": ["card", "text"]},
                "to": {"type": "array", "items": {"type": "string"}},
                "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        });
        let Value::Object(settings) = settings else { panic!("an object is needed") };
        problems(Some(&schema), &settings)
    }

    #[test]
    fn settings_that_fit_have_no_problems() {
        let good = json!({"url": "x", "retries": 3, "style": "card", "to": ["a"], "headers": {"A": "b"}});
        assert_eq!(check(good), Vec::<String>::new());
        assert!(problems(None, &Map::new()).is_empty());
    }

    #[test]
    fn what_was_to_be_replaced_is_named() {
        let settings = json!({"url": "https://…", "to": ["a", "…"], "note": "to be continued …"});
        let Value::Object(settings) = settings else { panic!("an object is needed") };
        let problems = placeholders(&settings);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.starts_with("settings.to[1] is still the placeholder")));
    }

    #[test]
    fn a_misspelt_word_of_a_schema_is_named_at_any_depth() {
        let unread = |schema: Value| unread(&schema).unwrap_or_default();
        assert!(unread(json!({"requierd": []})).starts_with("requierd is no word"));
        assert!(unread(json!({"properties": {"a": {"items": {"tpye": "string"}}}})).starts_with("tpye"));
        let free = json!({"properties": {"anything": {"type": "string", "pattern": "x", "oneOf": [{"why": 1}]}}});
        assert_eq!(unread(free), "");
    }

    #[test]
    fn every_problem_is_a_sentence_with_its_place() {
        let bad = json!({
            "retries": 9, "style": "loud", "to": ["a", 1], "headers": {"A": 2}, "colour": "red",
        });
        assert_eq!(
            check(bad),
            [
                "settings.url is missing",
                "settings.colour is not a setting of this plugin",
                "settings.headers.A must be string, not number",
                "settings.retries must be at most 5",
                "settings.style must be one of \"card\", \"text\"",
                "settings.to[1] must be string, not number",
            ]
        );
        assert_eq!(check(json!({"url": 1.5})), ["settings.url must be string, not number"]);
        let some: Map<String, Value> = [("a".to_string(), json!(1))].into_iter().collect();
        assert_eq!(problems(None, &some), ["settings are given but the plugin takes none"]);
    }
}
