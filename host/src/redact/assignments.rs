//! Names with a value behind `=`, `:`, `:=` or `=>`: variables, options, headers, connection strings.
//!
//! It goes from separator to separator: what stands before one is read backwards as a name, and only
//! where that name says so is the value behind looked at. So the work is linear in the text.

use super::names::{self, Class, class};
use super::quoted::quoted;
use super::span::{Replacement, Span};
use super::values::{behind_scheme, harmless};

/// Most blanks between a name and its separator.
const BLANKS: usize = 40;

/// Finds the values whose names say that they are secrets.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let width = match byte {
            b'=' => 1 + usize::from(matches!(bytes.get(i + 1), Some(b'=' | b'>'))),
            b':' if bytes.get(i + 1) == Some(&b'=') => 2,
            b':' => 1,
            // The wide colon of Chinese text.
            0xEF if text.get(i..).is_some_and(|rest| rest.starts_with('：')) => 3,
            _ => {
                i += 1;
                continue;
            }
        };
        i = value_behind(text, i, i + width, spans).unwrap_or(i + width);
    }
}

/// Judges the assignment whose separator lies in `at..behind`. Says where to go on if a value gave way.
fn value_behind(text: &str, at: usize, behind: usize, spans: &mut Vec<Span>) -> Option<usize> {
    let bytes = text.as_bytes();
    let name = Name::before(text, at)?;
    let kind = class(name.text);
    if kind == Class::Plain {
        return None;
    }
    let mut start = behind;
    while matches!(bytes.get(start), Some(b' ' | b'\t')) {
        start += 1;
    }
    // Strings of several lines, as in TOML and Python.
    for fence in ["\"\"\"", "'''"] {
        if let Some(rest) = text.get(start..).and_then(|rest| rest.strip_prefix(fence)) {
            let (from, length) = (start + fence.len(), fence_end(rest, fence));
            let content = rest.get(..length)?.trim();
            if harmless(kind, name.text, content, false) {
                return None;
            }
            spans.push(Span::marked(from, from + length));
            return Some(from + length);
        }
    }
    if let Some(found) = quoted(bytes, start, bytes.len()) {
        let content = text.get(found.start..found.end)?;
        let from = found.start + behind_scheme(content);
        if harmless(kind, name.text, content, false) {
            return None;
        }
        spans.push(Span::marked(from, found.end));
        return Some(found.next);
    }
    let header = name.is_header() && bytes.get(at) == Some(&b':');
    let end = if header { line_end(bytes, start) } else { bare_end(bytes, start) };
    let mut value = text.get(start..end)?;
    // The line ends here, in a string that writes its breaks as `\\n`.
    if value.starts_with("\\n") || value.starts_with("\\r") {
        return None;
    }
    if !header && behind_scheme(&format!("{value} ")) > 0 {
        // `authorization=Bearer abc`: the secret is the next word.
        let rest = text.get(end..)?;
        start = end + (rest.len() - rest.trim_start_matches([' ', '\t']).len());
        value = text.get(start..bare_end(bytes, start))?;
    } else if header {
        let skip = behind_scheme(value);
        start += skip;
        value = value.get(skip..)?;
    }
    let end = start + value.trim_end().len();
    // `describe` of a Secret tells sizes only.
    if value.bytes().all(|byte| byte.is_ascii_digit()) && text.get(end..)?.starts_with(" bytes") {
        return None;
    }
    if harmless(kind, name.text, value, name.in_sentence && byte_is(bytes, at, b':')) {
        return None;
    }
    // A bare value of JSON becomes a string, so that the text remains JSON.
    let put =
        if name.quoted && byte_is(bytes, at, b':') { Replacement::Quoted(name.backslashes) } else { Replacement::Mark };
    spans.push(Span { start, end, put });
    Some(end)
}

fn byte_is(bytes: &[u8], at: usize, byte: u8) -> bool {
    bytes.get(at) == Some(&byte)
}

/// A name in front of a separator.
struct Name<'a> {
    text: &'a str,
    /// It stands in double quotes, behind so many backslashes.
    quoted: bool,
    backslashes: usize,
    /// Other words stand before it on the line.
    in_sentence: bool,
}

impl<'a> Name<'a> {
    fn before(text: &'a str, at: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let back = |from: usize, most: usize, good: &dyn Fn(u8) -> bool| {
            let mut i = from;
            while i > 0 && from - i < most && good(*bytes.get(i - 1).unwrap_or(&0)) {
                i -= 1;
            }
            i
        };
        let mut end = back(at, BLANKS, &|byte| byte == b' ' || byte == b'\t');
        // `['password']` of PHP and Python.
        end = back(end, 1, &|byte| byte == b']');
        let quote = back(end, 1, &|byte| matches!(byte, b'"' | b'\'' | b'`'));
        let quoted = quote < end && bytes.get(quote) == Some(&b'"');
        let unescaped = if quote < end { back(quote, 32, &|byte| byte == b'\\') } else { quote };
        let backslashes = quote - unescaped;
        let mut start = back(unescaped, names::LONGEST, &|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
        });
        while !text.is_char_boundary(start) {
            start += 1;
        }
        let name = text.get(start..unescaped).filter(|name| !name.is_empty())?;
        let before = bytes.get(start.saturating_sub(2)..start).unwrap_or_default();
        let in_sentence = matches!(before, [word, b' '] if word.is_ascii_alphabetic() || b",.;:)".contains(word));
        Some(Self { text: name, quoted, backslashes, in_sentence })
    }

    /// A header of HTTP whose value has blanks in it.
    fn is_header(&self) -> bool {
        let lower = self.text.to_ascii_lowercase();
        lower.ends_with("authorization") || lower.ends_with("cookie")
    }
}

/// Where a string of several lines ends, or is given up.
fn fence_end(rest: &str, fence: &str) -> usize {
    let most = rest.char_indices().nth(8192).map_or(rest.len(), |(at, _)| at);
    rest.get(..most).and_then(|near| near.find(fence)).unwrap_or(most)
}

/// The end of a header: of its line, or of the quotes around it.
fn line_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'"' | b'\'' | b'`');
    start + rest.iter().take(8192).position(ends).unwrap_or(rest.len().min(8192))
}

/// The end of a value without quotes. A comma, a semicolon or an ampersand belongs to it unless blanks or
/// another name follow.
pub(super) fn bare_end(bytes: &[u8], start: usize) -> usize {
    let mut i = start;
    // Brackets that open in the value end in it: `${NAME}`.
    let mut opened = false;
    while let Some(&byte) = bytes.get(i) {
        opened |= matches!(byte, b'{' | b'(' | b'[');
        let next = bytes.get(i + 1).copied();
        let stops = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b'"' => true,
            b'\'' | b'`' => next.is_none_or(|next| next.is_ascii_whitespace() || b",)]};:".contains(&next)),
            b'\\' => matches!(next, Some(b'"' | b'\'' | b'\\')),
            b',' | b';' | b'&' => i > start && name_follows(bytes, i + 1),
            // A JSON object or list that ends, or the end of a call.
            b'}' | b')' | b']' if i > start && !opened => {
                next.is_none_or(|n| n.is_ascii_whitespace() || b",}])\"';".contains(&n))
            }
            b'<' => i > start && next == Some(b'/'),
            _ => false,
        };
        if stops {
            break;
        }
        i += 1;
    }
    i
}

/// Whether blanks, the end or `name=` follow.
fn name_follows(bytes: &[u8], from: usize) -> bool {
    let rest = bytes.get(from..).unwrap_or_default();
    match rest.first() {
        None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'"') => true,
        Some(_) => {
            let name = rest.iter().take(60).take_while(|b| b.is_ascii_alphanumeric() || b"_-. \"'".contains(b)).count();
            name > 0 && rest.first().is_some_and(|b| !b.is_ascii_digit()) && matches!(rest.get(name), Some(b'=' | b':'))
        }
    }
}
