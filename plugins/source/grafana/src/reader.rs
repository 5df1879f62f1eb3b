//! Reads fields of untrusted JSON; each refusal names the place.

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

    /// A text; missing, null and empty are the same.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>, String> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => self.refuse(key, "a string"),
        }
    }

    /// A list.
    pub fn list(&self, key: &str) -> Result<&'a [Value], String> {
        match self.get(key) {
            Some(Value::Array(items)) => Ok(items),
            _ => self.refuse(key, "a list"),
        }
    }

    /// An object of texts; missing and null are empty.
    pub fn texts(&self, key: &str) -> Result<Vec<(String, String)>, String> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let inner = Reader::new(value, &self.place(key))?;
        let pair = |(name, value): (&String, &Value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            _ => inner.refuse(name, "a string"),
        };
        inner.object.iter().map(pair).collect()
    }

    /// An object of numbers, each exactly as it was written; missing and null are empty, and so is
    /// a number that is null because there was no data.
    pub fn numbers(&self, key: &str) -> Result<Vec<(String, String)>, String> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let inner = Reader::new(value, &self.place(key))?;
        let mut numbers = Vec::new();
        for (name, value) in inner.object {
            match value {
                Value::Null => {}
                Value::Number(number) => numbers.push((name.clone(), number.to_string())),
                // Infinity and NaN have no JSON number.
                Value::String(text) => numbers.push((name.clone(), text.clone())),
                _ => return inner.refuse(name, "a number"),
            }
        }
        Ok(numbers)
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
