//! How what came differs from what was expected, for a person: lines of JSON, `-` expected and `+` found.

use serde_json::Value;
use similar::TextDiff;

/// Lines around a difference.
const AROUND: usize = 3;

/// The lines that differ, and some around them.
pub fn of(expected: &Value, found: &Value) -> String {
    let (expected, found) = (format!("{expected:#}\n"), format!("{found:#}\n"));
    let diff = TextDiff::from_lines(&expected, &found);
    let mut unified = diff.unified_diff();
    unified.context_radius(AROUND).header("expected", "found").to_string().trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;

    #[test]
    fn only_what_differs_is_shown() {
        let list: Vec<u32> = (0..100).collect();
        let expected = json!({"list": list, "name": "a"});
        let found = json!({"list": list, "name": "b"});
        let text = of(&expected, &found);
        assert!(text.starts_with("--- expected\n+++ found\n"), "{text}");
        assert!(text.contains("-  \"name\": \"a\"\n+  \"name\": \"b\""), "{text}");
        assert!(text.lines().count() < 12, "{text}");
    }
}
