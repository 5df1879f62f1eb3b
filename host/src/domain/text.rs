//! Small pure helpers for text and JSON that come from outside.

pub mod identifier;
pub mod json;
pub mod letters;
pub mod pattern;
pub mod shorten;

use serde_json::Value;

/// JSON with sorted keys and no white space: equal values give equal text.
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (i, (key, value)) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// One line: white space is one space wherever it stands, and letters without a shape are shown by
/// their number.
pub fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::with_capacity(text.len().min(longest * 4));
    let mut space = false;
    let mut letters = 0;
    for letter in text.chars() {
        if letter.is_whitespace() && !matches!(letter, '\u{85}' | '\u{2028}' | '\u{2029}') {
            space = !line.is_empty();
            continue;
        }
        if letters >= longest {
            line.push('…');
            break;
        }
        if std::mem::take(&mut space) {
            line.push(' ');
            letters += 1;
        }
        letters::push(&mut line, letter);
        letters += 1;
    }
    line
}

/// Cuts text to at most `max` bytes on a character boundary and says how much is missing.
pub fn truncate(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_string();
    }
    let end = text.floor_char_boundary(max);
    let kept = text.get(..end).unwrap_or_default();
    format!("{kept}… ({} bytes cut)", text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_never_splits_a_character() {
        assert_eq!(truncate("告警", 4), "告… (3 bytes cut)");
        assert_eq!(truncate("abc", 3), "abc");
    }

    #[test]
    fn one_line_is_short_and_shows_what_has_no_shape() {
        for (text, line) in [
            ("abc", "abc"),
            ("abcdefgh", "abcde…"),
            ("\n a \t\n b ", "a b"),
            ("a\u{2028}b\u{85}c", "a\\u{2028}b\\u{85}c"),
            ("\u{202e}", "\\u{202e}"),
            (" \n", ""),
        ] {
            assert_eq!(one_line(text, 5), line, "{text:?}");
        }
    }
}
