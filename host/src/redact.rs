//! Takes secrets and invisible characters out of text before anybody stores it, shows it to a
//! person or sends it to a model.
//!
//! A text is read in several ways, each of which names the parts that give way: as objects in JSON, YAML
//! or a language's print ([`objects`]), as names with values ([`assignments`]), as command lines
//! ([`options`]), as URLs ([`urls`]), as text in base64 ([`encoded`]), and for the shapes that tokens and keys
//! have of their own ([`tokens`]). What the host itself must keep secret ([`known`]) goes wherever it stands. All readings
//! see the text as it came; then all that they named is replaced at once. They err on the side of
//! taking too much. Time and memory are linear in the text, and redacting twice gives the same as
//! redacting once.
//!
//! What this cannot see: a secret that has no shape, stands behind no telling name and in no object that
//! says what it is. Labels of alerts are kept as they are: they are identity.

mod assignments;
#[cfg(test)]
mod corpus;
mod encoded;
mod json;
pub mod known;
mod names;
mod objects;
mod options;
mod prefiltered;
mod quoted;
mod span;
mod tokens;
mod urls;
mod values;
mod yaml;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use objects::{Objects, Strings};
use span::{Replacement, Span, merged, replaced};

use crate::domain::text::letters::is_invisible;

/// What stands where a secret stood.
pub const MARK: &str = "[redacted]";
/// What stands where something that looks like a Kubernetes Secret could not be read.
pub const WITHHELD: &str = "[withheld: this looks like a Kubernetes Secret and cannot be read as one]";

/// Removes everything that looks like a secret, and every value that the host itself keeps secret.
pub fn redact(text: &str) -> String {
    known::remembered().remove(&shaped(text))
}

/// Removes the given values too, wherever they stand. Values of fewer than six bytes are left:
/// they would hit ordinary words.
pub fn redact_known(text: &str, known: &[String]) -> String {
    let mut text = redact(text);
    for value in known.iter().filter(|value| value.len() >= known::SHORTEST) {
        if text.contains(value.as_str()) {
            text = text.replace(value.as_str(), MARK);
        }
    }
    text
}

/// Removes a value whose name says that it is a secret, and what looks like one in any other value.
pub fn redact_value(name: &str, value: &str) -> String {
    let kind = names::class(name);
    if values::harmless(kind, name, value, false) {
        return redact(value);
    }
    MARK.to_string()
}

/// The same for every text in a value.
pub fn redact_json(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::String(text) => *text = redact(text),
        Value::Array(items) => items.iter_mut().for_each(redact_json),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match value {
                    Value::String(text) => *text = redact_value(name, text),
                    other => redact_json(other),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The parts of a text that look like secrets.
pub fn find_secrets(text: &str) -> Vec<&str> {
    read(text, 0, Strings::AsTheyStand).spans.into_iter().filter_map(|span| text.get(span.start..span.end)).collect()
}

/// Deepest strings within strings that are read as what they mean.
const DEEPEST: usize = 4;

fn shaped(text: &str) -> Cow<'_, str> {
    changed(text, 0).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The text without what looks like a secret, if there is any.
fn changed(text: &str, level: usize) -> Option<String> {
    let strings = if level < DEEPEST { Strings::Read } else { Strings::AsTheyStand };
    let found = read(text, level, strings);
    if found.spans.is_empty() {
        return None;
    }
    let left = replaced(text, &found.spans, &found.texts);
    if found.texts.is_empty() {
        return Some(left);
    }
    // What was seen in a string as it stands gives way too.
    let again = read(&left, level, Strings::WereRead);
    Some(replaced(&left, &again.spans, &[]))
}

struct SecretSpan {
    spans: Vec<Span>,
    texts: Vec<String>,
}

fn read(text: &str, level: usize, strings: Strings) -> SecretSpan {
    let mut objects = Objects::new(text, level, strings);
    json::read(&mut objects, 0, text.len(), 0);
    objects.end();
    objects.strings = Strings::AsTheyStand;
    yaml::read(&mut objects, 0, text.len(), 0);
    objects.end();
    let everything = || SecretSpan {
        spans: vec![Span { start: 0, end: text.len(), put: Replacement::Withheld }],
        texts: Vec::new(),
    };
    if objects.unreadable || unread_secret(&objects) {
        return everything();
    }
    let mut spans = std::mem::take(&mut objects.spans);
    assignments::find(text, &mut spans);
    urls::find(text, &mut spans);
    if level < DEEPEST {
        encoded::find(text, level, &mut spans);
    }
    if !options::find(text, &mut spans) || !tokens::find(text, &mut spans) {
        return everything();
    }
    spans.retain(|span| {
        !marked_at(text, span.start) || text.get(span.start..span.end).is_some_and(|part| !is_mark(part))
    });
    SecretSpan { spans: merged(spans), texts: objects.texts }
}

/// Whether something was taken out here before.
fn marked_at(text: &str, at: usize) -> bool {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    rest.starts_with(b"[redacted") || rest.starts_with(b"[withheld")
}

fn is_mark(part: &str) -> bool {
    part.trim_end_matches(['"', '\'', '\\'])
        .find(']')
        .is_some_and(|close| close + 1 == part.trim_end_matches(['"', '\'', '\\']).len())
}

static KIND: LazyLock<Option<(Regex, Regex)>> = LazyLock::new(|| {
    let kind = r#"(?i)(?:(?-u:\b)|\\n)kind\\*["']?[ \t]*:[ \t]*\\*["']?(secret(?:list)?)(?-u:\b)"#;
    let data = r#"(?i)(?:(?-u:\b)|\\n)(?:data|string_?data)\\*["']?[ \t]*:"#;
    Some((Regex::new(kind).ok()?, Regex::new(data).ok()?))
});

/// Whether the text calls something a Secret in a place where no reading saw an object, and there is data
/// that may belong to it.
fn unread_secret(objects: &Objects<'_>) -> bool {
    let text = objects.text;
    let Some((kind, data)) = KIND.as_ref() else { return true };
    // Both patterns want one, and most texts are sentences.
    if !text.contains(':') {
        return false;
    }
    let unread = kind.captures_iter(text).filter_map(|found| found.get(1)).any(|word| {
        // The strings lie in the order of the text and side by side.
        let before = objects.decoded.partition_point(|(start, _)| *start <= word.start());
        let string = before.checked_sub(1).and_then(|index| objects.decoded.get(index));
        !objects.kinds.contains(&word.start()) && string.is_none_or(|(_, end)| word.end() > *end)
    });
    unread && data.is_match(text)
}

/// Removes terminal escape sequences and characters that people cannot see but models read
/// (`domain/text/letters.rs`), but for line breaks and tabs.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if chars.next_if_eq(&'[').is_some() {
                    // A control sequence ends with a letter or one of a few signs.
                    while chars.next_if(|c| matches!(c, '\u{20}'..='\u{3f}')).is_some() {}
                    chars.next_if(|c| matches!(c, '\u{40}'..='\u{7e}'));
                }
            }
            '\n' | '\t' => out.push(c),
            '\r' if chars.peek() != Some(&'\n') => out.push('\n'),
            _ if is_invisible(c) => {}
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
