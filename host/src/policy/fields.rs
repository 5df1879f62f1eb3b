//! Reads the map that a rule, gate or call is written as, and collects everything wrong with it.

use rhai::{Dynamic, FnPtr, Map};

use super::problem::nearest;
use super::span;

/// The fields that are left, what they belong to, and what is wrong so far.
pub(super) struct Fields {
    map: Map,
    known: Vec<&'static str>,
    /// Sentences without a place.
    pub problems: Vec<String>,
}

impl Fields {
    /// Starts reading.
    pub fn new(map: Map) -> Self {
        Self { map, known: Vec::new(), problems: Vec::new() }
    }

    /// The value of a field, which counts as known from now on.
    pub fn take(&mut self, key: &'static str) -> Option<Dynamic> {
        self.known.push(key);
        self.map.remove(key).map(Dynamic::flatten)
    }

    fn wrong<T>(&mut self, key: &str, wanted: &str, got: &Dynamic) -> Option<T> {
        self.problems.push(format!("`{key}` must be {wanted}, but it is {}", describe(got)));
        None
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        let value = self.take(key)?;
        match value.as_immutable_string_ref() {
            Ok(text) => Some(text.to_string()),
            Err(_) => self.wrong(key, "a text", &value),
        }
    }

    /// A text or a list of texts.
    pub fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let value = self.take(key)?;
        match strings(&value) {
            Some(texts) => Some(texts),
            None => self.wrong(key, "a text or a list of texts", &value),
        }
    }

    /// A truth value.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.take(key)?;
        match value.as_bool() {
            Ok(truth) => Some(truth),
            Err(_) => self.wrong(key, "true or false", &value),
        }
    }

    /// A whole number from 1.
    pub fn count(&mut self, key: &'static str) -> Option<u32> {
        let value = self.take(key)?;
        let count = value.as_int().ok().and_then(|count| u32::try_from(count).ok()).filter(|n| *n > 0);
        if count.is_some() { count } else { self.wrong(key, "a whole number from 1", &value) }
    }

    /// A length of time in milliseconds.
    pub fn span(&mut self, key: &'static str) -> Option<i64> {
        let value = self.take(key)?;
        let Ok(text) = value.as_immutable_string_ref() else {
            return self.wrong(key, "a length of time such as \"5m\"", &value);
        };
        match span::parse(&text) {
            Ok(ms) => Some(ms),
            Err(message) => {
                self.problems.push(format!("`{key}`: {message}"));
                None
            }
        }
    }

    /// A map.
    pub fn map(&mut self, key: &'static str) -> Option<Map> {
        let value = self.take(key)?;
        match value.as_map_ref() {
            Ok(map) => Some(map.clone()),
            Err(_) => self.wrong(key, "a map #{ … }", &value),
        }
    }

    /// A closure.
    pub fn closure(&mut self, key: &'static str, like: &str) -> Option<FnPtr> {
        let value = self.take(key)?;
        match value.read_lock::<FnPtr>() {
            Some(closure) => Some(closure.clone()),
            None => self.wrong(key, &format!("a closure such as {like}"), &value),
        }
    }

    /// Says what a value should have been.
    pub fn unfit(&mut self, key: &str, wanted: &str, got: &Dynamic) {
        self.wrong::<()>(key, wanted, got);
    }

    /// Complains about a field that is missing.
    pub fn missing(&mut self, key: &str, example: &str) {
        self.problems.push(format!("`{key}` is missing; add {example}"));
    }

    /// Complains about every field that nobody asked for, and returns all that is wrong.
    pub fn finish(mut self) -> Vec<String> {
        for key in self.map.keys() {
            let hint = nearest(key, self.known.iter().copied())
                .map(|near| format!("did you mean `{near}`?"))
                .unwrap_or_else(|| format!("the keys are {}", self.known.join(", ")));
            self.problems.push(format!("`{key}` is not a key here; {hint}"));
        }
        self.problems
    }
}

/// A text or a list of texts.
pub(super) fn strings(value: &Dynamic) -> Option<Vec<String>> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Some(vec![text.to_string()]);
    }
    let items = value.as_array_ref().ok()?;
    items.iter().map(|item| item.as_immutable_string_ref().ok().map(|text| text.to_string())).collect()
}

/// What a value is, for an error.
pub(super) fn describe(value: &Dynamic) -> String {
    let kind = match value.type_name() {
        "()" => return "()".into(),
        "string" => "the text",
        "i64" => "the number",
        "f64" => "the number",
        "bool" => return format!("{value}"),
        "map" => return "a map".into(),
        "array" => return "a list".into(),
        "Fn" => return "a closure".into(),
        other => return format!("a value of type {}", other.rsplit("::").next().unwrap_or(other)),
    };
    let text: String = value.to_string().chars().take(60).collect();
    format!("{kind} {text:?}")
}
