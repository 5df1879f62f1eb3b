//! Objects with a value that `k.set` changes, and that somebody else changes as well.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::json;

/// Generation and value by name.
#[derive(Default)]
pub struct Objects(Mutex<BTreeMap<String, (i64, i64)>>);

impl Objects {
    fn with<T>(&self, name: &str, change: impl FnOnce(&mut (i64, i64)) -> T) -> T {
        change(self.0.lock().unwrap().entry(name.into()).or_insert((1, 0)))
    }

    /// What a look shows. Of `raced…` somebody changes something whenever it is looked at.
    pub fn look(&self, name: &str) -> String {
        self.with(name, |(generation, value)| {
            *generation += i64::from(name.starts_with("raced"));
            json!({ "metadata": { "name": name, "generation": generation }, "value": value }).to_string()
        })
    }

    /// Changes the value. Of `contested…` somebody else changes something at the same time.
    pub fn set(&self, name: &str, value: i64) {
        self.with(name, |object| *object = (object.0 + 1 + i64::from(name.starts_with("contested")), value));
    }

    /// The value now.
    pub fn value(&self, name: &str) -> i64 {
        self.with(name, |(_, value)| *value)
    }
}
