//! Whether arguments fit the JSON Schema that a tool declares, as far as a schema can be read.
//!
//! A schema comes from a tool server, which may write anything: what cannot be read as a schema
//! constrains nothing, and neither does a keyword that is not listed here. Known are `type`, `enum`,
//! `const`, `properties`, `required`, `additionalProperties`, `items`, `minimum`, `maximum`, `anyOf`,
//! `oneOf`, `allOf`, `nullable` and `$ref` within the schema. A library for the whole of JSON Schema
//! refuses schemas that are not quite right, evaluates patterns of strangers, and needs what a replay
//! does not have: the journal keeps only the [`essence`] of a schema.

pub mod normalize;

use serde_json::{Map, Value};

use super::reach;
use super::text::truncate;

/// Values that are looked at for one call; a schema that refers to itself again and again ends here.
const STEPS: usize = 20_000;
/// References, alternatives and values within each other.
const DEEPEST: usize = 64;
/// Levels of a schema that are kept.
const KEPT: usize = 24;

/// Keywords on which a judgement rests.
const KNOWN: [&str; 16] = [
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minimum",
    "maximum",
    "anyOf",
    "oneOf",
    "allOf",
    "nullable",
    "$ref",
    "$defs",
    "definitions",
];

/// What of a schema decisions rest on: no descriptions, titles and examples. With the defaults of
/// arguments, by which targets are read.
pub(super) fn essence(schema: &Value) -> Value {
    reduced(schema, KEPT)
}

fn reduced(schema: &Value, levels: usize) -> Value {
    let Some(map) = schema.as_object() else {
        // `true` and `false` are schemas; anything else is none.
        return if schema.is_boolean() { schema.clone() } else { Value::Null };
    };
    let Some(levels) = levels.checked_sub(1) else { return Value::Null };
    let mut kept = Map::new();
    for (key, value) in map {
        let value = match (key.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(map)) => {
                Value::Object(map.iter().map(|(name, schema)| (name.clone(), reduced(schema, levels))).collect())
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(schemas)) => {
                Value::Array(schemas.iter().map(|schema| reduced(schema, levels)).collect())
            }
            ("items" | "additionalProperties", schema) => reduced(schema, levels),
            ("default", value) => value.clone(),
            (key, value) if KNOWN.contains(&key) => value.clone(),
            _ => continue,
        };
        kept.insert(key.clone(), value);
    }
    Value::Object(kept)
}

/// The arguments that a schema explains; none when it leaves open what else there is, as
/// `additionalProperties: true` says in so many words.
pub(super) fn explained(schema: &Value) -> Option<&Map<String, Value>> {
    let composed = ["allOf", "anyOf", "oneOf", "$ref"].iter().any(|key| schema.get(key).is_some());
    let open = schema.get("additionalProperties").is_some_and(|more| *more == Value::Bool(true) || more.is_object());
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.filter(|properties| !properties.is_empty() && !composed && !open)
}

/// Why arguments do not fit, in a sentence; none when they do.
pub fn validation_error(schema: &Value, arguments: &Map<String, Value>) -> Option<String> {
    let mut judge = Judge { root: schema, left: STEPS };
    // An argument that is null is one that is left out.
    let required = required(schema);
    let given = arguments.iter().filter(|(key, value)| !value.is_null() || required.contains(&key.as_str()));
    let given: Map<String, Value> = given.map(|(key, value)| (key.clone(), value.clone())).collect();
    judge.value(schema, &Value::Object(given), &SchemaPath::Arguments, 0).err()
}

fn required(schema: &Value) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

enum SchemaPath<'a> {
    Arguments,
    Key(&'a SchemaPath<'a>, &'a str),
    Item(&'a SchemaPath<'a>, usize),
}

impl SchemaPath<'_> {
    fn text(&self) -> String {
        match self {
            Self::Arguments => "the arguments".into(),
            Self::Key(SchemaPath::Arguments, key) => format!("the argument {}", truncate(key, 60)),
            Self::Key(outer, key) => format!("{}.{}", outer.text(), truncate(key, 60)),
            Self::Item(outer, index) => format!("{}[{index}]", outer.text()),
        }
    }
}

struct Judge<'a> {
    root: &'a Value,
    left: usize,
}

type Fits = Result<(), String>;

impl<'a> Judge<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, place: &SchemaPath<'_>, depth: usize) -> Fits {
        let Some(left) = self.left.checked_sub(1).filter(|_| depth < DEEPEST) else { return Ok(()) };
        self.left = left;
        let map = match schema {
            Value::Bool(false) => return Err(format!("{} is not taken by the tool", place.text())),
            Value::Object(map) => map,
            _ => return Ok(()),
        };
        if value.is_null() && map.get("nullable") == Some(&Value::Bool(true)) {
            return Ok(());
        }
        if let Some(target) = map.get("$ref").and_then(Value::as_str).and_then(|at| self.resolve(at)) {
            self.value(target, value, place, depth + 1)?;
        }
        self.kind(map, value, place)?;
        choices(map, value, place)?;
        bounds(map, value, place)?;
        match value {
            Value::Object(object) => self.object(map, object, place, depth)?,
            Value::Array(items) => {
                if let Some(schema) = map.get("items") {
                    for (i, item) in items.iter().enumerate() {
                        self.value(schema, item, &SchemaPath::Item(place, i), depth + 1)?;
                    }
                }
            }
            _ => {}
        }
        for schema in list(map, "allOf") {
            self.value(schema, value, place, depth + 1)?;
        }
        for key in ["anyOf", "oneOf"] {
            let mut wrong = None;
            let fits = list(map, key).any(|schema| match self.value(schema, value, place, depth + 1) {
                Ok(()) => true,
                Err(why) => {
                    wrong.get_or_insert(why);
                    false
                }
            });
            if let (false, Some(why)) = (fits, wrong) {
                return Err(why);
            }
        }
        Ok(())
    }

    fn resolve(&self, at: &str) -> Option<&'a Value> {
        self.root.pointer(at.strip_prefix('#')?)
    }

    fn kind(&self, schema: &Map<String, Value>, value: &Value, place: &SchemaPath<'_>) -> Fits {
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(()),
        };
        // A word that is no type of JSON says nothing about a value.
        let said = |kind: &&str| word(kind).is_some();
        if kinds.is_empty() || !kinds.iter().all(said) || kinds.iter().any(|kind| is(kind, value)) {
            return Ok(());
        }
        let wanted: Vec<&str> = kinds.iter().filter_map(|kind| word(kind)).collect();
        Err(format!("{} must be {}, but it is {}", place.text(), wanted.join(" or "), shown(value)))
    }

    fn object(
        &mut self,
        schema: &'a Map<String, Value>,
        object: &Map<String, Value>,
        place: &SchemaPath<'_>,
        depth: usize,
    ) -> Fits {
        let mut required = list(schema, "required").filter_map(Value::as_str);
        if let Some(key) = required.find(|key| !object.contains_key(*key)) {
            return Err(format!("{} is missing", SchemaPath::Key(place, key).text()));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, value) in object {
            let place = SchemaPath::Key(place, key);
            match properties.and_then(|properties| properties.get(key)) {
                Some(schema) => self.value(schema, value, &place, depth + 1)?,
                None => {
                    if let Some(schema) = schema.get("additionalProperties") {
                        self.value(schema, value, &place, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn list<'a>(schema: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn choices(schema: &Map<String, Value>, value: &Value, place: &SchemaPath<'_>) -> Fits {
    let allowed: Vec<&Value> = match (schema.get("const"), schema.get("enum")) {
        (Some(only), _) => vec![only],
        (None, Some(Value::Array(allowed))) => allowed.iter().collect(),
        _ => return Ok(()),
    };
    // A kind may be written as its plural or short name, which the host reads as the same one.
    let same = |one: &&Value| Some(one.as_str()?).zip(value.as_str()).map(|(one, other)| reach::same_kind(one, other));
    if allowed.contains(&value) || allowed.iter().any(|one| same(one) == Some(true)) {
        return Ok(());
    }
    let names: Vec<String> = allowed.iter().take(12).map(|value| truncate(&value.to_string(), 40)).collect();
    Err(format!("{} must be one of {}, but it is {}", place.text(), names.join(", "), shown(value)))
}

fn bounds(schema: &Map<String, Value>, value: &Value, place: &SchemaPath<'_>) -> Fits {
    let Some(number) = value.as_f64() else { return Ok(()) };
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(least) = bound("minimum").filter(|least| number < *least) {
        return Err(format!("{} must be at least {least}, but it is {value}", place.text()));
    }
    if let Some(most) = bound("maximum").filter(|most| number > *most) {
        return Err(format!("{} must be at most {most}, but it is {value}", place.text()));
    }
    Ok(())
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        // As JSON Schema has it, 3.0 is one too.
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn word(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "null" => "null",
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        "string" => "a text",
        "array" => "a list",
        "object" => "an object",
        _ => return None,
    })
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {:?}", truncate(text, 60)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

#[cfg(test)]
mod tests;
