//! What a call concerns outside of clusters: a host, an application, a repository. Tools of ticket systems, pipelines
//! and machines, and the own actions of plugins, name these by other words than a cluster does.
//!
//! Only words that name what is changed count. What tells one attempt from another (a run, a revision, a mode) is no
//! object: two attempts at one thing must not look like two things. Where no word is known, nothing is named, and the
//! call may concern whatever the tool can reach.

use serde_json::{Map, Value};

use super::vocabulary::{Role, plain, role};

/// What is changed, by the plain name of its argument without `id` or `name` at its end.
const THINGS: [&str; 42] = [
    "app",
    "application",
    "bucket",
    "cache",
    "certificate",
    "channel",
    "check",
    "component",
    "container",
    "database",
    "db",
    "device",
    "disk",
    "domain",
    "endpoint",
    "entity",
    "feature",
    "featureflag",
    "flag",
    "function",
    "host",
    "instance",
    "item",
    "machine",
    "monitor",
    "object",
    "process",
    "queue",
    "record",
    "resource",
    "serviceunit",
    "site",
    "subject",
    "switch",
    "table",
    "target",
    "topic",
    "unit",
    "vm",
    "volume",
    "website",
    "workload",
];

/// What holds things. It is the object where nothing in it is named.
const HOLDERS: [&str; 16] = [
    "account",
    "datacenter",
    "datacentre",
    "environment",
    "env",
    "fleet",
    "group",
    "organization",
    "organisation",
    "pool",
    "project",
    "region",
    "repo",
    "repository",
    "tenant",
    "zone",
];

/// The names of the objects that these arguments concern, with `*` where one that names an object is empty or of a
/// strange type.
pub(super) fn named(arguments: &Map<String, Value>) -> Vec<String> {
    let of = |words: &[&str]| {
        let named = arguments.iter().filter(|(key, value)| {
            let word = plain(key);
            !value.is_null() && !matches!(role(&word), Role::Prose | Role::Command) && is_one_of(&word, words)
        });
        named.flat_map(|(_, value)| names(value)).collect::<Vec<_>>()
    };
    let things = of(&THINGS);
    if things.is_empty() { of(&HOLDERS) } else { things }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    if word == "id" && words.contains(&"object") {
        return true;
    }
    let ends = ["", "s", "id", "ids", "name", "names"];
    ends.iter().filter_map(|end| word.strip_suffix(end)).any(|word| words.contains(&word))
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => vec![text.trim().to_string()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) if !items.is_empty() => items.iter().flat_map(names).collect(),
        _ => vec![super::ALL.to_string()],
    }
}
