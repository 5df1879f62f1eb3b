//! Text in base64, such as a configuration file in an answer: a word of it is a secret if what it says holds one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::span::Span;

/// Shortest word that is read: `{"pw":"abcdef"}` has 20 letters.
const SHORTEST: usize = 20;
/// Longest word that is read.
const LONGEST: usize = 1 << 20;

/// Finds the words that hold secrets. `level` is how deep the text lies in others.
pub(super) fn find(text: &str, level: usize, spans: &mut Vec<Span>) {
    let mut at = 0;
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '='))) {
        let start = at;
        // Whatever separates two words is one letter, perhaps of several bytes.
        at += word.len();
        at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        // A name before it, as in `config=eyJ…`.
        let body = word.trim_end_matches('=');
        let skipped = body.rfind('=').map_or(0, |sign| sign + 1);
        let body = body.get(skipped..).unwrap_or_default();
        if (SHORTEST..=LONGEST).contains(&body.len()) && says_secrets(body, level) {
            spans.push(Span::marked(start + skipped, start + word.len()));
        }
    }
}

fn says_secrets(word: &str, level: usize) -> bool {
    let bytes = STANDARD_NO_PAD.decode(word).or_else(|_| URL_SAFE_NO_PAD.decode(word));
    let Some(said) = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    let readable = said.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    readable && super::changed(&said, level + 1).is_some()
}
