//! Breaks texts and JSON, the same way for the same seed.

use serde_json::{Value, json};

/// Numbers that follow from a seed.
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or_default()
    }

    /// One of several.
    pub fn one<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

/// Pieces that readers stumble over.
const PIECES: [&str; 24] = [
    "null",
    "{}",
    "[]",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\ud83d",
    "\\u0000",
    "NaN",
    "-Infinity",
    "1e999",
    "0x1",
    "\n",
    "\u{feff}",
    "\u{202e}",
    "data: ",
    "\r\n\r\n",
    "<|channel|>",
    "'",
];

/// A text that is broken in one to four places.
pub fn text(body: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = body.chars().collect();
    for _ in 0..1 + random.below(4) {
        let at = random.below(letters.len() + 1);
        let end = (at + random.below(40)).min(letters.len());
        match random.below(7) {
            0 => letters.truncate(at),
            1 => drop(letters.drain(at..end)),
            2 => {
                let piece: Vec<char> = random.one(&PIECES).copied().unwrap_or_default().chars().collect();
                letters.splice(at..at, piece);
            }
            3 => {
                let again: Vec<char> = letters.get(at..end).unwrap_or_default().to_vec();
                letters.splice(at..at, again);
            }
            4 => {
                if let Some(letter) = letters.get_mut(at) {
                    *letter = char::from(u8::try_from(random.below(128)).unwrap_or_default());
                }
            }
            5 => letters.splice(at..at, std::iter::repeat_n('[', 1 + random.below(300))).for_each(drop),
            _ => {
                let piece: Vec<char> = random.one(&PIECES).copied().unwrap_or_default().chars().collect();
                letters.splice(at..end, piece);
            }
        }
    }
    letters.into_iter().collect()
}

/// JSON in which one place is odd.
pub fn value(value: &mut Value, random: &mut Random) {
    match value {
        Value::Object(map) if !map.is_empty() && random.below(6) > 0 => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = random.one(&keys).cloned().unwrap_or_default();
            match random.below(8) {
                0 => drop(map.remove(&key)),
                1 => {
                    if let Some(moved) = map.remove(&key) {
                        map.insert(format!("{key}\u{0}x"), moved);
                    }
                }
                2 => {
                    drop(map.insert(
                        ["messages", "tools", "action", "contents", "extra"][random.below(5)].into(),
                        odd(random),
                    ))
                }
                _ => map.get_mut(&key).into_iter().for_each(|inner| self::value(inner, random)),
            }
        }
        Value::Array(items) if !items.is_empty() && random.below(6) > 0 => {
            let at = random.below(items.len());
            match random.below(5) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, odd(random)),
                _ => items.get_mut(at).into_iter().for_each(|inner| self::value(inner, random)),
            }
        }
        other => *other = odd(random),
    }
}

fn odd(random: &mut Random) -> Value {
    match random.below(18) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!(8443),
        4 => json!(-1.5e300),
        5 => json!(u64::MAX),
        6 => json!(""),
        7 => json!("x".repeat(70_000)),
        8 => json!("a\u{0}\u{1b}[31m\u{202e}\n\r\u{fffd}"),
        9 => json!([]),
        10 => json!({}),
        11 => json!([null, 1, "a", {"b": []}]),
        12 => json!({"": null, "type": 7, "text": [], "name": {}}),
        13 => json!("object"),
        14 => (0..random.below(120)).fold(json!(1), |inner, _| json!([inner])),
        15 => (0..600).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into(),
        16 => json!("2026-13-45T99:99:99Z"),
        _ => json!("resolved"),
    }
}
