//! Takes secrets and invisible characters out of text before anybody stores it, shows it to a
//! person or sends it to a model.
//!
//! The rules look for secrets by their own shape (keys, tokens, certificates), by the name in front
//! of them (`password: …`) and by the Kubernetes object they stand in (`kind: Secret`). They err on
//! the side of taking too much. All of them run in time linear in the text, and redacting twice
//! gives the same as redacting once.

mod secret_objects;
mod shapes;

use crate::domain::text::letters::is_invisible;

/// What stands where a secret stood.
pub const MARK: &str = "[redacted]";

/// Removes everything that looks like a secret.
pub fn redact(text: &str) -> String {
    shapes::redact(&secret_objects::redact(text))
}

/// Removes the given values too, wherever they stand. Values of fewer than six bytes are left:
/// they would hit ordinary words.
pub fn redact_known(text: &str, known: &[String]) -> String {
    let mut text = redact(text);
    for value in known.iter().filter(|value| value.len() >= 6) {
        if text.contains(value.as_str()) {
            text = text.replace(value.as_str(), MARK);
        }
    }
    text
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
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_unseen_characters_go_and_everything_else_stays() {
        let text = "a\u{1b}[31;1mred\u{1b}[0m\tb\r\nc\u{200b}\u{e0041}\u{202e}d\u{7} 告警\rnext";
        assert_eq!(visible(text), "ared\tb\ncd 告警\nnext");
        assert_eq!(visible("\u{1b}"), "");
    }

    #[test]
    fn known_values_are_found_anywhere() {
        let known = ["s3cr3t-value".to_string(), "ab".to_string()];
        assert_eq!(redact_known("about s3cr3t-value.", &known), "about [redacted].");
    }
}
