//! A TOML text with its places.
//!
//! serde stops at the first error. To find all problems at once, the key that an error points to is
//! taken out and the rest is read again. Error texts are built from serde's message alone, never
//! from the line of the file, because that line may hold a secret that somebody wrote inline.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::problem::Problem;

/// More problems than these are not worth reading before the first ones are fixed.
const MAX_PROBLEMS: usize = 50;

/// A configuration text and the name of its file.
#[derive(Clone, Debug, Default)]
pub struct Document {
    text: String,
    file: Option<PathBuf>,
}

impl Document {
    /// A text, and the file it was read from.
    pub fn new(text: String, file: Option<&Path>) -> Self {
        Self { text, file: file.map(Path::to_path_buf) }
    }

    /// The file.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The directory from which relative paths count: the file's; empty for the current one.
    pub fn base(&self) -> PathBuf {
        self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf()
    }

    /// Reads as much of the text as is well-formed, and reports the rest.
    pub fn read<T: DeserializeOwned>(&self) -> (Option<T>, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut table = match DeTable::parse(&self.text) {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map(|span| self.line(span.start));
                let text = format!("this is not TOML: {}", error.message());
                return (None, vec![self.place(line, String::new(), text)]);
            }
        };
        loop {
            let error = match T::deserialize(Deserializer::from(table.clone())) {
                Ok(value) => return (Some(value), problems),
                Err(error) => error,
            };
            let mut path = Vec::new();
            let pruned = error.span().is_some_and(|span| prune(table.get_mut(), &span, &mut path));
            let line = error.span().map(|span| self.line(span.start));
            problems.push(self.place(line, path.join("."), error.message().to_string()));
            if !pruned || problems.len() >= MAX_PROBLEMS {
                return (None, problems);
            }
        }
    }

    /// A problem with the value at a path of keys. Where the path itself is absent, the line is that
    /// of the longest part of it that is there.
    pub fn problem(&self, path: &[&str], text: String) -> Problem {
        let line = DeTable::parse(&self.text).ok().and_then(|table| {
            let mut offset = None;
            let mut table = table.get_ref();
            for key in path {
                let Some((key, value)) = table.get_key_value(*key) else { break };
                offset = Some(key.span().start);
                let Some(next) = value.get_ref().as_table() else { break };
                table = next;
            }
            offset
        });
        self.place(line.map(|offset| self.line(offset)), path.join("."), text)
    }

    fn place(&self, line: Option<usize>, subject: String, text: String) -> Problem {
        let line = if self.file.is_some() { line } else { None };
        Problem { file: self.file.clone(), line, subject, text }
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        1 + before.filter(|byte| **byte == b'\n').count()
    }
}

/// Takes out the innermost key whose name or value holds `span`, and says which it was. Of a list of tables it is the table, by its
/// number from 0, or a key of it, so that what is wrong with the others is found as well.
fn prune(table: &mut DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    let mut found = None;
    for (key, value) in table.iter_mut() {
        let within = is_around(value, span);
        if within || holds(&key.span(), span) {
            path.push(key.get_ref().to_string());
            let pruned = within
                && match value.get_mut() {
                    DeValue::Table(inner) => prune(inner, span, path),
                    DeValue::Array(items) => prune_item(items, span, path),
                    _ => false,
                };
            if pruned {
                return true;
            }
            found = Some(key.get_ref().to_string());
            break;
        }
    }
    found.is_some_and(|key| table.remove(key.as_str()).is_some())
}

fn prune_item(items: &mut DeArray<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    let is_meant = |item: &Spanned<DeValue<'_>>| item.get_ref().is_table() && is_around(item, span);
    let Some(number) = items.iter().position(is_meant) else { return false };
    path.push(number.to_string());
    let inside = items.iter_mut().nth(number).is_some_and(|item| match item.get_mut() {
        DeValue::Table(inner) => prune(inner, span, path),
        _ => false,
    });
    if !inside {
        let mut others = DeArray::new();
        items.iter().enumerate().filter(|(place, _)| *place != number).for_each(|(_, item)| others.push(item.clone()));
        *items = others;
    }
    true
}

fn holds(outer: &Range<usize>, span: &Range<usize>) -> bool {
    outer.start <= span.start && span.end <= outer.end
}

/// Whether a value holds `span`. That of a table written as `[a.b]` covers its header only, so its members are asked as well.
fn is_around(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    holds(&value.span(), span)
        || match value.get_ref() {
            DeValue::Table(table) => {
                table.iter().any(|(key, value)| holds(&key.span(), span) || is_around(value, span))
            }
            DeValue::Array(items) => items.iter().any(|item| is_around(item, span)),
            _ => false,
        }
}
