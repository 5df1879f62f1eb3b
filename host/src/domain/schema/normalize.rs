//! Schemas of tools as servers send them, made sound once, so that policies, the check of arguments and
//! endpoints of models see the same.
//!
//! What is made of an odd place asks for less than the place may have meant, never for something else: a
//! server still refuses what it does not take.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::domain::text::truncate;

/// Levels that are kept; what is deeper is any value.
const DEEPEST: usize = 32;

/// Places that are named.
const NAMED: usize = 3;

/// A schema that endpoints and the host can read.
#[derive(Debug, PartialEq)]
pub struct NormalizedSchema {
    /// An object with an object of properties.
    pub schema: Value,
    /// What was made sound, where; none when nothing had to be.
    pub mended: Option<String>,
}

/// The schema of a tool, made sound.
///
/// # Errors
/// When it says that the tool takes nothing at all.
pub fn normalize(given: Option<&Value>) -> Result<NormalizedSchema, String> {
    let mut mender = Normalizer { root: given.unwrap_or(&Value::Null), mended: Vec::new() };
    let schema = match given {
        Some(Value::Bool(false)) => return Err("its schema is false, which no call fits".into()),
        Some(Value::Object(map)) => mender.top(map),
        // Some servers send it as the text that it was read from.
        Some(Value::String(text)) => match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(map)) => {
                let read = Value::Object(map.clone());
                let mut inner = Normalizer { root: &read, mended: vec!["the schema is a text".into()] };
                let schema = inner.top(&map);
                return Ok(NormalizedSchema { schema, mended: inner.said() });
            }
            _ => mender.nothing("the schema is a text"),
        },
        None => mender.nothing("there is no schema"),
        Some(odd) => mender.nothing(&format!("the schema is {}", kind(odd))),
    };
    Ok(NormalizedSchema { schema, mended: mender.said() })
}

/// Words that servers write for types of JSON.
const WORDS: [(&str, &str); 18] = [
    ("any", ""),
    ("bool", "boolean"),
    ("date", "string"),
    ("datetime", "string"),
    ("dict", "object"),
    ("double", "number"),
    ("file", "string"),
    ("float", "number"),
    ("int", "integer"),
    ("int32", "integer"),
    ("int64", "integer"),
    ("list", "array"),
    ("long", "integer"),
    ("map", "object"),
    ("none", "null"),
    ("str", "string"),
    ("text", "string"),
    ("tuple", "array"),
];

const TYPES: [&str; 7] = ["null", "boolean", "number", "integer", "string", "array", "object"];

struct Normalizer<'a> {
    root: &'a Value,
    mended: Vec<String>,
}

impl Normalizer<'_> {
    fn said(self) -> Option<String> {
        let more = self.mended.len().saturating_sub(NAMED);
        let named: Vec<String> = self.mended.into_iter().take(NAMED).collect();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        (!named.is_empty()).then(|| format!("{}{more}", named.join(", ")))
    }

    fn nothing(&mut self, what: &str) -> Value {
        self.mended.push(what.into());
        json!({"type": "object", "properties": {}})
    }

    fn mend(&mut self, place: &str, key: &str, value: &Value) {
        let place = if place.is_empty() { truncate(key, 60) } else { truncate(&format!("{place}.{key}"), 120) };
        self.mended.push(format!("{place} is {}", kind(value)));
    }

    /// The schema itself, which must be one of an object.
    fn top(&mut self, given: &Map<String, Value>) -> Value {
        let mut given = given.clone();
        let object = |word: &Value| word.as_str().is_some_and(|word| known(word) == Some("object"));
        match given.get("type") {
            None => {}
            Some(kind) if object(kind) => {}
            Some(Value::Array(kinds)) if kinds.iter().any(object) => {}
            Some(odd) => self.mend("", "type", &odd.clone()),
        }
        given.insert("type".into(), "object".into());
        let mut sound = self.map("", &given, 0);
        sound.entry("properties").or_insert_with(|| json!({}));
        Value::Object(sound)
    }

    fn schema(&mut self, place: &str, given: &Value, depth: usize) -> Option<Value> {
        match given {
            _ if depth > DEEPEST => Some(json!({})),
            Value::Bool(_) => Some(given.clone()),
            Value::Object(map) => Some(Value::Object(self.map(place, map, depth))),
            odd => {
                self.mended.push(format!("{} is {}", truncate(place, 120), kind(odd)));
                match odd {
                    // A type alone.
                    Value::String(word) => known(word).map(|word| json!({ "type": word })),
                    _ => None,
                }
            }
        }
    }

    fn map(&mut self, place: &str, given: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        let at = |key: &str| if place.is_empty() { key.to_string() } else { format!("{place}.{key}") };
        let mut sound = Map::new();
        // Where an older draft says of each property that it is required.
        let mut each: Vec<Value> = Vec::new();
        for (key, value) in given {
            let kept = match (key.as_str(), value) {
                ("type", value) => self.kind(place, value),
                ("properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas", value) => {
                    let named = self.named(&at(key), value, depth);
                    if key == "properties"
                        && let Some(properties) = value.as_object()
                    {
                        let required = |schema: &Value| schema.get("required") == Some(&Value::Bool(true));
                        let required = properties.iter().filter(|(_, schema)| required(schema));
                        each.extend(required.map(|(name, _)| Value::String(name.clone())));
                    }
                    if named.is_none() {
                        self.mend(place, key, value);
                    }
                    named
                }
                ("required", Value::Array(names)) => {
                    let mut seen = BTreeSet::new();
                    let texts = names.iter().filter(|name| name.as_str().is_some_and(|name| seen.insert(name)));
                    let texts: Vec<Value> = texts.cloned().collect();
                    if texts.len() < names.len() {
                        self.mended.push(format!("{} has items that are no names", truncate(&at(key), 120)));
                    }
                    Some(Value::Array(texts))
                }
                ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                    let read = schemas.iter().enumerate();
                    let read =
                        read.filter_map(|(i, schema)| self.schema(&format!("{}[{i}]", at(key)), schema, depth + 1));
                    let read: Vec<Value> = read.collect();
                    (!read.is_empty()).then_some(Value::Array(read))
                }
                ("items", Value::Array(schemas)) => {
                    let read: Vec<Value> =
                        schemas.iter().filter_map(|schema| self.schema(&at(key), schema, depth + 1)).collect();
                    self.mend(place, key, value);
                    Some(if read.is_empty() { json!({}) } else { json!({ "anyOf": read }) })
                }
                ("items" | "additionalProperties" | "not" | "if" | "then" | "else" | "contains", value) => {
                    self.schema(&at(key), value, depth + 1)
                }
                ("enum", Value::Array(values)) => (!values.is_empty()).then(|| value.clone()),
                ("const" | "default" | "examples" | "example", value) => Some(value.clone()),
                ("$ref", Value::String(target)) => {
                    let within = target.strip_prefix('#').is_some_and(|at| self.root.pointer(at).is_some());
                    if !within {
                        self.mended.push(format!("{} leads nowhere", truncate(&at(key), 120)));
                    }
                    within.then(|| value.clone())
                }
                (key, value) if fits(key, value) => Some(value.clone()),
                (key, value) => {
                    let numeral = |value: &Value| value.as_str()?.trim().parse::<serde_json::Number>().ok();
                    self.mend(place, key, value);
                    numeral(value).filter(|_| NUMBERS.contains(&key)).map(Value::Number)
                }
            };
            if let Some(kept) = kept {
                sound.insert(key.clone(), kept);
            }
        }
        if !each.is_empty() {
            let required = sound.entry("required").or_insert_with(|| json!([]));
            if let Value::Array(names) = required {
                each.retain(|name| !names.contains(name));
                names.extend(each);
            }
        }
        if sound.get("type") == Some(&json!("array")) {
            sound.entry("items").or_insert_with(|| json!({}));
        }
        sound
    }

    /// A type, or a list of types; an unknown one says nothing.
    fn kind(&mut self, place: &str, value: &Value) -> Option<Value> {
        let read = match value {
            Value::String(word) => known(word).map(Value::from),
            Value::Array(words) => {
                let words: BTreeSet<&str> = words.iter().filter_map(|word| known(word.as_str()?)).collect();
                match words.len() {
                    0 => None,
                    1 => words.first().map(|word| Value::from(*word)),
                    _ if value.as_array().is_some_and(|given| given.len() == words.len()) => Some(value.clone()),
                    _ => Some(words.into_iter().collect()),
                }
            }
            _ => None,
        };
        if read.as_ref() != Some(value) && !matches!(value, Value::Array(words) if words.len() == 1) {
            self.mend(place, "type", value);
        }
        read
    }

    /// Schemas by name. A list of names, or of schemas that have a name, is read as such.
    fn named(&mut self, place: &str, value: &Value, depth: usize) -> Option<Value> {
        let mut sound = Map::new();
        match value {
            Value::Object(map) => {
                for (name, schema) in map {
                    let read = self.schema(&format!("{place}.{name}"), schema, depth + 1);
                    sound.insert(name.clone(), read.unwrap_or_else(|| json!({})));
                }
                return Some(Value::Object(sound));
            }
            Value::Array(items) => {
                self.mended.push(format!("{} is a list", truncate(place, 120)));
                for item in items {
                    let name = item.as_str().or_else(|| item.get("name")?.as_str());
                    let read = if item.is_object() { self.schema(place, item, depth + 1) } else { None };
                    if let Some(name) = name {
                        sound.insert(name.to_string(), read.unwrap_or_else(|| json!({})));
                    }
                }
            }
            _ => return None,
        }
        Some(Value::Object(sound))
    }
}

const NUMBERS: [&str; 11] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// Whether the value of a keyword is of the kind that every draft gives it; other keywords may be anything.
fn fits(key: &str, value: &Value) -> bool {
    match key {
        "title" | "description" | "format" | "pattern" | "$schema" | "$id" | "$comment" | "$anchor" => {
            value.is_string()
        }
        // An older draft has booleans beside `minimum`.
        "exclusiveMinimum" | "exclusiveMaximum" => value.is_number() || value.is_boolean(),
        "nullable" | "readOnly" | "writeOnly" | "deprecated" | "uniqueItems" => value.is_boolean(),
        "required" | "enum" | "anyOf" | "oneOf" | "allOf" | "prefixItems" | "$ref" => false,
        key if NUMBERS.contains(&key) => value.is_number(),
        _ => true,
    }
}

/// The word of JSON Schema for a type; none when it says nothing.
fn known(word: &str) -> Option<&'static str> {
    let word = word.trim().to_ascii_lowercase();
    let plain = TYPES.iter().find(|known| **known == word);
    let other = || WORDS.iter().find(|(other, _)| *other == word).map(|(_, known)| *known);
    plain.copied().or_else(other).filter(|word| !word.is_empty())
}

/// A value for people: what it is, not what it says.
pub fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(_) => "a number".into(),
        Value::String(text) => format!("the text {:?}", truncate(text, 40)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

#[cfg(test)]
mod tests;
