//! Texts that hold a manifest: JSON, YAML, or several documents of either.

use serde_json::Value;

/// What a text seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextForm {
    /// A word, a path, a sentence.
    Plain,
    /// Something with keys and values.
    Structured,
    /// Something with keys and values that speaks of objects in a cluster.
    Manifest,
}

/// Words that a manifest cannot do without.
const TELLING: [&str; 4] = ["namespace", "apiversion", "metadata", "kind"];

/// Judges by its looks, without reading it.
pub(super) fn looks(text: &str) -> TextForm {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    let opens = start.starts_with(['{', '[', '%', '&', '!', '?', '#']) || start.starts_with("---");
    let keyed = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).any(|line| {
        let line = line.trim();
        line.ends_with(':') || line.contains(": ") || line.contains(":\t")
    });
    if !opens && !keyed {
        return TextForm::Plain;
    }
    let lower = text.to_lowercase();
    // A backslash may write any letter of a key.
    if TELLING.iter().any(|word| lower.contains(word)) || text.contains('\\') {
        TextForm::Manifest
    } else {
        TextForm::Structured
    }
}

/// All documents of a text; an error when it cannot be read without doubt. JSON is read as YAML too,
/// because that refuses two equal keys, of which one tool takes the first and another the last.
pub(super) fn read(text: &str) -> Result<Vec<Value>, ()> {
    read_within(text, 1)
}

/// The same of a list of many objects.
pub(super) fn read_long(text: &str) -> Result<Vec<Value>, ()> {
    read_within(text, 20)
}

fn read_within(text: &str, times: usize) -> Result<Vec<Value>, ()> {
    if has_strange_marks(text) {
        return Err(());
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 50_000 * times,
            max_aliases: 0,
            max_anchors: 0,
            max_depth: 64,
            max_documents: 64,
            max_nodes: 20_000 * times,
            max_total_scalar_bytes: (1 << 20) * times,
            max_merge_keys: 0,
        },
    };
    serde_saphyr::from_multiple_with_options::<Value>(text, options).map_err(|_| ())
}

/// What two parsers may read differently: characters that are line breaks for one of them, tags
/// that turn a text into another one, and separators that cut where YAML does not.
fn has_strange_marks(text: &str) -> bool {
    let strange = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t' | '\r')) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    let lone_return = text.replace("\r\n", "").contains('\r');
    let cut = text.split('\n').any(|line| {
        line.strip_prefix("---").is_some_and(|rest| !rest.trim_end().is_empty() && !rest.starts_with([' ', '\t', '\r']))
    });
    text.chars().any(strange) || lone_return || cut || is_tagged(text)
}

/// Whether a value has a type written to it that may change it. Behind a word of the same line it is a part of a sentence,
/// for every parser.
fn is_tagged(text: &str) -> bool {
    let begins = |at: usize| {
        let line = text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
        let Some(last) = line.chars().next_back() else { return true };
        if !last.is_whitespace() {
            return matches!(last, '[' | '{' | ',' | ':');
        }
        let word = line.split_whitespace().rev().find(|word| !word.starts_with('!')).unwrap_or_default();
        let plain = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        !(plain(word.chars().next()) && plain(word.chars().next_back()))
    };
    text.contains("%TAG") || ["!!", "!<"].iter().any(|tag| text.match_indices(tag).any(|(at, _)| begins(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_in_a_sentence_is_no_type() {
        for plain in ["note: well done !!str !!binary go", "note: 'a' and !!str", "note: \"!!str x\"", "done!! really"]
        {
            assert!(!is_tagged(plain), "{plain}");
        }
        for tagged in [
            "a: !!binary c2hvcA==",
            "- !!str 5",
            "[a, !!str 5]",
            "{a: !!str 5}",
            "a:\n  !!str 5",
            "!!str 5",
            "a: ! !!str 5",
            "a: &b !!str 5",
        ] {
            assert!(is_tagged(tagged), "{tagged}");
        }
        let read = read("kind: Pod\nnote: well done !!str\n").unwrap();
        assert_eq!(read[0]["note"], "well done !!str");
    }
}
