//! What the beginning of a line says.

use super::super::document::Block;
use super::inline::{shown, unescaped};

/// What begins a block other than a paragraph.
pub(super) enum Marker<'a> {
    /// And what stands behind its sign.
    Quote(&'a str),
    /// One item of a list.
    Item { mark: Mark, start: Option<u64>, width: usize, behind: &'a str },
    /// A thematic break.
    Rule,
    /// Its level and its text.
    Heading(u8, &'a str),
    /// The beginning of a block of code.
    Fence(Fence),
}

/// Items with the same mark are of one list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Bullet(u8),
    /// The sign behind the number.
    Number(u8),
}

/// Indented by more, a sign is text.
const INDENTATION: usize = 3;

/// What a line begins. `within` says that it would end a paragraph, which less does.
pub(super) fn marker(line: &str, within: bool) -> Option<Marker<'_>> {
    let (indent, text) = indented(line)?;
    if let Some(behind) = quote(line) {
        return Some(Marker::Quote(behind));
    }
    if is_rule(text) {
        return Some(Marker::Rule);
    }
    heading(text).or_else(|| Fence::begin(indent, text).map(Marker::Fence)).or_else(|| item(indent, text, within))
}

/// What stands behind the sign of a quote.
pub(super) fn quote(line: &str) -> Option<&str> {
    let behind = indented(line)?.1.strip_prefix('>')?;
    Some(behind.strip_prefix(' ').unwrap_or(behind))
}

/// The level of the heading that a line makes of the paragraph above it.
pub(super) fn underline(line: &str) -> Option<u8> {
    let text = indented(line)?.1.trim_end();
    let all = |sign: u8| !text.is_empty() && text.bytes().all(|byte| byte == sign);
    if all(b'=') { Some(1) } else { all(b'-').then_some(2) }
}

fn indented(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    (indent <= INDENTATION).then_some((indent, text))
}

fn is_rule(text: &str) -> bool {
    let mut signs = text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t'));
    let Some(sign @ (b'-' | b'*' | b'_')) = signs.next() else { return false };
    signs.try_fold(1, |count, byte| (byte == sign).then_some(count + 1)).is_some_and(|count| count >= 3)
}

fn heading(text: &str) -> Option<Marker<'_>> {
    let behind = text.trim_start_matches('#');
    let level = u8::try_from(text.len() - behind.len()).ok().filter(|level| (1..=6).contains(level))?;
    if !behind.is_empty() && !behind.starts_with([' ', '\t']) {
        return None;
    }
    let words = behind.trim();
    let open = words.trim_end_matches('#');
    let closed = open.is_empty() || open.ends_with([' ', '\t']);
    Some(Marker::Heading(level, if closed { open.trim_end() } else { words }))
}

fn item(indent: usize, text: &str, within: bool) -> Option<Marker<'_>> {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.get(..text.len() - behind.len()).unwrap_or_default();
    let sign = *behind.as_bytes().first()?;
    let (mark, start) = match (sign, digits.len()) {
        (b'-' | b'*' | b'+', 0) => (Mark::Bullet(sign), None),
        (b'.' | b')', 1..=9) => (Mark::Number(sign), digits.parse().ok()),
        _ => return None,
    };
    let behind = behind.get(1..)?;
    let words = behind.trim_start_matches(' ');
    let spaces = behind.len() - words.len();
    let empty = words.trim().is_empty();
    // What stands further right would be code.
    let room = if empty || spaces > INDENTATION + 1 { 1 } else { spaces };
    let ends = (spaces == 0 && !behind.is_empty()) || (within && (empty || start.is_some_and(|start| start != 1)));
    let width = indent + digits.len() + 1 + room;
    (!ends).then(|| Marker::Item { mark, start, width, behind: behind.get(room..).unwrap_or_default() })
}

/// How a block of code has begun.
pub(super) struct Fence {
    sign: char,
    length: usize,
    indent: usize,
    language: String,
}

impl Fence {
    fn begin(indent: usize, text: &str) -> Option<Self> {
        let sign = text.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
        let behind = text.trim_start_matches(sign);
        let length = text.len() - behind.len();
        // Ticks behind it make it code within a line.
        let fits = length >= 3 && !(sign == '`' && behind.contains('`'));
        fits.then(|| Self { sign, length, indent, language: unescaped(behind.trim()) })
    }

    pub(super) fn ends(&self, line: &str) -> bool {
        let Some((_, text)) = indented(line) else { return false };
        let behind = text.trim_start_matches(self.sign);
        text.len() - behind.len() >= self.length && behind.trim().is_empty()
    }

    /// A line of the code.
    pub(super) fn unindented<'a>(&self, line: &'a str) -> &'a str {
        let spaces = line.bytes().take_while(|byte| *byte == b' ').count();
        line.get(spaces.min(self.indent)..).unwrap_or_default()
    }

    pub(super) fn block(self, text: &str) -> Block {
        Block::Code { language: self.language, text: shown(text.trim_end_matches('\n')) }
    }
}
