//! Stops an origin whose fixes keep failing.

use std::collections::BTreeMap;

/// Failures in a row by origin.
#[derive(Debug, Default)]
pub struct Breakers(BTreeMap<String, u32>);

impl Breakers {
    /// Notes how a fix ended: a success clears the count.
    pub fn note(&mut self, key: &str, helped: bool) {
        if helped {
            self.0.remove(key);
        } else {
            *self.0.entry(key.to_string()).or_default() += 1;
        }
    }

    /// The failures in a row, if they have reached the limit.
    pub fn open(&self, key: &str, limit: u32) -> Option<u32> {
        self.0.get(key).copied().filter(|failures| limit > 0 && *failures >= limit)
    }

    /// All counts, and whether each breaker is open.
    pub fn list(&self, limit: u32) -> Vec<(String, u32, bool)> {
        let open = |failures: u32| limit > 0 && failures >= limit;
        self.0.iter().map(|(key, failures)| (key.clone(), *failures, open(*failures))).collect()
    }

    /// Forgets a count; false when there was none.
    pub fn reset(&mut self, key: &str) -> bool {
        self.0.remove(key).is_some()
    }
}
