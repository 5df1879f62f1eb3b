//! How often the same thing has happened in a row, by key.

use std::collections::BTreeMap;

/// Counts of what happened in a row.
#[derive(Debug, Default)]
pub struct Streaks(BTreeMap<String, u32>);

impl Streaks {
    /// It happened once more, or else something that ends the row.
    pub fn note(&mut self, key: &str, again: bool) {
        if again {
            let count = self.0.entry(key.to_string()).or_default();
            *count = count.saturating_add(1);
        } else {
            self.0.remove(key);
        }
    }

    /// How often it has happened in a row.
    pub fn count(&self, key: &str) -> u32 {
        self.0.get(key).copied().unwrap_or(0)
    }

    /// All counts in the order of their keys.
    pub fn list(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(key, count)| (key.as_str(), *count))
    }

    /// Forgets a count; false when there was none.
    pub fn reset(&mut self, key: &str) -> bool {
        self.0.remove(key).is_some()
    }
}
