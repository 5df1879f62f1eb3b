//! Quoted strings at any depth of escaping, read where they stand.
//!
//! JSON in a string of JSON writes its quotes as `\"`, and once more as `\\\"`. A string that opens with
//! a quote behind `n` backslashes ends at the next quote of the same kind at the same depth; what lies
//! deeper belongs to it.

/// Deepest escaping that is read: quotes behind 31 backslashes.
const DEEPEST: u32 = 5;

/// A quoted string in a text: where its content lies, and where the text goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    /// First byte of the content.
    pub start: usize,
    /// First byte behind the content.
    pub end: usize,
    /// First byte behind the closing quote.
    pub next: usize,
    /// Backslashes before each quote.
    pub backslashes: usize,
}

/// The string that opens at `at`, which is a quote or the first backslash before one. None when there is
/// no quote, or when the line ends first.
pub(super) fn quoted(bytes: &[u8], at: usize, end: usize) -> Option<Quoted> {
    let mut from = at;
    while from < end && bytes.get(from) == Some(&b'\\') {
        from += 1;
    }
    let backslashes = from - at;
    let quote = *bytes.get(from).filter(|_| from < end)?;
    let depth = (backslashes + 1).ilog2();
    if !matches!(quote, b'"' | b'\'' | b'`') || depth > DEEPEST {
        return None;
    }
    let start = from + 1;
    let (mut i, mut run) = (start, 0);
    while i < end {
        match *bytes.get(i)? {
            b'\n' => return None,
            b'\\' => run += 1,
            byte if byte == quote => {
                match closes(run, depth) {
                    Closing::Same => {
                        let content = i.saturating_sub(backslashes.min(run)).max(start);
                        return Some(Quoted { start, end: content, next: i + 1, backslashes });
                    }
                    // The string around this one ends here.
                    Closing::Outer => return Some(Quoted { start, end: i - run, next: i - run, backslashes }),
                    Closing::No => {}
                }
                run = 0;
            }
            _ => run = 0,
        }
        i += 1;
    }
    None
}

enum Closing {
    Same,
    Outer,
    No,
}

/// Whether a quote behind `run` backslashes ends a string at this depth of escaping.
fn closes(mut run: usize, depth: u32) -> Closing {
    for _ in 0..depth {
        if run.is_multiple_of(2) {
            return Closing::Outer;
        }
        run = (run - 1) / 2;
    }
    if run.is_multiple_of(2) { Closing::Same } else { Closing::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Option<&str> {
        quoted(text.as_bytes(), 0, text.len()).map(|found| &text[found.start..found.end])
    }

    #[test]
    fn strings_end_at_their_own_depth() {
        assert_eq!(content(r#""a\"b" c"#), Some(r#"a\"b"#));
        assert_eq!(content(r#""a\\" c""#), Some(r"a\\"));
        assert_eq!(content(r#"\"a\\\"b\", c"#), Some(r#"a\\\"b"#));
        assert_eq!(content(r#"\\\"a\\\" b"#), Some("a"));
        assert_eq!(content(r#"\"cut off" next"#), Some("cut off"), "the string around it ends");
        assert_eq!(content("'a\" b'"), Some("a\" b"));
        assert_eq!(content("\"open\n\""), None);
        assert_eq!(content("no"), None);
    }
}
