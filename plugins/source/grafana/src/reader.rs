//! Reads fields of untrusted JSON: what is no text becomes one, and each refusal names the place.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// A JSON object and where it stands in the body.
pub(crate) struct Reader<'a> {
    object: &'a Map<String, Value>,
    place: String,
}

impl<'a> Reader<'a> {
    /// Reads an object that stands at `place`; the body itself has an empty place.
    pub fn new(value: &'a Value, place: &str) -> Result<Self, String> {
        let object = value.as_object().ok_or_else(|| {
            let place = if place.is_empty() { "body" } else { place };
            format!("{place}: expected an object, found {}", kind(value))
        })?;
        Ok(Self { object, place: place.to_string() })
    }

    /// Where a field stands.
    pub fn place(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_string() } else { format!("{}.{key}", self.place) }
    }

    /// A refusal of one field.
    pub fn refuse<T>(&self, key: &str, expected: &str) -> Result<T, String> {
        let found = self.object.get(key).map_or("nothing", kind);
        Err(format!("{}: expected {expected}, found {found}", self.place(key)))
    }

    /// A field that is there and not null.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// A text, whatever it is written as; missing, null and empty are the same.
    pub fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.get(key).map(text).filter(|text| !text.is_empty())
    }

    /// A list.
    pub fn list(&self, key: &str) -> Result<&'a [Value], String> {
        match self.get(key) {
            Some(Value::Array(items)) => Ok(items),
            _ => self.refuse(key, "a list"),
        }
    }

    /// An object of texts, numbers exactly as they were written; missing and null are empty, and a member
    /// that is null is none: a reading is so where there was no data.
    pub fn texts(&self, key: &str) -> Result<Vec<(String, String)>, String> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let inner = Reader::new(value, &self.place(key))?;
        let given = inner.object.iter().filter(|(_, value)| !value.is_null());
        Ok(given.map(|(name, value)| (name.clone(), text(value).into_owned())).collect())
    }
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
