//! YAML, and lists of names and values that are laid out like it, anywhere in a text.
//!
//! It reads lines by how far they are indented, as a person does: what stands deeper belongs to the key
//! above it. A library that reads YAML would give up at the first line that is none, and what tools print
//! begins with such lines. Anything that is no `key: value` is passed over.

use super::json;
use super::objects::{Objects, Scalar};
use super::quoted::quoted;
use super::span::Span;

/// Deepest YAML in block texts of YAML that is read.
const DEEPEST: usize = 4;
/// Longest key in bytes.
const KEY: usize = 128;

/// Reads the part of the text from `start` to `end`.
pub(super) fn read(objects: &mut Objects<'_>, start: usize, end: usize, level: usize) {
    let base = objects.depth();
    let mut reader = Reader { at: start, end, level, base, open: Vec::new() };
    while let Some(line) = reader.line(objects.text) {
        reader.at = line.next;
        reader.take(objects, line);
    }
    objects.close_to(base);
}

/// A line without its indentation and its end.
#[derive(Clone, Copy)]
struct Line {
    indent: usize,
    start: usize,
    end: usize,
    next: usize,
}

struct Reader {
    at: usize,
    end: usize,
    level: usize,
    base: usize,
    /// The columns of the mappings and lists that are open, and whether each is a list.
    open: Vec<(usize, bool)>,
}

impl Reader {
    fn line(&self, text: &str) -> Option<Line> {
        if self.at >= self.end {
            return None;
        }
        let rest = text.get(self.at..self.end)?;
        let length = rest.find('\n').unwrap_or(rest.len());
        let whole = rest.get(..length)?;
        let indent = whole.len() - whole.trim_start_matches([' ', '\t']).len();
        let end = self.at + whole.trim_end().len();
        Some(Line { indent, start: (self.at + indent).min(end.max(self.at)), end, next: self.at + length + 1 })
    }

    fn close_deeper(&mut self, objects: &mut Objects<'_>, indent: usize) {
        while self.open.last().is_some_and(|(column, _)| *column > indent) {
            self.open.pop();
            objects.close();
        }
    }

    fn close_all(&mut self, objects: &mut Objects<'_>) {
        self.open.clear();
        objects.close_to(self.base);
    }

    fn take(&mut self, objects: &mut Objects<'_>, line: Line) {
        let text = objects.text;
        let content = text.get(line.start..line.end).unwrap_or_default();
        if content.is_empty() || content.starts_with('#') {
            return;
        }
        if content.starts_with("```") || content.starts_with("---") || content.starts_with("~~~") || content == "..." {
            self.close_all(objects);
            return;
        }
        self.close_deeper(objects, line.indent);
        let (mut column, mut start) = (line.indent, line.start);
        // `- - key: value`: one list in another.
        while let Some(rest) = text.get(start..line.end).filter(|rest| rest.starts_with("- ") || *rest == "-") {
            if self.open.last() != Some(&(column, true)) {
                if self.open.len() > 64 {
                    return;
                }
                objects.open(true);
                self.open.push((column, true));
            }
            let inner = rest.get(1..).unwrap_or_default();
            let skip = 1 + inner.len() - inner.trim_start().len();
            column += skip;
            start += skip;
        }
        // A list at the column of its key ends where the next key begins.
        if start == line.start && self.open.last() == Some(&(column, true)) {
            self.open.pop();
            objects.close();
        }
        match key(text, start, line.end) {
            Some((key, value)) => {
                if self.open.last() != Some(&(column, false)) {
                    if self.open.len() > 64 {
                        return;
                    }
                    objects.open(false);
                    self.open.push((column, false));
                }
                objects.key(key.0, key.1);
                self.value(objects, column, value, line.end);
            }
            None if start > line.start => self.value(objects, line.indent, start, line.end),
            // The value of the key above, on a line of its own.
            None if objects.has_key() && self.open.last().is_some_and(|(column, _)| *column < line.indent) => {
                self.value(objects, line.indent.saturating_sub(1), line.start, line.end);
            }
            None if line.indent == 0 => self.close_all(objects),
            None => {}
        }
    }

    /// The value that begins at `start`, below a key in this column.
    fn value(&mut self, objects: &mut Objects<'_>, column: usize, start: usize, end: usize) {
        let text = objects.text;
        let start = behind_tags(text, start, end);
        let end = comment(text, start, end);
        let value = text.get(start..end).unwrap_or_default();
        if value.is_empty() {
            return;
        }
        if value.starts_with(['|', '>'])
            && value.len() <= 4
            && value.bytes().skip(1).all(|b| b"+-0123456789".contains(&b))
        {
            let body = self.at;
            let end = self.deeper(text, column, |_| true).unwrap_or(end);
            if self.level < DEEPEST && body < end {
                let level = self.level + 1;
                objects.aside(|objects| read(objects, body, end, level));
            }
            objects.scalar(Scalar { span: Span::marked(start, end), quoted: true });
            return;
        }
        if value.starts_with(['{', '[']) && !super::marked_at(text, start) {
            // Its further lines stand deeper, or are its closing bracket.
            let whole = self.deeper(text, column, |_| true).unwrap_or(end);
            let depth = objects.depth();
            json::read(objects, start, whole, 0);
            objects.close_to(depth);
            objects.no_key();
            return;
        }
        if let Some(found) =
            quoted(text.as_bytes(), start, end).filter(|found| found.backslashes == 0 && found.next >= end)
        {
            objects.scalar(Scalar { span: Span::marked(found.start, found.end), quoted: true });
            return;
        }
        let plain =
            |line: &str| !line.starts_with("- ") && !line.starts_with('#') && key(line, 0, line.len()).is_none();
        let end = self.deeper(text, column, plain).unwrap_or(end);
        objects.scalar(Scalar { span: Span::marked(start, end), quoted: false });
    }

    /// Goes over the following lines that stand deeper than a column and are `good`. Says where the last
    /// of them ends.
    fn deeper(&mut self, text: &str, column: usize, good: impl Fn(&str) -> bool) -> Option<usize> {
        let mut last = None;
        let mut after = self.at;
        while let Some(line) = (Self { at: after, open: Vec::new(), ..*self }).line(text) {
            let content = text.get(line.start..line.end).unwrap_or_default();
            after = line.next;
            if content.is_empty() {
                continue;
            }
            if line.indent <= column || content.starts_with("```") || !good(content) {
                break;
            }
            last = Some(line.end);
            self.at = line.next;
        }
        last
    }
}

/// The key that a line begins with, and where its value begins.
fn key(text: &str, start: usize, end: usize) -> Option<((usize, usize), usize)> {
    let line = text.get(start..end)?;
    let behind = |at: usize| {
        let rest = text.get(at..end)?;
        let after = rest.strip_prefix(':')?;
        let value = after.trim_start();
        (after.is_empty() || value.len() < after.len()).then_some(end - value.len())
    };
    if line.starts_with(['"', '\'']) {
        let found = quoted(text.as_bytes(), start, end)?;
        return Some(((found.start, found.end), behind(found.next)?));
    }
    if line.starts_with(['{', '[', '<', '#', '@', '|']) && !line.starts_with("<<:") {
        return None;
    }
    let colon =
        line.bytes().take(KEY).enumerate().find(|(i, byte)| {
            *byte == b':' && line.as_bytes().get(i + 1).is_none_or(|next| next.is_ascii_whitespace())
        })?;
    let name = line.get(..colon.0)?.trim_end();
    (!name.is_empty()).then(|| behind(start + colon.0).map(|value| ((start, start + name.len()), value)))?
}

/// Where the value begins behind `&anchor` and `!!tag`.
fn behind_tags(text: &str, mut start: usize, end: usize) -> usize {
    while let Some(rest) = text.get(start..end).filter(|rest| rest.starts_with(['&', '!'])) {
        let word = rest.find(char::is_whitespace);
        match word {
            Some(word) => start = end - rest.get(word..).unwrap_or_default().trim_start().len(),
            // `!secret` alone, or an anchor of what follows below.
            None if rest.starts_with("!!")
                || rest.bytes().skip(1).all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') =>
            {
                return end;
            }
            None => return start,
        }
    }
    start
}

/// Where the value ends before ` # a comment`.
fn comment(text: &str, start: usize, end: usize) -> usize {
    let value = text.get(start..end).unwrap_or_default();
    if value.starts_with('#') {
        return start;
    }
    if value.starts_with(['"', '\'']) {
        let behind = quoted(text.as_bytes(), start, end).map_or(end, |found| found.next);
        let rest = text.get(behind..end).unwrap_or_default();
        return if rest.trim_start().starts_with('#') { behind } else { end };
    }
    match value.find(" #") {
        Some(at) => start + value.get(..at).unwrap_or_default().trim_end().len(),
        None => end,
    }
}
