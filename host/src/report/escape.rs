//! Puts text from outside into Markdown so that it stays text.
//!
//! Two ways: prose, where everything that means something to a Markdown or HTML reader is escaped,
//! and code, where nothing means anything and only the way out is guarded. In both, letters without
//! a shape are shown by their number (`domain/text/letters.rs`).

use crate::domain::text::{letters, one_line};

/// Whether names and prose go to a terminal or into Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// For terminals.
    Plain,
    /// For reports.
    Markdown,
}

/// No sentence in a table or list is longer than this many characters.
const LONGEST: usize = 600;

impl Style {
    /// Something that has a name: a tool, a rule, a person, a target.
    pub(super) fn name(self, text: &str) -> String {
        match self {
            Self::Plain => one_line(text, LONGEST),
            Self::Markdown => code(text),
        }
    }

    /// A sentence.
    pub(super) fn say(self, text: &str) -> String {
        match self {
            Self::Plain => one_line(text, LONGEST),
            Self::Markdown => prose(text),
        }
    }
}

/// Text in HTML, also within a quoted attribute.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

/// Prose in Markdown, on one line, safe in a table cell and at the start of a line.
fn prose(text: &str) -> String {
    let line = one_line(text, LONGEST);
    let mut out = String::with_capacity(line.len() + 16);
    let mut before = ' ';
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let after = letters.peek().copied().unwrap_or(' ');
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Between letters it is part of a name, and Markdown takes it as that.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                out.push('\\');
                out.push(letter);
            }
            // A reader would make a link of an address by itself.
            ':' if after == '/' => out.push_str("&#58;"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("&#46;"),
            '@' if after.is_alphanumeric() => out.push_str("&#64;"),
            '#' | '-' | '+' | '=' if before == ' ' => {
                out.push('\\');
                out.push(letter);
            }
            '.' | ')' if !out.is_empty() && out.bytes().all(|byte| byte.is_ascii_digit()) => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
        before = letter;
    }
    out
}

/// A code span on one line, safe in a table cell.
fn code(text: &str) -> String {
    let line = one_line(text, LONGEST).replace('|', "\\|");
    if line.is_empty() {
        return "–".into();
    }
    let ticks = "`".repeat(longest_run(&line) + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{line}{pad}{ticks}")
}

const EXCERPT_LINES: usize = 16;
const EXCERPT_BYTES: usize = 1500;

/// A fenced block with the beginning of a text. No line of the text can close it.
pub(super) fn excerpt(text: &str) -> String {
    let total = text.lines().count();
    let mut kept = String::new();
    let mut lines = 0;
    for line in text.lines().take(EXCERPT_LINES) {
        let room = EXCERPT_BYTES.saturating_sub(kept.len());
        if room == 0 {
            break;
        }
        lines += 1;
        let end = line.floor_char_boundary(room);
        kept.push_str(line.get(..end).unwrap_or_default());
        if end < line.len() {
            kept.push('…');
        }
        kept.push('\n');
    }
    if lines < total {
        kept.push_str("…\n");
    }
    fence(&kept, "text")
}

/// A fenced block.
pub(super) fn fence(text: &str, language: &str) -> String {
    let text = letters::visible(text);
    let ticks = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{ticks}{language}\n{}\n{ticks}\n", text.trim_end())
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_prose() {
        for (text, want) in [
            ("pod_name is a_b", "pod_name is a_b"),
            ("_x_ *y*", "\\_x\\_ \\*y\\*"),
            ("a | b\n| c", "a \\| b \\| c"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("![i](http://x)", "!\\[i\\](http&#58;//x)"),
            ("see www.evil.example or a@b.example", "see www&#46;evil.example or a&#64;b.example"),
            ("# heading", "\\# heading"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("a - b", "a \\- b"),
            ("abc\u{202e}def\u{7}g", "abc\\\\u{202e}def\\\\u{7}g"),
            ("```\nx", "\\`\\`\\` x"),
        ] {
            assert_eq!(prose(text), want, "{text}");
        }
    }

    #[test]
    fn code_and_fences_cannot_be_left() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a|"), "`` `a\\| ``");
        assert_eq!(code(" \n"), "–");
        assert_eq!(fence("```\n# x\n", "text"), "````text\n```\n# x\n````\n");
        assert_eq!(excerpt(&"line\n".repeat(40)).lines().count(), EXCERPT_LINES + 3);
        assert!(excerpt(&"告".repeat(5000)).len() < EXCERPT_BYTES + 30);
    }
}
