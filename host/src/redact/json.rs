//! JSON and what looks like it, anywhere in a text: behind a prefix, in a fence, several in a row, inside
//! of a string, cut off at its end, with quotes of either kind or with none, as Python and Go print it.
//!
//! The reader knows no errors: what does not fit is passed over. So there is nothing that a text could do
//! to make it give up.

use super::objects::{Objects, Scalar, Strings};
use super::quoted::quoted;
use super::span::{Replacement, Span};

/// Deepest JSON in strings of JSON that is read.
const DEEPEST: usize = 6;

/// Reads the part of the text from `start` to `end`, which lies so deep in other texts.
pub(super) fn read(objects: &mut Objects<'_>, start: usize, end: usize, level: usize) {
    let base = objects.depth();
    let bytes = objects.text.as_bytes();
    let mut reader = Reader { last: None, base, quotes: None };
    let mut i = start;
    while i < end {
        let Some(&byte) = bytes.get(i) else { break };
        let inside = objects.depth() > base;
        match byte {
            // What was taken out before is no list.
            b'[' if super::marked_at(objects.text, i) => i = reader.mark(objects, i, end),
            b'{' | b'[' => {
                reader.pending(objects);
                objects.open(byte == b'[');
                i += 1;
            }
            _ if !inside => i += 1,
            b'}' | b']' => {
                reader.pending(objects);
                objects.close_nearest(byte == b']', base);
                i += 1;
            }
            b':' => {
                reader.key(objects);
                i += 1;
            }
            b'=' if bytes.get(i + 1) == Some(&b'>') => {
                reader.key(objects);
                i += 2;
            }
            b',' => {
                reader.pending(objects);
                objects.no_key();
                i += 1;
            }
            b'"' | b'\'' | b'\\' => i = reader.string(objects, i, end, level),
            _ if byte.is_ascii_whitespace() => i += 1,
            _ => i = reader.word(objects, i, end),
        }
    }
    reader.pending(objects);
    objects.close_to(base);
}

struct Reader {
    /// A value that may turn out to be a key.
    last: Option<Scalar>,
    base: usize,
    /// The backslashes before its double quotes, once there was one: a number that gives way becomes a
    /// string like them.
    quotes: Option<usize>,
}

impl Reader {
    /// What was read last was a value.
    fn pending(&mut self, objects: &mut Objects<'_>) {
        if let Some(scalar) = self.last.take()
            && objects.depth() > self.base
        {
            objects.scalar(scalar);
        }
    }

    /// What was read last was a key, unless there is one already: `a: b: c`.
    fn key(&mut self, objects: &mut Objects<'_>) {
        if let Some(last) = self.last.take() {
            if objects.has_key() {
                objects.no_key();
            }
            objects.key(last.span.start, last.span.end);
        }
    }

    fn value(&mut self, objects: &mut Objects<'_>, scalar: Scalar) {
        // Two in a row: the first was no key.
        self.pending(objects);
        self.last = Some(scalar);
    }

    fn string(&mut self, objects: &mut Objects<'_>, at: usize, end: usize, level: usize) -> usize {
        let bytes = objects.text.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
        let single = bytes.get(at) == Some(&b'\'');
        // An apostrophe is no quote.
        if single && before.is_ascii_alphanumeric() && !matches!(before, b'b' | b'u' | b'n') {
            return at + 1;
        }
        let Some(found) = quoted(bytes, at, end) else {
            let run = bytes.iter().skip(at).take_while(|byte| **byte == b'\\').count();
            // `\n` and the like between the parts of escaped JSON.
            return at + run + 1;
        };
        if !single {
            self.quotes = Some(found.backslashes);
        }
        self.value(objects, Scalar { span: Span::marked(found.start, found.end), quoted: true });
        let content = objects.text.get(found.start..found.end).unwrap_or_default();
        let escaped = found.backslashes == 0 && content.contains('\\');
        if escaped && objects.strings != Strings::AsTheyStand {
            // Read as what it means; what is left of it is put back with its escapes.
            objects.decoded.push((found.start, found.end));
            if objects.strings == Strings::Read
                && let Some(left) = super::changed(&unescaped(content), objects.level + 1)
            {
                let put = Replacement::Text(objects.texts.len());
                objects.texts.push(escaped_as(&left, single));
                objects.spans.push(Span { start: found.start, end: found.end, put });
            }
        } else if level < DEEPEST && content.contains(['{', '[']) {
            objects.aside(|objects| read(objects, found.start, found.end, level + 1));
        }
        found.next.max(at + 1)
    }

    /// A mark is a value like any other.
    fn mark(&mut self, objects: &mut Objects<'_>, at: usize, end: usize) -> usize {
        let rest = objects.text.get(at..end).unwrap_or_default();
        let length = rest.find(']').map_or(rest.len(), |close| close + 1);
        if objects.depth() > self.base {
            self.value(objects, Scalar { span: Span::marked(at, at + length), quoted: false });
        }
        at + length
    }

    fn word(&mut self, objects: &mut Objects<'_>, at: usize, end: usize) -> usize {
        let bytes = objects.text.as_bytes();
        let rest = bytes.get(at..end).unwrap_or_default();
        let stops = |byte: &u8| byte.is_ascii_whitespace() || b"{}[],:\"'\\=".contains(byte);
        let length = rest.iter().position(stops).unwrap_or(rest.len()).max(1);
        // Go prints an object as `map[key:value]`.
        if rest.get(..length) == Some(b"map") && rest.get(length) == Some(&b'[') {
            return at + length;
        }
        let put = self.quotes.map_or(Replacement::Mark, Replacement::Quoted);
        self.value(objects, Scalar { span: Span { start: at, end: at + length, put }, quoted: false });
        at + length
    }
}

/// The content of a string as what it means. An escape that nobody knows stays as it is.
fn unescaped(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut chars = content.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('b' | 'f') => out.push(' '),
            Some(plain @ ('"' | '\'' | '\\' | '/')) => out.push(plain),
            Some('u') => {
                let digits = chars.as_str().get(..4).unwrap_or_default();
                let found = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                match found {
                    Some(found) => {
                        out.push(found);
                        chars = chars.as_str().get(4..).unwrap_or_default().chars();
                    }
                    None => out.push_str("\\u"),
                }
            }
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

/// A text as the content of a string.
fn escaped_as(text: &str, single: bool) -> String {
    if single {
        return text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    }
    let whole = serde_json::Value::from(text).to_string();
    whole.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_string()
}
