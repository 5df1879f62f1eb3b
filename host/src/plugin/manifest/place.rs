//! Where in `plugin.toml` something is wrong: its line and its key.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something wrong with the value at a path of keys, such as `asks.http.origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ManifestError {
    /// The keys, joined with points.
    pub key: &'static str,
    /// Of a list of tables: which of them, from 0.
    pub item: Option<usize>,
    /// A sentence.
    pub text: String,
}

impl ManifestError {
    pub fn new(key: &'static str, text: impl Into<String>) -> Self {
        Self { key, item: None, text: text.into() }
    }

    pub fn of_item(key: &'static str, item: usize, text: impl Into<String>) -> Self {
        Self { item: Some(item), ..Self::new(key, text) }
    }

    /// The sentence with line and key.
    pub fn told(&self, text: &str) -> String {
        let keys: Vec<&str> = self.key.split('.').collect();
        let line = DeTable::parse(text).ok().and_then(|table| place(table.get_ref(), &keys, self.item));
        head(line.map(|offset| line_of(text, offset)), self.key, &self.text)
    }
}

/// What the parser says, with line and key.
pub(super) fn unread(text: &str, error: &toml::de::Error) -> String {
    let span = error.span();
    let mut keys = Vec::new();
    // What is missing from the whole file is at no key.
    let of_key = span.as_ref().filter(|span| !span.is_empty());
    if let (Ok(table), Some(span)) = (DeTable::parse(text), of_key) {
        keys_of(table.get_ref(), span, &mut keys);
    }
    let message = error.message().replace('\n', ", ");
    head(span.map(|span| line_of(text, span.start)), &keys.join("."), &message)
}

fn head(line: Option<usize>, key: &str, text: &str) -> String {
    let at = line.map_or_else(|| "plugin.toml".to_string(), |line| format!("plugin.toml line {line}"));
    if key.is_empty() { format!("{at}: {text}") } else { format!("{at}: {key}: {text}") }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Where the longest part of a path that is there begins.
fn place(table: &DeTable<'_>, keys: &[&str], item: Option<usize>) -> Option<usize> {
    let (first, rest) = keys.split_first()?;
    let (key, value) = table.get_key_value(*first)?;
    let inner = match value.get_ref() {
        DeValue::Table(inner) => place(inner, rest, item),
        DeValue::Array(items) => {
            let one = items.get(item.unwrap_or(0));
            let of = |one: &Spanned<DeValue<'_>>| one.get_ref().as_table().and_then(|of| place(of, rest, None));
            one.map(|one| of(one).unwrap_or(one.span().start))
        }
        _ => None,
    };
    Some(inner.unwrap_or(key.span().start))
}

/// The keys that lead to what a span is about.
fn keys_of(table: &DeTable<'_>, span: &Range<usize>, keys: &mut Vec<String>) -> bool {
    let holds = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (key, value) in table {
        keys.push(key.get_ref().to_string());
        // The span of a table written as `[a.b]` covers its header alone, so its members are asked first.
        let inner = match value.get_ref() {
            DeValue::Table(inner) => keys_of(inner, span, keys),
            DeValue::Array(items) => {
                items.iter().any(|one| one.get_ref().as_table().is_some_and(|one| keys_of(one, span, keys)))
            }
            _ => false,
        };
        if inner || holds(key.span()) || holds(value.span()) {
            return true;
        }
        keys.pop();
    }
    false
}
