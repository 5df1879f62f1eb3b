//! Runs a plugin's cases on the machine that builds, with the host's part played from files.
//!
//! `UPDATE_EXPECT=1` accepts what happens now.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness for tests: what is wrong ends the test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::host::{Alert, CallError, Moment, Status};

#[cfg(feature = "notifier")]
mod notifier;
mod settings;

#[cfg(feature = "notifier")]
pub use notifier::{notification, notifier};
pub use settings::settings;

/// Runs every `testdata/<case>/` and compares what `run` makes of it with the case's `expected.json`.
pub(crate) fn cases(plugin: &Path, run: impl Fn(&Path) -> Value) {
    let folder = plugin.join("testdata");
    let mut cases = folders(&folder);
    cases.sort();
    assert!(!cases.is_empty(), "{}: no case", folder.display());
    let mut differences = String::new();
    for case in cases {
        differences.push_str(&compare(&case.join("expected.json"), &run(&case)));
    }
    assert!(differences.is_empty(), "{differences}\nUPDATE_EXPECT=1 accepts what happens now");
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

/// Nothing where the file holds what was found; else what differs.
pub(crate) fn compare(path: &Path, found: &Value) -> String {
    if updating() {
        fs::write(path, format!("{found:#}\n")).unwrap();
        return String::new();
    }
    let expected = if path.exists() { read(path) } else { Value::Null };
    if expected == *found {
        return String::new();
    }
    let (expected, found) = (format!("{expected:#}\n"), format!("{found:#}\n"));
    let difference = similar::TextDiff::from_lines(&expected, &found);
    format!("\n{}\n{}", path.display(), difference.unified_diff().context_radius(2))
}

pub(crate) fn updating() -> bool {
    std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT")
}

pub(crate) fn read(path: &Path) -> Value {
    serde_json::from_str(&read_text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn read_text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_string()
}

pub(crate) fn labels(value: &Value, key: &str) -> Vec<(String, String)> {
    let object = value[key].as_object().into_iter().flatten();
    object.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_string())).collect()
}

/// A result as `expected.json` writes it.
pub(crate) fn result<T>(result: Result<T, CallError>, ok: impl Fn(T) -> Value) -> Value {
    match result {
        Ok(value) => json!({"ok": ok(value)}),
        Err(CallError::InvalidInput(reason)) => json!({"error": {"invalid-input": reason}}),
        Err(CallError::Misconfigured(reason)) => json!({"error": {"misconfigured": reason}}),
        Err(CallError::Other(reason)) => json!({"error": {"other": reason}}),
        Err(CallError::Unavailable(retry)) => {
            json!({"error": {"unavailable": {"reason": retry.reason, "after-ms": retry.after_ms}}})
        }
    }
}

pub(crate) fn alert(value: &Value) -> Alert {
    let optional = |key: &str| value[key].as_str().map(str::to_string);
    let moment = |key: &str| match &value[key] {
        Value::Null => None,
        moment => Some(match moment["millis"].as_u64() {
            Some(millis) => Moment::Millis(millis),
            None => Moment::Text(text(moment, "text")),
        }),
    };
    Alert {
        name: text(value, "name"),
        status: if value["status"] == "firing" { Status::Firing } else { Status::Resolved },
        severity: optional("severity"),
        labels: labels(value, "labels"),
        annotations: labels(value, "annotations"),
        starts_at: moment("starts-at"),
        ends_at: moment("ends-at"),
        fingerprint: optional("fingerprint"),
        link: optional("link"),
        extra: labels(value, "extra"),
    }
}
