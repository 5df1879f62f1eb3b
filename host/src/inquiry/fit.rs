//! Answers of a bounded size: long texts and long lists are cut in the middle of a document that stays one, and what was cut
//! is said.

use serde_json::{Map, Value, json};

use crate::domain::text::truncate;

/// Bytes of a text and items of a list that stay, looser first.
const STEPS: [(usize, usize); 6] = [(8_000, 200), (2_000, 50), (600, 25), (300, 12), (120, 6), (40, 3)];

/// What was cut.
#[derive(Default)]
struct Truncation {
    texts: usize,
    items: usize,
}

/// The value, of so many bytes at most as JSON in one line; and what was cut of it, in a sentence.
pub fn fit(value: Value, most: usize) -> (Value, Option<String>) {
    if size(&value) <= most {
        return (value, None);
    }
    for (longest, items) in STEPS {
        let mut cuts = Truncation::default();
        let less = reduced(&value, longest, items, &mut cuts);
        if size(&less) <= most {
            return (less, Some(told(&cuts, longest, items)));
        }
    }
    (json!({}), Some("the answer is too long to be given at all; ask for less of it".into()))
}

fn told(cuts: &Truncation, longest: usize, items: usize) -> String {
    let Truncation { texts, items: gone } = cuts;
    format!("cut to fit: {texts} texts to {longest} bytes each, and {gone} items from lists longer than {items}")
}

fn size(value: &Value) -> usize {
    serde_json::to_string(value).map_or(usize::MAX, |text| text.len())
}

fn reduced(value: &Value, longest: usize, most: usize, cuts: &mut Truncation) -> Value {
    match value {
        Value::String(text) if text.len() > longest => {
            cuts.texts += 1;
            Value::String(truncate(text, longest))
        }
        Value::Array(items) => {
            cuts.items += items.len().saturating_sub(most);
            Value::Array(items.iter().take(most).map(|item| reduced(item, longest, most, cuts)).collect())
        }
        Value::Object(members) => {
            let one = |(name, value): (&String, &Value)| (name.clone(), reduced(value, longest, most, cuts));
            Value::Object(members.iter().map(one).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_stays_a_document_and_says_what_is_missing() {
        let small = json!({"a": 1});
        assert_eq!(fit(small.clone(), 100), (small, None));
        let large = json!({"list": vec![json!({"text": "é".repeat(5_000)}); 400], "name": "x"});
        let (less, cut) = fit(large, 16_384);
        assert!(size(&less) <= 16_384 && less["name"] == "x", "{}", size(&less));
        let cut = cut.unwrap();
        assert!(cut.contains("items from lists longer than 25") && cut.contains("600 bytes"), "{cut}");
        let wide: Map<String, Value> = (0..10_000).map(|n| (n.to_string(), json!(n))).collect();
        assert!(fit(Value::Object(wide), 1_000).1.unwrap().contains("too long"));
    }
}
