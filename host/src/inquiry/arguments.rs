//! The arguments of a call, which fit their schema.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::LISTED;
use super::page::Cursor;
use crate::domain::Matcher;

/// Arguments by name.
pub struct Arguments<'a>(pub &'a Map<String, Value>);

impl<'a> Arguments<'a> {
    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    /// How many items are wanted.
    pub fn limit(&self) -> usize {
        usize::try_from(self.number("limit").unwrap_or(20).clamp(1, LISTED)).unwrap_or(1)
    }

    /// One of the host's own words.
    pub fn word<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, String> {
        let read = |word: &str| serde_json::from_value(word.into()).map_err(|_| format!("there is no {name} {word}"));
        self.text(name).map(read).transpose()
    }

    /// A time.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, String> {
        let read = |text: &str| {
            text.parse().map_err(|_| format!("{name}: {text:?} is no time such as \"2026-12-24T18:00:00Z\""))
        };
        self.text(name).map(read).transpose()
    }

    /// Where the page before ended.
    pub fn cursor(&self, kind: &str) -> Result<Option<String>, String> {
        self.text("cursor").map(|text| Cursor::read(kind, text)).transpose()
    }

    /// Conditions on labels.
    pub fn matchers(&self, name: &str) -> Result<Vec<Matcher>, String> {
        self.text(name).map_or(Ok(Vec::new()), Matcher::parse_all)
    }
}
