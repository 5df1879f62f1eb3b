//! Parts of a text that give way, and what stands there afterwards.

use super::{MARK, WITHHELD};

/// What stands where a secret stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// The common mark.
    Mark,
    /// The mark as a string of JSON, with this many backslashes before each quote: what stood there was
    /// a number, and the text shall remain JSON.
    Quoted(usize),
    /// A private key stood there.
    PrivateKey,
    /// A signed token stood there.
    Token,
    /// Something that could not be read stood there.
    Withheld,
    /// What is left of a string that was read without its escapes: the text of this number.
    Text(usize),
}

/// Bytes `start..end` of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
    pub put: Replacement,
}

impl Span {
    pub(super) fn marked(start: usize, end: usize) -> Self {
        Self { start, end, put: Replacement::Mark }
    }
}

/// The parts that give way, ordered and without overlap. What overlaps becomes one.
pub(super) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.start < span.end);
    // Of two of the same place the one that leaves nothing of it comes first.
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end), matches!(span.put, Replacement::Text(_))));
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start < last.end => {
                if span.end > last.end {
                    last.end = span.end;
                    last.put =
                        if last.put == Replacement::Withheld { Replacement::Withheld } else { Replacement::Mark };
                }
            }
            _ => out.push(span),
        }
    }
    out
}

/// The text with its spans replaced; they come out of [`merged`]. `texts` are those that [`Replacement::Text`]
/// numbers.
pub(super) fn replaced(text: &str, spans: &[Span], texts: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        out.push_str(text.get(from..span.start).unwrap_or_default());
        match span.put {
            Replacement::Mark => out.push_str(MARK),
            Replacement::Quoted(depth) => {
                let quote = format!("{}\"", "\\".repeat(depth));
                out.extend([quote.as_str(), MARK, quote.as_str()]);
            }
            Replacement::PrivateKey => out.push_str("[redacted private key]"),
            Replacement::Token => out.push_str("[redacted token]"),
            Replacement::Withheld => out.push_str(WITHHELD),
            Replacement::Text(number) => out.push_str(texts.get(number).map_or(MARK, String::as_str)),
        }
        from = span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
