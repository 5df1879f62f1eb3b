//! Runs the cases of `testdata/` without the sandbox, as the host's `tidegate plugin test` does within it.
//! `UPDATE_EXPECT=1` accepts what happens now. For tests alone: what is wrong ends the test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "it is a test harness: a panic is how it says what is wrong")]

#[cfg(feature = "notifier")]
mod bus;
#[cfg(feature = "notifier")]
mod long;
#[cfg(feature = "notifier")]
mod mail;
#[cfg(feature = "notifier")]
mod notifier;
#[cfg(any(feature = "notifier", feature = "remediation"))]
mod part;
#[cfg(feature = "remediation")]
mod remediation;
#[cfg(feature = "http")]
mod settings;
#[cfg(feature = "source")]
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

#[cfg(feature = "notifier")]
pub use long::{long_notification, long_texts};
#[cfg(feature = "notifier")]
pub use notifier::{notification, notifier};
#[cfg(all(feature = "remediation", test))]
pub(crate) use remediation::incident;
#[cfg(feature = "remediation")]
pub use remediation::remediation;
#[cfg(feature = "http")]
pub use settings::settings;
#[cfg(feature = "source")]
pub use source::source;

/// The folders of cases, in order.
///
/// # Panics
/// When there are none.
pub fn cases(plugin: &str) -> Vec<PathBuf> {
    let folder = Path::new(plugin).join("testdata");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "{} holds no case", folder.display());
    cases
}

/// A file's JSON; none where there is no file.
///
/// # Panics
/// When it is no JSON.
pub fn read(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Holds what was found against `expected.json`, or writes it there. Members that are null or empty say nothing.
///
/// # Panics
/// When they differ.
pub fn check(case: &Path, found: &Value) {
    let difference = difference(&case.join("expected.json"), &said(found), said);
    assert!(difference.is_empty(), "{difference}{ACCEPT}");
}

/// How an expectation becomes what happens.
pub const ACCEPT: &str = "UPDATE_EXPECT=1 accepts what happens now";

/// How what was found differs from a file's JSON, of which `of` is read; nothing where it does not. The file is
/// written instead where that is asked for.
pub(crate) fn difference(path: &Path, found: &Value, of: impl Fn(&Value) -> Value) -> String {
    if is_updating() {
        fs::write(path, format!("{found:#}\n")).unwrap();
        return String::new();
    }
    let expected = read(path).map(|expected| of(&expected)).unwrap_or_default();
    if expected == *found {
        return String::new();
    }
    let (expected, found) = (format!("{expected:#}\n"), format!("{found:#}\n"));
    let difference = similar::TextDiff::from_lines(&expected, &found);
    format!("\n{}\n{}", path.display(), difference.unified_diff().context_radius(2))
}

/// Whether expectations are written rather than held.
pub(crate) fn is_updating() -> bool {
    std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT")
}

/// A result without members that are null or empty; of itself nothing is left out.
pub fn said(result: &Value) -> Value {
    let members = result.as_object().into_iter().flatten();
    members.map(|(key, value)| (key.clone(), without_empty(value))).collect::<Map<_, _>>().into()
}

fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), without_empty(value)));
            Value::Object(members.filter(|(_, value)| !is_empty(value)).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_empty).collect()),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => false,
    }
}
