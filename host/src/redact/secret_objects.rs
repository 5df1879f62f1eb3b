//! Kubernetes Secrets inside larger texts: their values are secret whatever the names say.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use super::MARK;

/// Removes the values of Secrets in JSON, in YAML, and in JSON that stands inside a string.
pub(super) fn redact(text: &str) -> String {
    if !text.contains("Secret") {
        return text.to_string();
    }
    if text.trim_start().starts_with(['{', '['])
        && let Ok(mut value) = serde_json::from_str::<Value>(text)
    {
        return if json(&mut value) {
            serde_json::to_string_pretty(&value).unwrap_or_else(|_| MARK.to_string())
        } else {
            text.to_string()
        };
    }
    embedded(&yaml(text))
}

fn json(value: &mut Value) -> bool {
    match value {
        Value::Object(map) => {
            let mut changed = false;
            if map.get("kind").and_then(Value::as_str) == Some("Secret") {
                for key in ["data", "stringData"] {
                    if let Some(Value::Object(entries)) = map.get_mut(key) {
                        entries.values_mut().for_each(|value| *value = MARK.into());
                        changed = true;
                    }
                }
            }
            for value in map.values_mut() {
                changed |= json(value);
            }
            changed
        }
        Value::Array(items) => items.iter_mut().fold(false, |changed, item| json(item) | changed),
        Value::String(text) if text.contains("Secret") => {
            let redacted = redact(text);
            let changed = redacted != *text;
            *text = redacted;
            changed
        }
        _ => false,
    }
}

/// In YAML that mentions a Secret every value below a line `data:` goes. A ConfigMap in the same
/// list loses its values too: better than the other way round.
fn yaml(text: &str) -> String {
    if !text.lines().any(|line| line.trim_start_matches(['-', ' ']).trim_end() == "kind: Secret") {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut below: Option<(usize, Option<usize>)> = None;
    for line in text.split_inclusive('\n') {
        let depth = line.len() - line.trim_start_matches([' ', '-']).len();
        let body = line.trim();
        if let Some((level, entry)) = below
            && !body.is_empty()
        {
            if depth > level {
                let first = entry.unwrap_or(depth);
                if depth > first {
                    // A further line of a value that spans several.
                    continue;
                }
                below = Some((level, Some(first)));
                let name = body.split_once(':').map_or("", |(name, _)| name);
                out.extend([" ".repeat(depth).as_str(), name, ": ", MARK, "\n"]);
                continue;
            }
            below = None;
        }
        if body == "data:" || body == "stringData:" {
            below = Some((depth, None));
        }
        out.push_str(line);
    }
    out
}

static EMBEDDED: LazyLock<Option<(Regex, Regex)>> = LazyLock::new(|| {
    Some((
        Regex::new(r#"\\*"kind\\*"\s*:\s*\\*"Secret\\*""#).ok()?,
        Regex::new(r#"(\\*"(?:data|stringData)\\*"\s*:\s*)\{[^\n]*"#).ok()?,
    ))
});

/// The annotation `last-applied-configuration` holds the whole object as JSON in one line. What
/// follows the values on that line goes with them.
fn embedded(text: &str) -> String {
    let Some((kind, data)) = EMBEDDED.as_ref() else {
        return MARK.to_string();
    };
    if !kind.is_match(text) {
        return text.to_string();
    }
    data.replace_all(text, |found: &Captures<'_>| {
        format!("{}{{}} {MARK}", found.get(1).map_or("", |name| name.as_str()))
    })
    .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secrets_go_in_json_and_yaml() {
        let json = r#"{"items":[{"kind":"Secret","data":{"a":"eA=="}},{"kind":"ConfigMap","data":{"b":"keep"}}]}"#;
        let got = redact(json);
        assert!(!got.contains("eA==") && got.contains("keep") && got.contains(MARK), "{got}");

        let yaml =
            "apiVersion: v1\ndata:\n  user: eA==\n  file: |\n    line\n    two\nkind: Secret\nmetadata:\n  name: db\n";
        let want =
            "apiVersion: v1\ndata:\n  user: [redacted]\n  file: [redacted]\nkind: Secret\nmetadata:\n  name: db\n";
        assert_eq!(redact(yaml), want);
        assert_eq!(redact(want), want);
    }

    #[test]
    fn the_last_applied_configuration_gives_nothing_away() {
        let yaml = "metadata:\n  annotations:\n    last: |\n      {\"kind\":\"Secret\",\"data\":{\"a\":\"eA==\"}}\n";
        assert!(!redact(yaml).contains("eA=="));
        let json = r#"{"kind":"List","items":[{"metadata":{"annotations":{"l":"{\"kind\":\"Secret\",\"stringData\":{\"a\":\"x{y\"}}"}}}]}"#;
        assert!(!redact(json).contains("x{y"));
    }

    #[test]
    fn other_objects_stay_as_they_are() {
        for text in ["{\"kind\": \"ConfigMap\", \"data\": {\"Secret\": \"no\"}}", "kind: Pod\ndata:\n  a: Secret\n"] {
            assert_eq!(redact(text), text);
        }
    }
}
