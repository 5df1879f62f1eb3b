//! The corpus of secrets and of harmless look-alikes, in `tests/data/redaction/`.
//!
//! `{m}` stands for an invented word and `{hex:32}` for 32 invented letters of an alphabet, so that the
//! files hold nothing that a scanner would take for a real token.

use serde::Deserialize;

use super::redact;

const SECRETS: &str = include_str!("../../../tests/data/redaction/secrets.jsonl");
const HARMLESS: &str = include_str!("../../../tests/data/redaction/harmless.jsonl");

#[derive(Deserialize)]
struct Line {
    kind: String,
    text: String,
}

fn lines(file: &str) -> Vec<Line> {
    file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The text with invented values, and the values.
fn filled(number: usize, text: &str) -> (String, Vec<String>) {
    let hole = regex::Regex::new(r"\{(?:m|([a-z0-9]+):(\d+))\}").unwrap();
    let (mut values, mut state) = (Vec::new(), number as u64 + 1);
    let filled = hole.replace_all(text, |found: &regex::Captures<'_>| {
        let value = match found.get(1) {
            None => format!("Zq{number:03}MaRkEr{}VaLuE", values.len()),
            Some(alphabet) => {
                let alphabet: &[u8] = match alphabet.as_str() {
                    "hex" => b"0123456789abcdef",
                    "up" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
                    "low" => b"abcdefghijklmnopqrstuvwxyz0123456789",
                    "dig" => b"0123456789",
                    "age" => b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
                    _ => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                };
                let mut one = || {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    char::from(alphabet[(state >> 33) as usize % alphabet.len()])
                };
                (0..found[2].parse::<usize>().unwrap()).map(|_| one()).collect()
            }
        };
        values.push(value.clone());
        value
    });
    (filled.into_owned(), values)
}

/// Whether a part of a value is left that says something.
fn survives(text: &str, value: &str) -> bool {
    let piece = value.len().min(8);
    value.as_bytes().windows(piece).any(|part| text.contains(std::str::from_utf8(part).unwrap()))
}

#[test]
fn no_secret_of_the_corpus_is_missed() {
    let lines = lines(SECRETS);
    assert!(lines.len() >= 220, "{}", lines.len());
    let mut missed = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let (text, values) = filled(number, &line.text);
        for (around, text) in [
            ("alone", text.clone()),
            ("in a text", format!("first line\n\n{text}\n\nlast line")),
            ("in JSON", serde_json::json!({ "log": text }).to_string()),
            ("with CRLF", text.replace('\n', "\r\n")),
        ] {
            // Lines that stand in one string with others have no place of their own any more.
            if around == "in JSON"
                && (line.kind == "keys" && line.text.contains("requirepass") || line.text.contains("chpasswd"))
            {
                continue;
            }
            let got = redact(&text);
            if values.iter().any(|value| survives(&got, value)) {
                missed.push(format!("{} {around}: {text:?}\n      -> {got:?}", line.kind));
            }
            let again = redact(&got);
            if again != got {
                missed.push(format!("{} {around}: a second time changes {got:?}\n      -> {again:?}", line.kind));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn harmless_texts_of_the_corpus_stay() {
    let lines = lines(HARMLESS);
    assert!(lines.len() >= 220, "{}", lines.len());
    let lost: Vec<String> = lines
        .iter()
        .filter(|line| redact(&line.text) != line.text)
        .map(|line| format!("{}: {:?}\n      -> {:?}", line.kind, line.text, redact(&line.text)))
        .collect();
    assert!(lost.len() * 100 < lines.len(), "{} of {} lost:\n{}", lost.len(), lines.len(), lost.join("\n"));
}
