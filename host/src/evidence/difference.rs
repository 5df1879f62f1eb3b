//! What differs between two states of one object, field by field.

use std::collections::BTreeSet;

use serde_json::Value;

use super::short;
use crate::domain::text::canonical_json;

/// Changes that are told apart; what is beyond is counted.
pub const CHANGES: usize = 40;
const DEEPEST: usize = 48;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where: `spec.template.spec.containers[web].image`.
    pub path: String,
    /// What stood there; none where nothing did.
    pub before: Option<String>,
    /// What stands there now; none where nothing does.
    pub after: Option<String>,
}

impl Change {
    /// Whether its line shows all of it.
    pub fn fits(&self) -> bool {
        let whole = |text: &String| short(text) == *text;
        whole(&self.path) && self.before.iter().all(whole) && self.after.iter().all(whole)
    }

    /// `path: before → after`, each as JSON, cut.
    pub fn line(&self) -> String {
        let side = |side: &Option<String>| side.as_ref().map_or_else(|| "–".to_string(), |text| short(text));
        format!("{}: {} → {}", short(&self.path), side(&self.before), side(&self.after))
    }
}

/// The fields that differ, in the order of their names. Lists of named things, such as containers, are
/// compared by name. At most [`CHANGES`] and one more, so that it can be seen that there are more.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    walk("", Some(before), Some(after), 0, &mut found);
    found
}

fn walk(path: &str, before: Option<&Value>, after: Option<&Value>, depth: usize, found: &mut Vec<Change>) {
    if found.len() > CHANGES || before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) if depth < DEEPEST => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                walk(&below(path, key), old.get(key), new.get(key), depth + 1, found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if depth < DEEPEST => match (named(old), named(new)) {
            (Some(old_names), Some(new_names)) => {
                let mut names = old_names.clone();
                names.extend(new_names.iter().filter(|name| !old_names.contains(name)));
                for name in names {
                    let one = |list: &'_ [Value]| list.iter().position(|item| name_of(item) == Some(name));
                    let (was, is) = (one(old).and_then(|at| old.get(at)), one(new).and_then(|at| new.get(at)));
                    walk(&format!("{path}[{}]", plain(name)), was, is, depth + 1, found);
                }
            }
            _ => {
                for at in 0..old.len().max(new.len()) {
                    walk(&format!("{path}[{at}]"), old.get(at), new.get(at), depth + 1, found);
                }
            }
        },
        (before, after) => {
            let text = |value: Option<&Value>| value.map(canonical_json);
            found.push(Change { path: path.to_string(), before: text(before), after: text(after) });
        }
    }
}

/// The path of a member. What is no plain word stands in quotes, so that no key can pass for a path.
pub(super) fn below(path: &str, key: &str) -> String {
    let word = plain(key);
    match (path.is_empty(), word.starts_with('"')) {
        (_, true) => format!("{path}[{word}]"),
        (true, false) => word,
        (false, false) => format!("{path}.{word}"),
    }
}

/// A name as it stands in a path.
pub(super) fn plain(name: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(word) { name.into() } else { Value::String(name.into()).to_string() }
}

pub(super) fn name_of(item: &Value) -> Option<&str> {
    item.get("name").and_then(Value::as_str)
}

/// The names of all items, if each has one of its own.
fn named(items: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<&str> = items.iter().map(name_of).collect::<Option<_>>()?;
    let own: BTreeSet<&&str> = names.iter().collect();
    (own.len() == names.len()).then_some(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn named_lists_are_compared_by_name() {
        let before = json!({"a": [{"name": "x", "image": "x:1"}, {"name": "y", "image": "y:1"}], "b": [1, 2], "c": 1});
        let after = json!({"a": [{"name": "y", "image": "y:2"}, {"name": "z"}], "b": [1, 3], "d": {"e": null}});
        let found: Vec<String> = changes(&before, &after).iter().map(Change::line).collect();
        let want = [
            "a[x]: {\"image\":\"x:1\",\"name\":\"x\"} → –",
            "a[y].image: \"y:1\" → \"y:2\"",
            "a[z]: – → {\"name\":\"z\"}",
            "b[1]: 2 → 3",
            "c: 1 → –",
            "d: – → {\"e\":null}",
        ];
        assert_eq!(found, want);
        let odd = changes(&json!({}), &json!({"a.b": 1, "c": [{"name": "x]."}]}));
        let odd: Vec<&str> = odd.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(odd, ["[\"a.b\"]", "c"]);
        let nested = changes(&json!({"c": [{"name": "x]."}]}), &json!({"c": [{"name": "x].", "d": {"spec.e": 1}}]}));
        assert_eq!(nested[0].path, "c[\"x].\"].d", "{nested:?}");
        assert!(changes(&before, &before).is_empty());
        let many = |by: usize| Value::Array((0..100).map(|i| json!(i * by)).collect());
        assert_eq!(changes(&many(1), &many(2)).len(), CHANGES + 1);
    }
}
