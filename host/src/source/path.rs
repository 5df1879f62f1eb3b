//! Walks JSON and names the place where it is not what it should be.

use std::fmt;

use serde_json::{Map, Value};

use crate::domain::Labels;

/// A value and the way to it, such as `alerts[1].labels.severity`.
#[derive(Clone, Copy)]
pub struct Located<'a> {
    value: &'a Value,
    way: Path<'a>,
}

/// The way to a value; the steps live on the stack, so that a walk without errors builds no text.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Key(Path::Root, key) => f.write_str(key),
            Path::Key(before, key) => write!(f, "{before}.{key}"),
            Path::Index(before, index) => write!(f, "{before}[{index}]"),
        }
    }
}

impl<'a> Located<'a> {
    /// The start of a walk.
    pub fn root(value: &'a Value) -> Self {
        Self { value, way: Path::Root }
    }

    /// The value.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// An error about this place.
    pub fn wrong(&self, text: impl fmt::Display) -> String {
        match self.way {
            Path::Root => format!("the body: {text}"),
            way => format!("{way}: {text}"),
        }
    }

    fn expected<T>(&self, what: &str) -> Result<T, String> {
        Err(self.wrong(format_args!("expected {what}, found {}", kind(self.value))))
    }

    /// The member `key`; none when it is absent or null, or when this is no object.
    pub fn get<'b>(&'b self, key: &'b str) -> Option<Located<'b>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Located { value, way: Path::Key(&self.way, key) })
    }

    /// A list.
    pub fn list(&self) -> Result<&'a Vec<Value>, String> {
        self.value.as_array().map_or_else(|| self.expected("a list"), Ok)
    }

    /// The element `index` of a list.
    pub fn element<'b>(&'b self, index: usize, value: &'b Value) -> Located<'b> {
        Located { value, way: Path::Index(&self.way, index) }
    }

    /// An object.
    pub fn object(&self) -> Result<&'a Map<String, Value>, String> {
        self.value.as_object().map_or_else(|| self.expected("an object"), Ok)
    }

    /// A text, whatever it is written as: numbers and the rest become what stands there; null is none.
    pub fn text(&self) -> Option<String> {
        match self.value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// An object as names and texts.
    pub fn labels(&self) -> Result<Labels, String> {
        let member = |(key, value): (&String, &Value)| {
            Some((key.clone(), Located { value, way: Path::Key(&self.way, key) }.text()?))
        };
        Ok(self.object()?.iter().filter_map(member).collect())
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
